import { type Socket } from 'node:net';
import { type WebSocket } from 'ws';
import { type MessageListener, type SocketIntake, listenForMessages } from './frame-intake.js';
import { FrameWriter } from './frame-writer.js';
import { type InflateTurns } from './inflate-turns.js';
import { PongWriter } from './pong-writer.js';
import { type Sender, type TellUnfinished, type UnfinishedMessages } from './unfinished.js';

/** Longest wait for what a socket has in flight before its close frame goes out. */
const SETTLE_TIMEOUT_MS = 2000;
/** How long a socket that is cut may take to read why. */
const LINGER_MS = 1000;
const MAX_REASON_BYTES = 123;
const OPEN = 1;
const CLOSING = 2;

/** Why the library itself refuses what came in: it sends the code alone. */
const LIBRARY_REASONS: Readonly<Record<number, string>> = {
  1002: 'the frame breaks the WebSocket protocol',
  1007: 'a text frame is not valid UTF-8',
  1009: 'MESSAGE_TOO_LARGE: the message passes the limit of 16 MiB',
};

/** What bounds the messages of all sockets together. */
export interface MessageBounds {
  readonly unfinished: UnfinishedMessages;
  readonly turns: InflateTurns;
}

/** One accepted WebSocket: `ws` for what comes in and `writer` for what goes out. */
export class Connection {
  readonly writer: FrameWriter;
  #settle: (() => Promise<unknown>) | null = null;
  #closing: Promise<void> | null = null;
  #closedWith: number | null = null;
  #intake: SocketIntake | null = null;
  /** Whoever takes the messages wants no more for now. */
  #isPaused = false;
  /** There is no room for the message that is coming. */
  #isHeldBack = false;
  readonly #tellUnfinished: TellUnfinished;
  readonly #closeNow: (code?: number, reason?: string | Buffer) => void;

  /** @param id request id of the upgrade, for the log */
  constructor(
    readonly ws: WebSocket,
    readonly raw: Socket,
    readonly id: string,
    private readonly bounds: MessageBounds,
  ) {
    this.#tellUnfinished = bounds.unfinished.add(this.#sender());
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

  /** Sets who gets the messages; the data of one is a view that may be kept and not changed. To be called once. */
  onMessage(listener: MessageListener): void {
    const { ws, raw } = this;
    const reading = { isPaused: () => ws.isPaused, hold: () => raw.pause(), goOn: () => raw.resume() };
    const tellUnfinished = this.#tellUnfinished;
    const intake = listenForMessages(ws, listener, { raw, reading, tellUnfinished, turns: this.bounds.turns });
    this.#intake = intake;
    ws.once('close', () => intake.discard());
  }

  /** Whether nothing is read: then silence proves nothing. */
  get isUnread(): boolean {
    return this.ws.isPaused || this.raw.isPaused();
  }

  /** Pauses reading: the peer feels it as back-pressure. */
  pause(): void {
    this.#isPaused = true;
    this.ws.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#readOn();
  }

  #readOn(): void {
    if (this.#isPaused || this.#isHeldBack) return;
    this.ws.resume();
    this.#intake?.resumed();
  }

  /** The connection as one that sends messages which take room. */
  #sender(): Sender {
    const { raw } = this;
    const isPaused = (): boolean => this.#isPaused;
    return {
      get bytesRead() {
        return raw.bytesRead;
      },
      get isPaused() {
        return isPaused();
      },
      hold: () => {
        this.#isHeldBack = true;
        // Nobody waits for a message that comes after all is said.
        if (this.#closing === null) this.ws.pause();
        else this.#abandon();
      },
      goOn: () => {
        this.#isHeldBack = false;
        this.#readOn();
      },
      cut: ({ closeCode, code, message }) => {
        this.#isHeldBack = false;
        void this.close(closeCode, `${code}: ${message}`);
        this.#abandon();
      },
    };
  }

  /** Takes nothing more that comes in, and ends before long. */
  #abandon(): void {
    this.#intake?.discard();
    const timer = setTimeout(() => this.ws.terminate(), LINGER_MS).unref();
    this.ws.once('close', () => clearTimeout(timer));
  }

  async #answerEnd(): Promise<void> {
    if (this.#intake !== null) await bounded(this.#intake.drained(), SETTLE_TIMEOUT_MS);
    await this.#close(1001, 'going away: the connection was ended');
    this.raw.end();
  }

  #close(code?: number, reason?: string | Buffer): Promise<void> {
    this.#closing ??= this.#settleAndClose(code, reason);
    return this.#closing;
  }

  async #settleAndClose(code?: number, reason?: string | Buffer): Promise<void> {
    if (this.#settle !== null && this.ws.readyState === OPEN) await bounded(this.#settle(), SETTLE_TIMEOUT_MS);
    this.writer.flush();
    // A paused socket would never read the peer's close frame.
    this.#isHeldBack = false;
    if (this.ws.isPaused) this.resume();
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
    this.raw.once('end', () => void this.#answerEnd());
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
