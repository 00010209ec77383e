import { expect, it } from '@jest/globals';
import { MAX_CLOSE_REASON_BYTES, closeReason } from './close-codes.js';

const bytes = (text: string): number => new TextEncoder().encode(text).length;

it('a reason that fits a close frame is left as it is', () => {
  const exact = 'a'.repeat(MAX_CLOSE_REASON_BYTES);
  expect(closeReason(exact)).toBe(exact);
  expect(closeReason('')).toBe('');
});

it('a longer one is cut at a character, never inside one', () => {
  expect(closeReason('a'.repeat(124))).toBe('a'.repeat(123));
  const cut = closeReason(`${'a'.repeat(120)}🎥🎥`);
  expect(cut).toBe('a'.repeat(120));
  expect(bytes(closeReason('ü'.repeat(100)))).toBeLessThanOrEqual(MAX_CLOSE_REASON_BYTES);
  expect(closeReason('ü'.repeat(100))).toBe('ü'.repeat(61));
});
