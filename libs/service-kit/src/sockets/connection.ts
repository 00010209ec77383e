import { type Socket } from 'node:net';
import { type WebSocket } from 'ws';
import { type MessageListener, listenForMessages } from './frame-intake.js';
import { FrameWriter } from './frame-writer.js';
import { PongWriter } from './pong-writer.js';

/** Longest wait for what a socket has in flight before its close frame goes out. */
const SETTLE_TIMEOUT_MS = 2000;
const MAX_REASON_BYTES = 123;
const OPEN = 1;
const CLOSING = 2;

/** Why the library itself refuses what came in: it sends the code alone. */
const LIBRARY_REASONS: Readonly<Record<number, string>> = {
  1002: 'the frame breaks the WebSocket protocol',
  1007: 'a text frame is not valid UTF-8',
  1009: 'MESSAGE_TOO_LARGE: the message passes the limit of 16 MiB',
};

/** One accepted WebSocket: `ws` for what comes in and `writer` for what goes out. */
export class Connection {
  readonly writer: FrameWriter;
  #settle: (() => Promise<unknown>) | null = null;
  #closing: Promise<void> | null = null;
  #closedWith: number | null = null;
  readonly #closeNow: (code?: number, reason?: string | Buffer) => void;

  /** @param id request id of the upgrade, for the log */
  constructor(
    readonly ws: WebSocket,
    readonly raw: Socket,
    readonly id: string,
  ) {
    this.writer = new FrameWriter(raw, ws);
    this.#closeNow = ws.close.bind(ws);
    // The library closes by itself too (answering the peer's close frame, refusing a broken frame): those close frames
    // also come after everything that is still on its way out.
    ws.close = (code, reason) => {
      // Once our close frame is out, the peer's answer must reach the library: it then ends the TCP connection.
      if (ws.readyState === CLOSING) this.#closeNow(code, reason);
      else void this.#close(code, reason ?? LIBRARY_REASONS[code ?? 0]);
    };
    this.#answerPeerEnd();
    new PongWriter(ws, raw, ({ closeCode, code, message }) => void this.close(closeCode, `${code}: ${message}`));
  }

  /** Whether messages still come in and may be answered. */
  get isOpen(): boolean {
    return this.#closing === null && this.ws.readyState === OPEN;
  }

  /**
   * Sets what must be finished before a close frame is sent, such as acknowledgements on their way. Waited for at most
   * 2 s; what it writes is still sent.
   */
  settleWith(settle: () => Promise<unknown>): void {
    this.#settle = settle;
  }

  /** Sends a close frame after everything written before and whatever is still in flight; the first call counts. */
  async close(code: number, reason: string): Promise<void> {
    this.#closedWith ??= code;
    await this.#close(code, truncateReason(reason));
  }

  /** The code that the service itself closed it with; null while it has not. */
  get closedWith(): number | null {
    return this.#closedWith;
  }

  /** Sets who gets the messages; the data of one is a view that may be kept and not changed. */
  onMessage(listener: MessageListener): void {
    listenForMessages(this.ws, listener, this.raw);
  }

  /** Pauses reading: the peer feels it as back-pressure. */
  pause(): void {
    this.ws.pause();
  }

  resume(): void {
    this.ws.resume();
  }

  #close(code?: number, reason?: string | Buffer): Promise<void> {
    this.#closing ??= this.#settleAndClose(code, reason);
    return this.#closing;
  }

  async #settleAndClose(code?: number, reason?: string | Buffer): Promise<void> {
    if (this.#settle !== null && this.ws.readyState === OPEN) await bounded(this.#settle(), SETTLE_TIMEOUT_MS);
    this.writer.flush();
    // A paused socket would never read the peer's close frame.
    if (this.ws.isPaused) this.ws.resume();
    this.#closeNow(code, reason);
  }

  /**
   * A peer that ended its half (a gateway that drains, a client that is done sending) can still read: it gets what is
   * in flight and a close frame. The library alone would end the connection without one.
   */
  #answerPeerEnd(): void {
    for (const listener of this.raw.listeners('end')) {
      if (listener.name === 'socketOnEnd') this.raw.removeListener('end', listener as () => void);
    }
    this.raw.once('end', () => {
      void this.#close(1001, 'going away: the connection was ended').then(() => {
        this.raw.end();
      });
    });
  }
}

/** Shortens a close reason to what fits into a control frame, at a character boundary. */
function truncateReason(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  let end = MAX_REASON_BYTES;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}

async function bounded(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, timeoutMs);
  await Promise.race([work.catch(() => undefined), late.promise]);
  clearTimeout(timer);
}
