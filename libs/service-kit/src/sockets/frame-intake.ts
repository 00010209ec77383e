import { isUtf8 } from 'node:buffer';
import { type Socket } from 'node:net';
import { type WebSocket } from 'ws';
import { BINARY, CLOSE, FIRST_CONTROL, FrameHead, TEXT } from './frame-head.js';
import { type InflateTurns } from './inflate-turns.js';
import { InflatingIntake, type Reading } from './inflating-intake.js';
import { LongFrame } from './long-frame.js';
import { readInto } from './own-reads.js';
import { type TellUnfinished } from './unfinished.js';
import { unmask, unmaskLong } from './unmask.js';

/** Longer payloads are gathered in memory of their own. */
const MAX_SHORT_BYTES = 4 * 1024;
/** Still longer ones are left to the library, which believes a length only as far as the bytes have come. */
const MAX_LONG_BYTES = 2 * 1024 * 1024;
/** So much of a long payload must be missing for reads straight into it to pay. */
const DIRECT_BYTES = 16 * 1024;
const MASK_BYTES = 4;
/** The library takes no longer messages. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** What is less than this part of a read is copied where it stays, or the whole read would stay with it. */
const COPIED_PART = 0.5;

/** What the library's receiver is to this: the stream that its socket listener writes to. */
export interface Receiver {
  write(chunk: Buffer): boolean;
  /** Set at once when a frame is broken; the error event comes a turn later. */
  readonly _errored: boolean;
  /** What has come of a frame, and the frames of a message, that are not whole. */
  _buffers: Buffer[];
  _fragments: Buffer[];
}

export type MessageListener = (data: Buffer, isBinary: boolean) => void;

/** How messages come in. */
export interface SocketIntake {
  /** The socket is read on after a pause. */
  resumed(): void;
  /** Resolves when all whole messages that were read are taken, or none will be any more. */
  drained(): Promise<void>;
  /** Takes nothing more, and forgets what has come of a message that is not whole. */
  discard(): void;
}

export interface IntakeOptions {
  /** The socket below, to choose its memory; without it what comes is only taken from the library's listener. */
  readonly raw: Socket | null;
  readonly reading: Reading;
  readonly tellUnfinished: TellUnfinished;
  readonly turns: InflateTurns;
}

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
 */
export function listenForMessages(ws: WebSocket, listener: MessageListener, options: IntakeOptions): SocketIntake {
  const { raw, reading, tellUnfinished, turns } = options;
  ws.on('message', listener as (data: unknown, isBinary: boolean) => void);
  const { _receiver: receiver } = ws as unknown as { readonly _receiver: Receiver };
  // Inflating takes turns: what stands behind a compressed frame must wait for it.
  if (ws.extensions.includes('permessage-deflate')) {
    const inflating = receiver as unknown as ConstructorParameters<typeof InflatingIntake>[0];
    return new InflatingIntake(inflating, reading, turns, tellUnfinished);
  }
  const intake = new FrameIntake(receiver, listener, tellUnfinished);
  receiver.write = (chunk) => intake.take(chunk);
  if (raw !== null) readInto(raw, { buffer: () => intake.memory(), take: (count) => intake.read(count) });
  return intake;
}

class FrameIntake implements SocketIntake {
  readonly #head = new FrameHead();
  readonly #forward: (chunk: Buffer) => boolean;
  /** Bytes of the present frame that go to the library. */
  #left = 0;
  #frameBytes = 0;
  /** What was told of the message that is not whole. */
  #toldBytes = 0;
  #isDiscarding = false;
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
    private readonly tellUnfinished: TellUnfinished,
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
    this.#tell();
    return true;
  }

  /** Takes what the socket read. False when the library wants no more for now. */
  take(chunk: Buffer): boolean {
    if (this.#isDiscarding) return true;
    const isReady = this.#takeFrames(chunk);
    this.#tell();
    return isReady;
  }

  resumed(): void {
    // Nothing waits here.
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  discard(): void {
    this.#isDiscarding = true;
    this.#long = null;
    this.#rest = null;
    this.receiver._buffers = [];
    this.receiver._fragments = [];
    this.#tell();
  }

  #tell(): void {
    const bytes = this.#unfinishedBytes();
    if (bytes === this.#toldBytes) return;
    this.#toldBytes = bytes;
    this.tellUnfinished(bytes);
  }

  /** Most bytes of the message that has begun and is not whole. */
  #unfinishedBytes(): number {
    if (this.#isDiscarding) return 0;
    if (this.#long !== null) return this.#frameBytes;
    if (this.#isFragmented) return MAX_MESSAGE_BYTES;
    return this.#left > 0 ? Math.min(this.#frameBytes, MAX_MESSAGE_BYTES) : 0;
  }

  #takeFrames(chunk: Buffer): boolean {
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
        isReady = this.#forward(apart(data, at, end));
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
    if (!this.#head.read(data, at)) return -1;
    if (!this.#head.isMasked) return this.#leaveAll(data, at);
    const { first, opcode, start, end } = this.#head;
    const length = end - start;
    const isPlain = (first & 0xf0) === 0x80 && (opcode === BINARY || opcode === TEXT) && !this.#isFragmented;
    if (isPlain && length <= MAX_SHORT_BYTES && end <= data.length && this.#deliver(data, start, end, opcode))
      return end;
    this.#frameBytes = end - at;
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

/** A part of a read, for whoever may keep it. */
function apart(data: Buffer, from: number, to: number): Buffer {
  const part = data.subarray(from, to);
  if (part.length >= data.length * COPIED_PART) return part;
  const copy = Buffer.allocUnsafeSlow(part.length);
  part.copy(copy);
  return copy;
}
