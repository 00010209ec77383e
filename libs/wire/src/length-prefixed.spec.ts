import { describe, expect, it } from '@jest/globals';
import { LengthPrefixedReader, encodeLengthPrefixed } from './length-prefixed.js';

const items = [[1, 2, 3], [], [4], Array.from({ length: 300 }, (_, index) => index & 255)].map((item) =>
  Uint8Array.from(item),
);

describe('length-prefixed items', () => {
  it('have their length before them, big-endian', () => {
    expect([...encodeLengthPrefixed([Uint8Array.of(9, 8)])]).toEqual([0, 0, 0, 2, 9, 8]);
    expect(encodeLengthPrefixed([])).toHaveLength(0);
  });

  it.each([1, 2, 3, 5, 7, 100, 1000])('are the same however they are cut (chunks of %i)', (chunkBytes) => {
    const bytes = encodeLengthPrefixed(items);
    const reader = new LengthPrefixedReader();
    const read: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += chunkBytes)
      read.push(...reader.push(bytes.subarray(at, at + chunkBytes)));
    reader.end();
    expect(read.map((item) => [...item])).toEqual(items.map((item) => [...item]));
    expect(reader.pendingBytes).toBe(0);
  });

  it('may be just as long as the limit, and not longer', () => {
    expect(new LengthPrefixedReader(3).push(encodeLengthPrefixed([Uint8Array.of(1, 2, 3)]))).toHaveLength(1);
    expect(() => new LengthPrefixedReader(2).push(encodeLengthPrefixed([Uint8Array.of(1, 2, 3)]))).toThrow(
      expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }),
    );
  });

  it('that end early are an error', () => {
    const reader = new LengthPrefixedReader();
    expect(reader.push(Uint8Array.of(0, 0, 0, 5, 1))).toEqual([]);
    expect(() => reader.end()).toThrow('ends 5 bytes into an unfinished item');
  });
});
