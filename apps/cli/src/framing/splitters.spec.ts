import { beforeAll, describe, expect, it } from '@jest/globals';
import { encodeLengthPrefixed } from '@sluice/wire';
import { encodePicture } from '../picture/encode.js';
import { LineSplitter } from './lines.js';
import { MjpegSplitter } from './mjpeg.js';
import { makeSplitter, type Splitter } from './splitter.js';

/** Everything a splitter makes of bytes that come in chunks of a length. */
function split(splitter: Splitter, bytes: Uint8Array, chunkBytes: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    // A chunk's memory may be used again by its maker.
    const chunk = bytes.slice(at, at + chunkBytes);
    entries.push(...splitter.push(chunk).map((entry) => entry.slice()));
    chunk.fill(0);
  }
  return [...entries, ...splitter.end()];
}

const texts = (entries: readonly Uint8Array[]): string[] => entries.map((entry) => new TextDecoder().decode(entry));

describe.each([1, 2, 3, 7, 1000])('in chunks of %i bytes', (chunkBytes) => {
  it('lines come without their ends, empty ones and the last unfinished one too', () => {
    const bytes = new TextEncoder().encode('a\nbc\r\n\nwörld\nlast');
    expect(texts(split(new LineSplitter(100), bytes, chunkBytes))).toEqual(['a', 'bc', '', 'wörld', 'last']);
  });

  it('length-prefixed entries come whole', () => {
    const items = ['a', '', 'long enough'].map((text) => new TextEncoder().encode(text));
    expect(texts(split(makeSplitter('length'), encodeLengthPrefixed(items), chunkBytes))).toEqual([
      'a',
      '',
      'long enough',
    ]);
  });
});

it('a line may be as long as the limit, and not longer', () => {
  expect(split(new LineSplitter(5), new TextEncoder().encode('12345\n'), 3)).toHaveLength(1);
  expect(() => split(new LineSplitter(5), new TextEncoder().encode('123456\n'), 3)).toThrow('longer than 5 bytes');
  expect(() => makeSplitter('length').push(Uint8Array.of(255, 255, 255, 255))).toThrow('above the limit');
});

describe('pictures of a camera', () => {
  let pictures: Uint8Array[];
  beforeAll(async () => {
    pictures = await Promise.all(
      [0, 1, 2].map((frame) => encodePicture({ height: 40, width: 60, channels: 3 }, frame)),
    );
  });

  it.each([1, 13, 500, 100_000])('come whole, whatever stands between them (chunks of %i)', (chunkBytes) => {
    const between = new TextEncoder().encode('\r\n--boundary\r\nContent-Type: image/jpeg\r\n\r\n');
    const stream = Buffer.concat(pictures.flatMap((picture) => [between, picture]));
    const found = split(new MjpegSplitter(1 << 20), stream, chunkBytes);
    expect(found.map((picture) => Buffer.from(picture).toString('hex'))).toEqual(
      pictures.map((picture) => Buffer.from(picture).toString('hex')),
    );
  });

  it('are not ended by a thumbnail inside', () => {
    const [outer, thumbnail] = pictures as [Uint8Array, Uint8Array];
    const segment = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 0]), thumbnail]);
    segment.writeUInt16BE(thumbnail.length + 2, 2);
    const picture = Buffer.concat([outer.subarray(0, 2), segment, outer.subarray(2)]);
    expect(split(new MjpegSplitter(1 << 20), Buffer.concat([picture, outer]), 64).map(({ length }) => length)).toEqual([
      picture.length,
      outer.length,
    ]);
  });

  it('are found again after rubbish that looked like a picture', () => {
    const [picture] = pictures as [Uint8Array];
    const stream = Buffer.concat([Buffer.from([0xff, 0xd8, 0x12, 0x34, 0xff]), picture, Buffer.from([0xff])]);
    expect(split(new MjpegSplitter(1 << 20), stream, 7)).toHaveLength(1);
  });

  it('are missed when the last one is cut short', () => {
    const [picture] = pictures as [Uint8Array];
    const splitter = new MjpegSplitter(1 << 20);
    expect(splitter.push(Buffer.concat([picture, picture.subarray(0, 50)]))).toHaveLength(1);
    expect(() => splitter.end()).toThrow('ends 50 bytes into an unfinished picture');
  });

  it('are bounded', () => {
    const endless = Buffer.concat([pictures[0]?.subarray(0, -2) ?? Buffer.alloc(0), Buffer.alloc(5000)]);
    expect(() => split(new MjpegSplitter(3000), endless, 100)).toThrow('longer than 3000 bytes');
    expect(split(new MjpegSplitter(1000), Buffer.alloc(100_000), 100)).toEqual([]);
  });
});
