import { describe, expect, test } from '@jest/globals';
import { DEFAULT_RETENTION, UNBOUNDED, assertPolicy, plannedMaxLen, type RetentionRule } from './policy.js';

const MIB = 1024 * 1024;
const atMost = (policy: Partial<Extract<RetentionRule, { kind: 'at-most' }>>): RetentionRule => ({
  kind: 'at-most',
  maxEntries: null,
  maxAgeMs: null,
  maxBytes: null,
  ...policy,
});

describe('plannedMaxLen', () => {
  test.each<[string, number, number, RetentionRule, number]>([
    ['a slow stream keeps 1,000 entries', 1, 100, DEFAULT_RETENTION, 1_000],
    ['100 entries a second are 1,000 in ten seconds', 100, 100, DEFAULT_RETENTION, 1_000],
    ['a fast stream keeps ten seconds', 5_000, 100, DEFAULT_RETENTION, 50_000],
    ['a fast stream keeps no more than fits 64 MiB', 100_000, 128, DEFAULT_RETENTION, (64 * MIB) / 128],
    ['large entries keep no more than fits 64 MiB', 10, MIB, DEFAULT_RETENTION, 64],
    ['one entry is kept even when it does not fit', 10, 100 * MIB, DEFAULT_RETENTION, 1],
    ['an unknown size does not bound', 1, 0, DEFAULT_RETENTION, 1_000],
    ['a fixed number holds at any rate and size', 100_000, MIB, { kind: 'fixed', maxEntries: 7 }, 7],
    ['a bound of entries', 100_000, 100, atMost({ maxEntries: 20 }), 20],
    ['a bound of bytes', 100_000, 100, atMost({ maxBytes: 1_000 }), 10],
    ['the lower of two bounds', 1, 100, atMost({ maxEntries: 5, maxBytes: 1_000 }), 5],
    ['a bound of age bounds no number', 1, 100, atMost({ maxAgeMs: 1_000 }), UNBOUNDED],
    ['no bound', 1, 100, atMost({}), UNBOUNDED],
  ])('%s', (_title, ratePerSecond, averageBytes, rule, expected) => {
    expect(plannedMaxLen({ ratePerSecond, averageBytes, rule })).toBe(expected);
  });
});

describe('assertPolicy', () => {
  test.each([0, -1, 1.5, NaN, 2 ** 60])('refuses a bound of %p by name and value', (maxBytes) => {
    expect(() => assertPolicy({ maxEntries: 1, maxAgeMs: null, maxBytes })).toThrow(`maxBytes is ${maxBytes}`);
  });

  test('takes 1 and no bound', () => {
    expect(() => assertPolicy({ maxEntries: 1, maxAgeMs: null, maxBytes: null })).not.toThrow();
  });
});
