import { describe, expect, it } from '@jest/globals';
import { UsageError } from './exit.js';
import { parseBound, parseFrom } from './position.js';

const NOW = Date.parse('2026-01-31T12:00:00Z');

describe('where to begin', () => {
  it.each([
    ['now', '$'],
    ['$', '$'],
    ['start', '-'],
    ['-', '-'],
    ['0', '0-0'],
    ['1700000000000-3', '1700000000000-3'],
    ['1700000000000-3/2', '1700000000000-3/2'],
    ['1700000000000', '1700000000000-0'],
    ['5m', `${NOW - 300_001}-18446744073709551615`],
    ['1.5h', `${NOW - 5_400_001}-18446744073709551615`],
    ['30s ago', `${NOW - 30_001}-18446744073709551615`],
    ['2026-01-31T12:00:00Z', `${NOW - 1}-18446744073709551615`],
    ['999999d', '-'],
  ])('"%s" is %s', (text, position) => expect(parseFrom(text, NOW)).toBe(position));

  it.each(['', 'yesterday', '5x', '2026-13-45', '*', '1-2-3'])('"%s" is nowhere', (text) => {
    expect(() => parseFrom(text, NOW)).toThrow(UsageError);
  });
});

describe('bounds of a range', () => {
  it.each([
    ['start', '-'],
    ['end', '+'],
    ['now', '+'],
    ['1700000000000', '1700000000000'],
    ['1700000000000-3', '1700000000000-3'],
    ['1s', `${NOW - 1000}`],
    ['2026-01-31T12:00:00Z', `${NOW}`],
  ])('"%s" is %s', (text, bound) => expect(parseBound(text, NOW)).toBe(bound));

  it.each(['', '$', 'tomorrow'])('"%s" is none', (text) => expect(() => parseBound(text, NOW)).toThrow(UsageError));
});
