import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import * as library from 'ws';
import { type WebSocket } from 'ws';
import { type MessageListener, listenForMessages } from '../src/sockets/frame-intake.js';
import { InflateTurns } from '../src/sockets/inflate-turns.js';
import { unmask, unmaskByHand, unmaskLong } from '../src/sockets/unmask.js';

/** The library's parser of incoming frames; its types leave it out. */
interface LibraryReceiver extends EventEmitter {
  write(chunk: Buffer): boolean;
  readonly destroyed: boolean;
}
const { Receiver } = library as unknown as { Receiver: new (options: object) => LibraryReceiver };
const OPTIONS = { isServer: true, maxPayload: 1 << 20, allowSynchronousEvents: true, extensions: {} };

function masked(opcode: number, body: Buffer, { fin = true, rsv = 0, hasMask = true } = {}): Buffer {
  const size = body.length < 126 ? 0 : body.length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + size);
  head[0] = (fin ? 0x80 : 0) | rsv | opcode;
  head[1] = (hasMask ? 0x80 : 0) | (size === 0 ? body.length : size === 2 ? 126 : 127);
  if (size === 2) head.writeUInt16BE(body.length, 2);
  if (size === 8) head.writeUInt32BE(body.length, 6);
  if (!hasMask) return Buffer.concat([head, body]);
  const frame = Buffer.concat([head, randomBytes(4), body]);
  unmask(frame, head.length + 4, frame.length);
  return frame;
}

function listen(
  ws: object,
  listener: MessageListener,
  tellUnfinished: (bytes: number) => void = () => undefined,
): void {
  const reading = { isPaused: () => false, hold: () => undefined, goOn: () => undefined };
  const options = { raw: null, reading, tellUnfinished, turns: new InflateTurns() };
  listenForMessages(ws as WebSocket, listener, options);
}

const below = (limit: number): number => Math.floor(Math.random() * limit);
const oneOf = <T>(...values: readonly T[]): T => values[below(values.length)] as T;

function text(bytes: number): Buffer {
  return Buffer.from(oneOf('a', 'é', '\u{1f600}').repeat(bytes));
}

function randomFrames(): Buffer[] {
  const bytes = oneOf(0, 1, below(130), 4_095, 4_096, 4_097, below(70_000));
  switch (below(12)) {
    case 0:
      return [masked(9, randomBytes(below(125)))];
    case 1:
      return [masked(1, text(5), { fin: false }), masked(9, Buffer.alloc(3)), masked(0, text(bytes))];
    case 2:
      return [masked(2, randomBytes(5), { fin: false }), masked(0, randomBytes(bytes))];
    case 3:
      return below(8) === 0 ? [masked(8, Buffer.from([3, 232]))] : [];
    case 4:
      return below(8) === 0 ? [masked(1, randomBytes(20))] : [];
    case 5:
      return below(8) === 0 ? [masked(2, randomBytes(9), { hasMask: below(2) === 0, rsv: oneOf(0, 0x10, 0x40) })] : [];
    case 6:
    case 7:
      return [masked(1, text(bytes))];
    default:
      return [masked(2, randomBytes(bytes))];
  }
}

/** What a listener hears of `stream`, cut where `cuts` says. */
async function hear(stream: Buffer, cuts: readonly number[], isFast: boolean): Promise<string[]> {
  const heard: string[] = [];
  const receiver = new Receiver(OPTIONS);
  let isBroken = false;
  receiver.on('ping', (data: Buffer) => heard.push(`ping ${data.toString('base64')}`));
  receiver.on('conclude', (code: number) => heard.push(`close ${code}`));
  receiver.on('error', (error: Error & { code: string }) => {
    isBroken = true;
    // Here nobody takes the socket's listener away after a close frame, as the library does.
    if (error.code !== 'ERR_STREAM_WRITE_AFTER_END') heard.push(error.code);
  });
  const ws = Object.assign(new EventEmitter(), { extensions: '', _receiver: receiver });
  receiver.on('message', (data: Buffer, isBinary: boolean) => ws.emit('message', data, isBinary));
  const listener = (data: Buffer, isBinary: boolean): unknown => heard.push(`${isBinary} ${data.toString('base64')}`);
  if (isFast) listen(ws, listener);
  else ws.on('message', listener);
  let at = 0;
  for (const cut of cuts) {
    if (!isBroken && !receiver.destroyed) receiver.write(Buffer.from(stream.subarray(at, cut)));
    at = cut;
  }
  await new Promise(setImmediate);
  return heard;
}

describe('messages of a socket', () => {
  it('are the same as the library gives, in the same order, however frames are mixed and reads are cut', async () => {
    for (let round = 0; round < 300; round++) {
      const stream = Buffer.concat(Array.from({ length: 1 + below(15) }, randomFrames).flat());
      const cuts: number[] = [];
      for (let at = 0; at < stream.length; cuts.push(at)) {
        at = Math.min(stream.length, at + 1 + below(oneOf(3, 40, 3_000, 100_000)));
      }
      expect(await hear(stream, cuts, true)).toEqual(await hear(stream, cuts, false));
    }
  });

  it('that come whole are views of what was read', async () => {
    const chunk = Buffer.concat([masked(2, Buffer.from('one')), masked(1, Buffer.from('two'))]);
    const receiver = new Receiver(OPTIONS);
    const views: Buffer[] = [];
    const ws = Object.assign(new EventEmitter(), { extensions: '', _receiver: receiver });
    listen(ws, (data) => views.push(data));
    receiver.write(chunk);
    expect(views.map(String)).toEqual(['one', 'two']);
    for (const view of views) expect(view.buffer).toBe(chunk.buffer);
  });

  it.each([
    ['a frame', [masked(2, randomBytes(100_000)).subarray(0, 60_000)], [100_014]],
    ['a frame for the library', [masked(1, text(100_000)).subarray(0, 60_000)], null],
    ['frames', [masked(2, randomBytes(10), { fin: false }), masked(0, randomBytes(10))], [16 * 1024 * 1024, 0]],
  ])('of which %s has not come whole are told with what they may take', (_title, reads, expected) => {
    const receiver = new Receiver(OPTIONS);
    const ws = Object.assign(new EventEmitter(), { extensions: '', _receiver: receiver });
    const told: number[] = [];
    listen(
      ws,
      () => undefined,
      (bytes) => told.push(bytes),
    );
    for (const read of reads) receiver.write(Buffer.from(read));
    if (expected === null) expect(told[0]).toBeGreaterThan(100_000);
    else expect(told).toEqual(expected);
  });
});

describe('unmasking', () => {
  it.each([0, 1, 2, 3, 4, 5, 8, 1_001])(
    'of %d bytes is undone by masking, and tells ASCII from other bytes',
    (length) => {
      const bytes = Buffer.concat([Buffer.from('mask'), Buffer.alloc(length, 'a')]);
      unmask(bytes, 4, bytes.length);
      expect(bytes.subarray(4).includes(0x61)).toBe(false);
      expect(unmask(bytes, 4, bytes.length)).toBeLessThan(128);
      expect(bytes.toString()).toBe(`mask${'a'.repeat(length)}`);
      if (length === 0) return;
      bytes[bytes.length - 1] = 0xe9;
      unmask(bytes, 4, bytes.length);
      expect(unmask(bytes, 4, bytes.length)).toBeGreaterThanOrEqual(128);
    },
  );

  it.each([0, 1, 2, 3, 4, 5, 10_007])(
    'long payloads of %i bytes are unmasked alike, with bufferutil and without',
    (bytes) => {
      const mask = randomBytes(4);
      const sent = randomBytes(bytes);
      const plain = Buffer.from(sent.map((byte, at) => byte ^ (mask[at % 4] as number)));
      for (const way of [unmaskLong, unmaskByHand]) {
        const data = Buffer.from(sent);
        way(data, mask);
        expect(data).toEqual(plain);
      }
      const untouched = Buffer.from(sent);
      unmaskLong(untouched, Buffer.alloc(4));
      expect(untouched).toEqual(sent);
    },
  );
});
