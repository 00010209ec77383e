import { describe, expect, test } from '@jest/globals';
import { SluiceError } from '@sluice/contracts';
import {
  assertClusterName,
  canShareSlot,
  companionKeys,
  hashSlot,
  idempotencyField,
  isOwnKey,
  retentionKey,
} from './keys.js';

describe('hashSlot', () => {
  test.each([
    ['123456789', 0x31c3],
    ['foo', 12_182],
    ['bar', 5_061],
    ['', 0],
    ['{user1000}.following', 3_443],
    ['user1000', 3_443],
    ['a', 15_495],
    ['b', 3_300],
  ])('of %j is %i', (key, slot) => {
    expect(hashSlot(key)).toBe(slot);
  });

  test('hashes the first tag in braces only', () => {
    expect(hashSlot('foo{{bar}}zap')).toBe(hashSlot('x{{bar}y'));
    expect(hashSlot('foo{bar}{zap}')).toBe(hashSlot('bar'));
  });

  test('hashes the whole key when the braces are empty or do not close', () => {
    expect(hashSlot('foo{}{bar}')).not.toBe(hashSlot('bar'));
    expect(hashSlot('foo{bar')).not.toBe(hashSlot('bar'));
  });
});

describe('companion keys', () => {
  const keys = ['default:a', 'cam1:{left}:b', '{t}', 'a{b', 'a{{b}c', 'дом:камера', 'a{}{b}', ':x'];

  test.each(keys.filter(canShareSlot))('of %j share its slot', (key) => {
    for (const companion of companionKeys(key)) expect(hashSlot(companion)).toBe(hashSlot(key));
  });

  test.each(['a}b', '{}x', 'a}b{c', 'a{}{b}'])('of %j cannot share its slot: refused on a cluster', (key) => {
    expect(() => assertClusterName(key)).toThrow(SluiceError);
    expect(() => assertClusterName(key)).toThrow(key);
  });

  test('of different streams are different', () => {
    const streams = ['a', '{a}', '{a}:{a}', 'a}:{a', 'a}', '{a', ':{a}', '{a}:a', '{}a', ':a', '{{a}}', '{a}}'];
    const companions = streams.map(retentionKey);
    expect(new Set(companions).size).toBe(streams.length);
  });

  test('are our own, and streams are not', () => {
    expect(companionKeys('default:a').every(isOwnKey)).toBe(true);
    expect(isOwnKey('default:sluice:a')).toBe(false);
  });

  test('hold no idempotency key as it was given', () => {
    expect(idempotencyField('order {7}')).toMatch(/^[0-9a-f]{64}$/);
  });
});
