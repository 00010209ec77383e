import { type Receiver, type SocketIntake } from './frame-intake.js';
import { CLOSE, FIRST_CONTROL, FrameHead } from './frame-head.js';
import { type InflateTurns, type Turn } from './inflate-turns.js';
import { type TellUnfinished } from './unfinished.js';

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Deflate makes of one byte at most so many. */
const MAX_RATIO = 1032;
/** A message of several frames: what was inflated of it, and a frame that has not come whole. */
const FRAGMENTED_BYTES = 2 * MAX_MESSAGE_BYTES;
const COMPRESSED = 0x40;

/** The library's receiver where frames are compressed. */
interface InflatingReceiver extends Receiver {
  readonly writableEnded: boolean;
  write(chunk: Buffer, told?: (error?: Error | null) => void): boolean;
  listeners(event: 'drain'): unknown[];
  removeListener(event: 'drain', listener: () => void): unknown;
}

/** The reading half of a socket. */
export interface Reading {
  /** Whether no more messages are wanted for now. */
  isPaused(): boolean;
  hold(): void;
  goOn(): void;
}

/**
 * Gives frames of a compressed socket to the library one at a time: the next one when the former is inflated, its message is
 * taken, and there is room for what it may come to. The library alone inflates all that one read brought, which may be a
 * thousand times as much, and does not stop when the socket is paused.
 */
export class InflatingIntake implements SocketIntake {
  readonly #head = new FrameHead();
  readonly #forward: InflatingReceiver['write'];
  /** What was read and is not given to the library yet. */
  #queue: Buffer | null = null;
  /** Bytes of the present frame that are still to be given. */
  #left = 0;
  #frameBytes = 0;
  #opcode = 0;
  #isCompressed = false;
  #isFragmented = false;
  #isOver = false;
  /** A frame waits for its turn or is being inflated. */
  #isBusy = false;
  #turn: Turn | null = null;
  #giveUp: (() => void) | null = null;
  #whenDrained: (() => void) | null = null;

  constructor(
    private readonly receiver: InflatingReceiver,
    private readonly reading: Reading,
    private readonly turns: InflateTurns,
    private readonly tellUnfinished: TellUnfinished,
  ) {
    this.#forward = receiver.write.bind(receiver);
    receiver.write = (chunk) => this.#take(chunk);
    // The library would read on although something still waits here.
    for (const listener of receiver.listeners('drain')) receiver.removeListener('drain', listener as () => void);
  }

  resumed(): void {
    this.#leaveTurn();
    if (!this.#isBusy) this.#pump();
    if (this.#isBusy) this.reading.hold();
    else if (!this.reading.isPaused()) this.reading.goOn();
  }

  async drained(): Promise<void> {
    if (this.#isOver || !(this.#isBusy || this.reading.isPaused())) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenDrained = resolve;
    await promise;
  }

  discard(): void {
    this.#isOver = true;
    this.#queue = null;
    this.#giveUp?.();
    this.#leaveTurn();
    this.tellUnfinished(0);
    this.#whenDrained?.();
  }

  /** False when the socket is not to be read on for now. */
  #take(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    this.#queue = this.#queue === null ? chunk : Buffer.concat([this.#queue, chunk]);
    if (!this.#isBusy) this.#pump();
    return !this.#isBusy;
  }

  /** Gives what can be given. */
  #pump(): void {
    while (this.#queue !== null && !this.#isBusy && !this.reading.isPaused()) {
      if (this.#isOver || this.receiver._errored || this.receiver.writableEnded) {
        this.discard();
        return;
      }
      if (this.#left === 0 && !this.#readHead(this.#queue)) break;
      this.#givePart(this.#queue);
    }
    if (this.#isBusy) return;
    this.tellUnfinished(this.#unfinishedBytes());
    if (!this.reading.isPaused()) this.#whenDrained?.();
  }

  #unfinishedBytes(): number {
    if (this.#isFragmented) return FRAGMENTED_BYTES;
    return this.#left > 0 ? Math.min(this.#frameBytes, MAX_MESSAGE_BYTES) : 0;
  }

  /** False when the head is not all there. */
  #readHead(data: Buffer): boolean {
    const head = this.#head;
    if (!head.read(data, 0)) return false;
    if (!head.isMasked) {
      this.#left = data.length;
      this.#opcode = CLOSE;
      return true;
    }
    this.#left = head.end;
    this.#frameBytes = head.end;
    this.#opcode = head.opcode;
    if (head.opcode >= FIRST_CONTROL) return true;
    if (head.opcode !== 0) this.#isCompressed = (head.first & COMPRESSED) !== 0;
    this.#isFragmented = head.first < 128;
    return true;
  }

  #givePart(data: Buffer): void {
    const part = data.subarray(0, this.#left);
    this.#queue = part.length === data.length ? null : data.subarray(part.length);
    this.#left -= part.length;
    if (this.#left > 0 || this.#opcode >= FIRST_CONTROL) {
      this.#forward(part);
      // Nothing counts that comes after a close frame.
      if (this.#left === 0 && this.#opcode === CLOSE) this.discard();
      return;
    }
    this.#isBusy = true;
    const mostBytes = this.#isCompressed ? Math.min(MAX_MESSAGE_BYTES, this.#frameBytes * MAX_RATIO) : 0;
    this.#giveUp = this.turns.enter(mostBytes, (turn) => {
      this.#turn = turn;
      this.#forward(part, (error) => this.#given(error instanceof Error));
    });
  }

  /** A frame is inflated, and its message taken if it was the last one of it. */
  #given(hasFailed: boolean): void {
    this.#isBusy = false;
    if (hasFailed || this.#isOver) {
      this.discard();
      return;
    }
    if (this.reading.isPaused()) this.#turn?.leaveLater();
    else this.resumed();
  }

  #leaveTurn(): void {
    this.#turn?.leave();
    this.#turn = null;
  }
}
