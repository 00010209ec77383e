import { SluiceError, isErrorCode, type ErrorCode } from '@sluice/contracts';
import {
  CloseCode,
  FrameKind,
  WireError,
  frameKind,
  parseServerMessage,
  type ClientMessage,
  type ServerMessage,
  V1_SUBPROTOCOL,
} from '@sluice/wire';
import { Backoff, type BackoffOptions } from './backoff.js';
import { type OpenSocket, type Socket } from './socket.js';
import { readToken, type TokenSource } from './token.js';

/** How the connection stands, for those who watch it. */
export type ConnectionState =
  | { readonly state: 'connecting'; readonly attempt: number }
  | { readonly state: 'open' }
  | { readonly state: 'waiting'; readonly error: SluiceError; readonly retryInMs: number }
  | { readonly state: 'closed'; readonly error: SluiceError | null };

/** What uses the connection; it outlives any one socket. */
export interface ConnectionUser {
  /** The server said hello; `send` works from now on. */
  onOpen(hello: NonNullable<ServerMessage['hello']>): void;
  onData(frame: Uint8Array): void;
  onAck(frame: Uint8Array): void;
  onMessage(message: ServerMessage): void;
  /** The socket is gone; another will be opened unless `isFinal`. */
  onLost(error: SluiceError, isFinal: boolean): void;
}

/** Settings of a connection. */
export interface ConnectionOptions {
  readonly url: string;
  readonly token?: TokenSource | undefined;
  readonly openSocket: OpenSocket;
  readonly backoff?: BackoffOptions | undefined;
  /** Between checks: nothing heard since the last one, ask; nothing for three, the connection is dead. */
  readonly idleMs: number;
  readonly onState?: ((state: ConnectionState) => void) | undefined;
}

/** So many checks in a row without a sign of life, pings in between, and a connection is given up. */
const SILENT_CHECKS = 3;

/** A server that does not answer a close frame by then is left without. */
const CLOSE_TIMEOUT_MS = 1_000;

/** A connection that lived this long counts as good, and the next waits begin short again. */
const STEADY_MS = 5_000;

const CLOSE_ERRORS: Readonly<Record<number, ErrorCode | undefined>> = {
  [CloseCode.GOING_AWAY]: 'SHUTTING_DOWN',
  [CloseCode.UNAUTHENTICATED]: 'UNAUTHENTICATED',
  [CloseCode.FORBIDDEN]: 'FORBIDDEN',
};
/** Errors after which another attempt would end the same way. */
const FINAL_ERRORS: ReadonlySet<ErrorCode> = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'NO_SOCKET_HERE', 'NOT_FOUND']);

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: SluiceError) => void;
}

/** One WebSocket at a time, opened again whenever it is lost, until it is closed or refused for good. */
export class Connection {
  private socket: Socket | null = null;
  private isAsking = false;
  private isReady = false;
  private isClosed = false;
  private openedAt = 0;
  private silentChecks = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private idleTimer: ReturnType<typeof setInterval> | null = null;
  private waiters: Waiter[] = [];
  private lastWords: SluiceError | null = null;
  private final: SluiceError | null = null;
  private readonly backoff: Backoff;

  constructor(
    private readonly options: ConnectionOptions,
    private readonly user: ConnectionUser,
  ) {
    this.backoff = new Backoff(options.backoff);
  }

  /** Whether frames can be sent now. */
  get isOpen(): boolean {
    return this.isReady;
  }

  /** Why there will be no connection any more; null as long as there may. */
  get end(): SluiceError | null {
    return this.isClosed ? (this.final ?? new SluiceError('SHUTTING_DOWN', 'this client is closed')) : null;
  }

  /** Starts connecting, if it has not yet. */
  start(): void {
    if (this.socket === null && this.timer === null && !this.isAsking && !this.isClosed) this.attempt();
  }

  /**
   * Resolves when the server has said hello.
   * @throws SluiceError when the attempt under way, or the next, fails (further attempts are made all the same)
   */
  opened(): Promise<void> {
    if (this.isReady) return Promise.resolve();
    const { end } = this;
    if (end !== null) return Promise.reject(end);
    const promise = new Promise<void>((resolve, reject) => this.waiters.push({ resolve, reject }));
    this.start();
    return promise;
  }

  send(data: Uint8Array | string): void {
    this.socket?.send(data);
  }

  /** Sends a control message. */
  tell(message: ClientMessage): void {
    this.send(JSON.stringify(message));
  }

  /** Closes this socket; another follows. */
  renew(): void {
    this.socket?.close(CloseCode.NORMAL, '');
  }

  /** Closes for good. */
  close(error: SluiceError | null = null): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.final = error;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const { socket } = this;
    if (socket === null) this.over(error ?? new SluiceError('SHUTTING_DOWN', 'this client was closed'), false);
    else {
      socket.close(CloseCode.NORMAL, '');
      this.timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    }
  }

  private attempt(): void {
    this.timer = null;
    this.options.onState?.({ state: 'connecting', attempt: this.backoff.attempts + 1 });
    this.lastWords = null;
    const { token } = this.options;
    if (typeof token === 'function') void this.ask(token);
    else this.open(token);
  }

  /** Asks the program for its token of now, which may take a while; nothing is open meanwhile. */
  private async ask(source: TokenSource): Promise<void> {
    this.isAsking = true;
    let token: string | undefined;
    let failure: SluiceError | null = null;
    try {
      token = await readToken(source);
    } catch (error) {
      failure = error as SluiceError;
    }
    this.isAsking = false;
    if (this.isClosed) return;
    if (failure === null) this.open(token);
    else this.over(failure, false);
  }

  private open(token: string | undefined): void {
    this.silentChecks = 0;
    this.idleTimer = setInterval(() => this.checkIdle(), this.options.idleMs);
    const { url, openSocket } = this.options;
    this.socket = openSocket(
      url,
      token,
      {
        onOpen: () => (this.silentChecks = 0),
        onText: (text) => this.onText(text),
        onBinary: (bytes) => this.onBinary(bytes),
        onClose: (code, reason, refusal) => this.onClose(code, reason, refusal),
      },
      V1_SUBPROTOCOL,
    );
  }

  /** Counts checks and not time: a program busy for long has not heard because it has not listened. */
  private checkIdle(): void {
    this.silentChecks++;
    if (this.silentChecks < SILENT_CHECKS) {
      if (this.isReady) this.tell({ op: 'ping', n: 0 });
      return;
    }
    const silentMs = this.silentChecks * this.options.idleMs;
    this.lastWords = new SluiceError(
      'SERVICE_UNAVAILABLE',
      `nothing was heard from ${this.options.url} for ${silentMs} ms`,
    );
    this.socket?.terminate();
  }

  private onText(text: string): void {
    this.silentChecks = 0;
    this.guard(() => {
      const message = parseServerMessage(text);
      if (message.hello !== undefined && !this.isReady) this.ready(message.hello);
      const error = message.error;
      if (error !== undefined && error.tag === undefined && error.sub === undefined)
        this.lastWords = serverError(error);
      this.user.onMessage(message);
    });
  }

  private onBinary(bytes: Uint8Array): void {
    this.silentChecks = 0;
    this.guard(() => {
      const kind = frameKind(bytes);
      if (kind === FrameKind.DATA) this.user.onData(bytes);
      else if (kind === FrameKind.ACK) this.user.onAck(bytes);
      else throw new WireError('INVALID_FRAME', `a server does not send frames of kind ${kind}`);
    });
  }

  /** A server that cannot be understood is left; the fault is told as the reason. */
  private guard(read: () => void): void {
    try {
      read();
    } catch (cause) {
      if (!(cause instanceof WireError)) throw cause;
      this.lastWords = new SluiceError(cause.code, `the server sent what cannot be read: ${cause.message}`, { cause });
      this.socket?.close(CloseCode.INVALID_PAYLOAD, 'unreadable');
    }
  }

  private ready(hello: NonNullable<ServerMessage['hello']>): void {
    this.isReady = true;
    this.openedAt = Date.now();
    this.options.onState?.({ state: 'open' });
    this.user.onOpen(hello);
    for (const { resolve } of this.waiters.splice(0)) resolve();
  }

  private onClose(code: number, reason: string, refusal: SluiceError | undefined): void {
    const wasReady = this.isReady;
    if (wasReady && Date.now() - this.openedAt > STEADY_MS) this.backoff.reset();
    this.isReady = false;
    this.socket = null;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.idleTimer !== null) clearInterval(this.idleTimer);
    this.over(refusal ?? this.lastWords ?? this.closeError(code, reason), wasReady);
  }

  private closeError(code: number, reason: string): SluiceError {
    const what = `the connection to ${this.options.url} was closed with ${code}${reason === '' ? '' : ` (${reason})`}`;
    return new SluiceError(CLOSE_ERRORS[code] ?? 'SERVICE_UNAVAILABLE', what);
  }

  private over(error: SluiceError, wasReady: boolean): void {
    // A token that ended under an open connection is no refusal of the next one that the program gives.
    const mayRenew = wasReady && error.code === 'UNAUTHENTICATED' && typeof this.options.token === 'function';
    const isFinal = this.isClosed || (FINAL_ERRORS.has(error.code) && !mayRenew);
    for (const { reject } of this.waiters.splice(0)) reject(error);
    if (isFinal) {
      this.final ??= this.isClosed ? null : error;
      this.isClosed = true;
      this.options.onState?.({ state: 'closed', error: this.final });
      this.user.onLost(this.final ?? error, true);
      return;
    }
    const retryInMs = this.backoff.next();
    this.timer = setTimeout(() => this.attempt(), retryInMs);
    this.options.onState?.({ state: 'waiting', error, retryInMs });
    this.user.onLost(error, false);
  }
}

/** The error that a server's message tells. */
export function serverError(error: NonNullable<ServerMessage['error']>): SluiceError {
  const details = error.details as Record<string, unknown> | undefined;
  const code = isErrorCode(error.code) ? error.code : 'INTERNAL';
  return new SluiceError(code, error.message, details === undefined ? {} : { details });
}
