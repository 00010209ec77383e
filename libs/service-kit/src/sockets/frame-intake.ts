import { isUtf8 } from 'node:buffer';
import { type Socket } from 'node:net';
import { type WebSocket } from 'ws';
import { LongFrame } from './long-frame.js';
import { readInto } from './own-reads.js';
import { unmask, unmaskLong } from './unmask.js';

/** Longer payloads are gathered in memory of their own. */
const MAX_SHORT_BYTES = 4 * 1024;
/** Still longer ones are left to the library, which believes a length only as far as the bytes have come. */
const MAX_LONG_BYTES = 2 * 1024 * 1024;
/** So much of a long payload must be missing for reads straight into it to pay. */
const DIRECT_BYTES = 16 * 1024;
const MASK_BYTES = 4;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const FIRST_CONTROL = 8;

/** What the library's receiver is to this: the stream that its socket listener writes to. */
interface Receiver {
  write(chunk: Buffer): boolean;
  /** Set at once when a frame is broken; the error event comes a turn later. */
  readonly _errored: boolean;
}

export type MessageListener = (data: Buffer, isBinary: boolean) => void;

/**
 * All sockets read into the same memory, and what came is copied out at once: cheaper than memory for each read, and an idle
 * socket holds none.
 */
const shared = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * Hands over the messages of a WebSocket. Whole small data frames are taken out of what the socket read and given as views of
 * it, unmasked in place, at a third of the library's cost; long binary ones are read straight into their own memory.
 * Everything else (control frames, fragments, long texts, small frames that two reads share, broken ones) goes to the library
 * as it came and in its order, so that it keeps all of its duties.
 * @param raw the socket below, to choose its memory; without it what comes is only taken from the library's listener
 */
export function listenForMessages(ws: WebSocket, listener: MessageListener, raw: Socket | null = null): void {
  ws.on('message', listener as (data: unknown, isBinary: boolean) => void);
  // Inflating takes turns: what stands behind a compressed frame must wait for it.
  if (ws.extensions.includes('permessage-deflate')) return;
  const { _receiver: receiver } = ws as unknown as { readonly _receiver: Receiver };
  const intake = new FrameIntake(receiver, listener);
  receiver.write = (chunk) => intake.take(chunk);
  if (raw !== null) readInto(raw, { buffer: () => intake.memory(), take: (count) => intake.read(count) });
}

class FrameIntake {
  readonly #forward: (chunk: Buffer) => boolean;
  /** Bytes of the present frame that go to the library. */
  #left = 0;
  /** The library puts a message of several frames together. */
  #isFragmented = false;
  /** A close frame came, or a frame that is broken for certain. */
  #isOver = false;
  /** The beginning of a frame's head. */
  #rest: Buffer | null = null;
  #long: LongFrame | null = null;
  /** The last memory handed out was the long frame's. */
  #isDirect = false;

  constructor(
    private readonly receiver: Receiver,
    private readonly listener: MessageListener,
  ) {
    this.#forward = receiver.write.bind(receiver);
  }

  /** Where the socket is to read to. */
  memory(): Buffer {
    const missing = this.#long?.missing;
    this.#isDirect = missing !== undefined && missing.length >= DIRECT_BYTES;
    return missing !== undefined && this.#isDirect ? missing : shared;
  }

  /** So many bytes were read to there. False when the library wants no more for now. */
  read(count: number): boolean {
    if (!this.#isDirect || this.#long === null) return this.take(Buffer.from(shared.subarray(0, count)));
    this.#long.filled(count);
    if (this.#long.isWhole) this.#deliverLong(this.#long);
    return true;
  }

  /** Takes what the socket read. False when the library wants no more for now. */
  take(chunk: Buffer): boolean {
    const data = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    let isReady = true;
    let at = 0;
    while (at < data.length) {
      if (this.receiver._errored) return true;
      if (this.#long !== null) {
        at = this.#long.fill(data, at);
        if (this.#long.isWhole) this.#deliverLong(this.#long);
        continue;
      }
      if (this.#left > 0) {
        const end = Math.min(data.length, at + this.#left);
        this.#left -= end - at;
        isReady = this.#forward(data.subarray(at, end));
        at = end;
        continue;
      }
      if (this.#isOver) return isReady;
      const next = this.#readFrame(data, at);
      if (next < 0) {
        this.#rest = Buffer.from(data.subarray(at));
        return isReady;
      }
      at = next;
    }
    return isReady;
  }

  /** Takes the frame at `at`, or leaves it to the library; where to go on, or -1 when its head is not all there. */
  #readFrame(data: Buffer, at: number): number {
    if (data.length - at < 2) return -1;
    const first = data[at] as number;
    const second = data[at + 1] as number;
    const short = second & 127;
    const start = at + 2 + (short < 126 ? 0 : short === 126 ? 2 : 8) + MASK_BYTES;
    if (second < 128) return this.#leaveAll(data, at);
    if (data.length < start) return -1;
    const length = short < 126 ? short : short === 126 ? data.readUInt16BE(at + 2) : readUint64(data, at + 2);
    const opcode = first & 15;
    const end = start + length;
    const isPlain = (first & 0xf0) === 0x80 && (opcode === BINARY || opcode === TEXT) && !this.#isFragmented;
    if (isPlain && length <= MAX_SHORT_BYTES && end <= data.length && this.#deliver(data, start, end, opcode))
      return end;
    if (isPlain && opcode === BINARY && length > MAX_SHORT_BYTES && length <= MAX_LONG_BYTES) {
      return this.#beginLong(data, start, length);
    }
    if (opcode < FIRST_CONTROL) this.#isFragmented = first < 128;
    this.#isOver = opcode === CLOSE;
    this.#left = end - at;
    return at;
  }

  /** A long binary frame: delivered when all of it is there, else gathered. */
  #beginLong(data: Buffer, start: number, length: number): number {
    const mask = data.subarray(start - MASK_BYTES, start);
    const end = start + length;
    if (end > data.length) {
      this.#long = new LongFrame(length, mask);
      return start;
    }
    const payload = data.subarray(start, end);
    unmaskLong(payload, mask);
    this.listener(payload, true);
    return end;
  }

  /** A frame that is not masked is an error, whatever follows it. */
  #leaveAll(data: Buffer, at: number): number {
    this.#isOver = true;
    this.#left = data.length - at;
    return at;
  }

  #deliverLong(frame: LongFrame): void {
    this.#long = null;
    this.listener(frame.unmasked(), true);
  }

  /** False when a text is not UTF-8: it is left as it came, for the library to refuse it. */
  #deliver(data: Buffer, start: number, end: number, opcode: number): boolean {
    const seen = unmask(data, start, end);
    const payload = data.subarray(start, end);
    if (opcode === TEXT && seen >= 128 && !isUtf8(payload)) {
      unmask(data, start, end);
      return false;
    }
    this.listener(payload, opcode === BINARY);
    return true;
  }
}

function readUint64(data: Buffer, at: number): number {
  return data.readUInt32BE(at) * 0x1_0000_0000 + data.readUInt32BE(at + 4);
}
