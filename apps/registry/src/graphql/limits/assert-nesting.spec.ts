import { describe, expect, it } from '@jest/globals';
import { assertNesting } from './assert-nesting.js';
import { MAX_NESTING } from './limits.js';

const nested = (depth: number): string => `{ a(b: ${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}) }`;

describe('levels of braces', () => {
  it('are bounded, and those just under the bound pass', () => {
    expect(() => assertNesting(nested(MAX_NESTING))).not.toThrow();
    expect(() => assertNesting(nested(MAX_NESTING + 1))).toThrow('levels of braces');
  });

  it.each([
    ['a string', `{ a(b: "${'['.repeat(500)} \\" ${'{'.repeat(500)}") }`],
    ['a block of text', `{ a(b: """${'['.repeat(500)} " """) }`],
    ['a comment', `{ a # ${'['.repeat(500)}\n }`],
    ['a string without end', `{ a(b: "${'['.repeat(500)}`],
  ])('do not count in %s', (_what, query) => {
    expect(() => assertNesting(query)).not.toThrow();
  });
});
