import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { type Reply, RespParser } from './parser.js';
import { ReadMemory } from './read-memory.js';

/** Reads bytes as a socket would that has so many ready for each read; the replies, and how many reads went straight into one. */
function read(bytes: Buffer, readyBytes: number): { replies: Reply[]; largest: number } {
  const replies: Reply[] = [];
  const memory = new ReadMemory(
    new RespParser(
      (reply) => replies.push(reply),
      () => undefined,
    ),
  );
  let largest = 0;
  for (let at = 0; at < bytes.length;) {
    const target = memory.buffer();
    largest = Math.max(largest, target.length);
    const count = bytes.copy(target, 0, at, Math.min(bytes.length, at + readyBytes));
    memory.take(count);
    at += count;
  }
  return { replies, largest };
}

const bulk = (bytes: number, fill: number): Buffer =>
  Buffer.concat([Buffer.from(`$${bytes}\r\n`), Buffer.alloc(bytes, fill), Buffer.from('\r\n')]);

describe('memory of a connection', () => {
  const sizes = [0, 5, 1000, 20_000, 70_000, 16_384, 1_000_000, 3];
  const bytes = Buffer.concat(sizes.map((size, at) => bulk(size, at + 1)));

  it.each([1, 7, 1000, 16_384, 65_536, 262_144, 10_000_000])('keeps every reply whole, by reads of %i', (ready) => {
    const { replies } = read(ready === 1 ? bytes.subarray(0, 100_000) : bytes, ready);
    const got = replies.map((reply) => [(reply as Buffer).length, ...new Set(reply as Buffer)]);
    const wanted = sizes.map((size, at) => (size === 0 ? [0] : [size, at + 1]));
    expect(got).toEqual(wanted.slice(0, got.length));
    expect(got.length).toBeGreaterThan(3);
  });

  it('reads a long string straight into its own memory', () => {
    expect(read(bytes, 65_536).largest).toBeGreaterThan(900_000);
  });

  it('holds no more for a short reply than its bytes', () => {
    const { replies } = read(bulk(5000, 1), 10_000);
    expect((replies[0] as Buffer).buffer.byteLength).toBeLessThan(2 * 8192);
  });
});
