import { describe, expect, test } from '@jest/globals';
import { canMatch, globMatcher } from './glob.js';

describe('globMatcher', () => {
  test.each([
    ['*', '', true],
    ['*', 'cam1:video', true],
    ['cam*:video', 'cam12:video', true],
    ['cam*:video', 'cam12:audio', false],
    ['cam?:*', 'cam1:x', true],
    ['cam?:*', 'cam12:x', false],
    ['cam[123]', 'cam2', true],
    ['cam[123]', 'cam4', false],
    ['cam[1-3]', 'cam2', true],
    ['cam[3-1]', 'cam2', true],
    ['cam[^1-3]', 'cam2', false],
    ['cam[^1-3]', 'cam4', true],
    ['cam\\*', 'cam*', true],
    ['cam\\*', 'cam1', false],
    ['[\\]]', ']', true],
    ['[a-]', '-', true],
    ['a**b', 'ab', true],
    ['*a*b*c', 'xxaxxbxxc', true],
    ['*a*b*c', 'xxaxxbxx', false],
    ['', '', true],
    ['', 'a', false],
    ['é?', 'é😀', true],
  ])('%j on %j: %s', (pattern, name, expected) => {
    expect(globMatcher(pattern)(name)).toBe(expected);
  });

  test('takes bounded time for a pattern made to be slow', () => {
    const isMatch = globMatcher('*a'.repeat(50) + '*b');
    expect(isMatch('a'.repeat(512))).toBe(false);
  });
});

test.each([
  ['[', false],
  ['a[]b', false],
  ['*[', false],
  ['\\[', true],
  ['[^', true],
  ['[^]', true],
  ['[a', true],
  ['[[]', true],
  ['\\', true],
  ['', true],
])('knows whether any name can match %s', (pattern, expected) => {
  expect(canMatch(pattern)).toBe(expected);
});
