import { type Socket } from 'node:net';
import { type WebSocket } from 'ws';
import { readFrames } from './frames.js';
import { takeSlab } from './slab.js';
import { type TurnMember, joinTurn } from './turn.js';

/** Pieces below this size are copied together; larger ones are written where they lie. */
const COPY_BELOW_BYTES = 16 * 1024;
const OPEN = 1;

/**
 * Sends encoded server frames over the raw socket of a WebSocket: everything of one event-loop turn leaves in one
 * write. Pieces are only read, so the same ones may go to any number of sockets. Frames are never split between
 * `write` calls: what the `ws` library itself sends (pings, close) stands between whole frames.
 */
export class FrameWriter implements TurnMember {
  readonly #raw: Socket;
  readonly #ws: WebSocket;
  readonly #isCompressed: boolean;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #onDrain: (() => void) | null = null;
  #isInTurn = false;
  #wasDrained = true;

  constructor(raw: Socket, ws: WebSocket) {
    this.#raw = raw;
    this.#ws = ws;
    this.#isCompressed = ws.extensions.includes('permessage-deflate');
    raw.on('drain', () => {
      this.#tellDrained();
    });
  }

  /** Queues whole frames until the end of the turn. Ignored once the socket is closing. */
  write(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#queue.push(piece);
      this.#queuedBytes += piece.length;
    }
    this.#join();
  }

  /** Bytes queued or given to the socket that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.#queuedBytes + (this.#isCompressed ? this.#ws.bufferedAmount : this.#raw.writableLength);
  }

  /** Sets who is told each time everything that was written has been taken. */
  onDrain(callback: () => void): void {
    this.#onDrain = callback;
  }

  endTurn(): void {
    this.#isInTurn = false;
    this.flush();
    if (!this.#wasDrained && !this.#raw.writableNeedDrain && !this.#isCompressed) this.#tellDrained();
  }

  /** Hands everything queued to the socket now. */
  flush(): void {
    if (this.#queue.length === 0) return;
    const pieces = this.#queue;
    const bytes = this.#queuedBytes;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (this.#ws.readyState !== OPEN || this.#raw.destroyed) return;
    this.#wasDrained = false;
    if (this.#isCompressed) this.#sendCompressed(pieces);
    else if (pieces.length === 1) this.#raw.write(pieces[0] as Uint8Array);
    else this.#writeTogether(pieces, bytes);
  }

  #join(): void {
    if (this.#isInTurn) return;
    this.#isInTurn = true;
    joinTurn(this);
  }

  #writeTogether(pieces: readonly Uint8Array[], bytes: number): void {
    if (bytes < COPY_BELOW_BYTES) {
      this.#raw.write(gather(pieces, 0, pieces.length, bytes));
      return;
    }
    this.#raw.cork();
    let first = 0;
    let smallBytes = 0;
    for (const [at, piece] of pieces.entries()) {
      if (piece.length < COPY_BELOW_BYTES) {
        smallBytes += piece.length;
        continue;
      }
      if (first < at) this.#raw.write(gather(pieces, first, at, smallBytes));
      this.#raw.write(piece);
      first = at + 1;
      smallBytes = 0;
    }
    if (first < pieces.length) this.#raw.write(gather(pieces, first, pieces.length, smallBytes));
    this.#raw.uncork();
  }

  #sendCompressed(pieces: readonly Uint8Array[]): void {
    const messages = readFrames(pieces);
    for (const [at, { isText, isLast: fin, payload }] of messages.entries()) {
      const isLast = at === messages.length - 1;
      const told = isLast ? () => this.#afterCompressed() : undefined;
      this.#ws.send(payload, { binary: !isText, compress: true, fin }, told);
    }
  }

  #afterCompressed(): void {
    if (this.#ws.bufferedAmount === 0) this.#tellDrained();
  }

  #tellDrained(): void {
    if (this.#queuedBytes > 0) return;
    this.#wasDrained = true;
    this.#onDrain?.();
  }
}

/** The pieces from `from` to `to` as one: the piece itself when there is one. */
function gather(pieces: readonly Uint8Array[], from: number, to: number, bytes: number): Uint8Array {
  if (to - from === 1) return pieces[from] as Uint8Array;
  const together = takeSlab(bytes);
  let offset = 0;
  for (let at = from; at < to; at++) {
    const piece = pieces[at] as Uint8Array;
    together.set(piece, offset);
    offset += piece.length;
  }
  return together;
}
