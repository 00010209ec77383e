import { describe, expect, it } from '@jest/globals';
import { type LogEntry } from '@sluice/stream-log';
import { encodeBatch, encodeMessage, type PullForm } from './pull-encoder.js';

const LONGEST_ID = '18446744073709551615-18446744073709551615';

/** Reads whole, unmasked frames: text as text, binary as bytes. */
function readFrames(pieces: readonly Uint8Array[]): (string | Buffer)[] {
  const bytes = Buffer.concat(pieces);
  const frames: (string | Buffer)[] = [];
  for (let at = 0; at < bytes.length;) {
    const isText = bytes[at] === 0x81;
    const short = bytes[at + 1] as number;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    const payload = bytes.subarray(at + head, at + head + length);
    frames.push(isText ? payload.toString() : payload);
    at += head + length;
  }
  return frames;
}

const entry = (id: string, payload: string | number): LogEntry => ({
  id,
  payload: typeof payload === 'number' ? Buffer.alloc(payload, 7) : Buffer.from(payload),
});
const form = (more: Partial<PullForm> = {}): PullForm => ({ count: 1, hasHeader: true, usesStarts: false, ...more });

describe('encoded pull messages', () => {
  it('are a header and a payload for each entry', () => {
    expect(readFrames(encodeBatch([entry('1-0', 'ab'), entry('2-0', '')], 'sö"', form()))).toEqual([
      '[["sö\\"","1-0",2]]',
      Buffer.from('ab'),
      '[["sö\\"","2-0",0]]',
      Buffer.alloc(0),
    ]);
  });

  it('take up to count entries, with ends or starts', () => {
    const entries = [entry('1-0', 'a'), entry('2-0', 'bb'), entry('3-0', 'ccc')];
    expect(readFrames(encodeBatch(entries, 's', form({ count: 2 })))).toEqual([
      '[["s","1-0",1],["s","2-0",3]]',
      Buffer.from('abb'),
      '[["s","3-0",3]]',
      Buffer.from('ccc'),
    ]);
    expect(readFrames(encodeBatch(entries, 's', form({ count: 9, usesStarts: true })))[0]).toBe(
      '[["s","1-0",0],["s","2-0",1],["s","3-0",3]]',
    );
  });

  it('are payloads alone without headers', () => {
    const entries = [entry('1-0', 'a'), entry('2-0', 'b')];
    expect(readFrames(encodeBatch(entries, 's', form({ hasHeader: false })))).toEqual([
      Buffer.from('a'),
      Buffer.from('b'),
    ]);
  });

  it('of several streams count offsets over the whole message', () => {
    const parts = [
      { label: 'a', entry: entry('1-0', 'x') },
      { label: 'ü', entry: entry('5-0', 'yy') },
    ];
    expect(readFrames(encodeMessage(parts, form()))).toEqual(['[["a","1-0",1],["ü","5-0",3]]', Buffer.from('xyy')]);
  });

  it('end before they would pass 16 MiB', () => {
    const entries = [entry('1-0', 9_000_000), entry('2-0', 9_000_000), entry('3-0', 10)];
    const frames = readFrames(encodeBatch(entries, 's', form({ count: 3 })));
    expect(frames.map((frame) => (typeof frame === 'string' ? frame : frame.length))).toEqual([
      '[["s","1-0",9000000]]',
      9_000_000,
      '[["s","2-0",9000000],["s","3-0",9000010]]',
      9_000_010,
    ]);
  });

  it('hand large payloads on by reference', () => {
    const large = entry('1-0', 20_000);
    expect(encodeBatch([large], 's', form())).toContain(large.payload);
  });

  it('come back whole whatever their sizes, at the longest ids too', () => {
    for (let round = 0; round < 300; round++) {
      const sizes = Array.from({ length: 1 + Math.floor(Math.random() * 20) }, () => randomSize());
      const entries = sizes.map((size, n) =>
        entry(round % 3 === 0 ? `${LONGEST_ID}/${4294967295 - n}` : `${n + 1}-0`, size),
      );
      const count = 1 + (round % 5);
      const label = 'ö"'.repeat(round % 100);
      const frames = readFrames(encodeBatch(entries, label, form({ count, usesStarts: round % 2 === 0 })));
      const headers = frames
        .filter((frame) => typeof frame === 'string')
        .flatMap((text) => JSON.parse(text) as unknown[]);
      expect(headers).toHaveLength(entries.length);
      const bytes = Buffer.concat(frames.filter((frame) => typeof frame !== 'string'));
      expect(bytes.equals(Buffer.concat(entries.map(({ payload }) => payload)))).toBe(true);
    }
  });
});

function randomSize(): number {
  return [0, 1, 125, 126, 1000, 16_383, 16_384, 65_535, 65_536][Math.floor(Math.random() * 9)] as number;
}
