import { SluiceError } from '@sluice/contracts';
import { Backoff, type BackoffOptions } from '../backoff.js';
import { type OpenSocket, type Socket } from '../socket.js';
import { readToken, type TokenSource } from '../token.js';
import { graphqlError, type GraphqlError } from './graphql-error.js';

/** How to follow events. */
export interface EventOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

/** Where a subscription begins and goes on. */
export interface EventPlaces<Data> {
  /** Variables of an event that was seen before. */
  readonly begin?: object | undefined;
  /** The variables that begin after an event; without it, events while nobody is connected are missed. */
  after?(data: Data): object;
}

/** What one subscription needs. */
export interface EventRequest<Data> {
  readonly url: string;
  readonly token: TokenSource | undefined;
  readonly openSocket: OpenSocket;
  readonly backoff: BackoffOptions | undefined;
  readonly idleMs: number;
  readonly payload: { readonly query: string; readonly variables: object };
  readonly places: EventPlaces<Data>;
  onEnd(): void;
}

interface Message<Data> {
  readonly type: string;
  readonly payload?: { readonly data?: Data | null; readonly errors?: readonly GraphqlError[] };
}

/** Events that may have been missed, as the connection was lost or they were not taken in time: look at the whole again. */
export const MISSED = Symbol('missed');

type Item<Data> = Data | typeof MISSED;
type Result<Data> = IteratorResult<Item<Data>, undefined>;

/** The sub-protocol of the sockets. */
const PROTOCOL = 'graphql-transport-ws';
const ID = '1';
/** Events kept for a program that takes its time. */
const MAX_WAITING = 10_000;
/** Checks without a sign of life before a connection is given up. */
const SILENT_CHECKS = 3;
const NORMAL_CLOSE = 1000;
const FINAL = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND']);
/** Closes that say who somebody is not, and what they may not. */
const CLOSE_ERRORS: Readonly<Record<number, 'UNAUTHENTICATED' | 'FORBIDDEN' | undefined>> = {
  4401: 'UNAUTHENTICATED',
  4403: 'FORBIDDEN',
};

/** Events of one subscription, over connections that come and go. */
export class EventIteration<Data> implements AsyncIterableIterator<Item<Data>, undefined> {
  private readonly waiting: Item<Data>[] = [];
  private readonly backoff: Backoff;
  private readonly abort = (): void => this.close();
  private taker: { resolve(result: Result<Data>): void; reject(error: SluiceError): void } | null = null;
  private socket: Socket | null = null;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private idle: ReturnType<typeof setInterval> | null = null;
  private failure: SluiceError | null = null;
  private silentChecks = 0;
  /** What begins after the last event that came. */
  private position: object | null;
  private wasFollowing = false;
  private isFollowing = false;
  private isOver = false;
  private begun: { resolve(): void; reject(error: SluiceError): void } | null = null;
  /** Resolves when the registry follows: every event from then on comes. @throws SluiceError when it refuses */
  readonly ready: Promise<void>;

  constructor(
    private readonly request: EventRequest<Data>,
    private readonly options: EventOptions,
  ) {
    this.backoff = new Backoff(request.backoff);
    this.position = request.places.begin ?? null;
    this.ready = new Promise((resolve, reject) => (this.begun = { resolve, reject }));
    // Who does not wait for it learns of a failure from the iteration.
    this.ready.catch(() => undefined);
  }

  start(): void {
    this.options.signal?.addEventListener('abort', this.abort, { once: true });
    if (this.options.signal?.aborted === true) this.close();
    else void this.connect();
  }

  next(): Promise<Result<Data>> {
    const item = this.waiting.shift();
    if (item !== undefined) return Promise.resolve({ done: false, value: item });
    if (this.failure !== null) {
      const error = this.failure;
      this.failure = null;
      return Promise.reject(error);
    }
    if (this.isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => (this.taker = { resolve, reject }));
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends it; what came and was not taken is dropped. */
  close(): void {
    this.waiting.length = 0;
    this.end(null);
  }

  private async connect(): Promise<void> {
    this.retry = null;
    let token: string | undefined;
    try {
      token = await readToken(this.request.token);
    } catch (error) {
      return this.lost(error as SluiceError);
    }
    if (this.isOver) return;
    this.silentChecks = 0;
    this.idle = setInterval(() => this.checkIdle(), this.request.idleMs);
    this.socket = this.request.openSocket(
      this.request.url,
      token,
      {
        onOpen: () => this.tell({ type: 'connection_init' }),
        onText: (text) => this.onText(text),
        onBinary: () => this.socket?.terminate(),
        onClose: (code, reason, refusal) => this.lost(refusal ?? this.closeError(code, reason)),
      },
      PROTOCOL,
    );
  }

  private onText(text: string): void {
    this.silentChecks = 0;
    const { type, payload } = read<Data>(text);
    switch (type) {
      case 'connection_ack':
        this.subscribe();
        // Answered only once the subscription has begun, as messages are answered in turn.
        this.tell({ type: 'ping', payload: { id: ID } });
        return;
      case 'ping':
        this.tell({ type: 'pong' });
        return;
      case 'pong':
        this.follows();
        return;
      case 'next':
        this.follows();
        if (payload?.errors?.[0] !== undefined) this.end(graphqlError(payload.errors[0]));
        else if (payload?.data !== undefined && payload.data !== null) this.take(payload.data);
        return;
      case 'error':
        this.end(graphqlError((payload as unknown as readonly GraphqlError[])[0] ?? { message: 'refused' }));
        return;
      case 'complete':
        this.end(null);
        return;
      default:
        this.socket?.terminate();
    }
  }

  private subscribe(): void {
    const { query, variables } = this.request.payload;
    this.tell({ type: 'subscribe', id: ID, payload: { query, variables: { ...variables, ...this.position } } });
  }

  private take(data: Data): void {
    this.position = this.request.places.after?.(data) ?? this.position;
    this.give(data);
  }

  private follows(): void {
    if (this.isFollowing) return;
    this.isFollowing = true;
    this.backoff.reset();
    if (this.wasFollowing && this.position === null) this.give(MISSED);
    this.wasFollowing = true;
    this.begun?.resolve();
  }

  private give(item: Item<Data>): void {
    const { taker } = this;
    this.taker = null;
    if (taker !== null) return taker.resolve({ done: false, value: item });
    if (this.waiting.length < MAX_WAITING) this.waiting.push(item);
    else this.waiting.splice(0, this.waiting.length, MISSED, item);
  }

  private lost(error: SluiceError): void {
    if (this.idle !== null) clearInterval(this.idle);
    this.idle = null;
    this.socket = null;
    const { isFollowing } = this;
    this.isFollowing = false;
    if (this.isOver) return;
    // A token that ended under an open connection is no refusal of the next one that the program gives.
    const mayRenew = isFollowing && typeof this.request.token === 'function';
    if (FINAL.has(error.code) && !mayRenew) this.end(error);
    else this.retry = setTimeout(() => void this.connect(), this.backoff.next());
  }

  private end(error: SluiceError | null): void {
    if (this.isOver) return;
    this.isOver = true;
    this.options.signal?.removeEventListener('abort', this.abort);
    if (this.retry !== null) clearTimeout(this.retry);
    if (this.idle !== null) clearInterval(this.idle);
    this.socket?.close(NORMAL_CLOSE, '');
    const { taker } = this;
    this.taker = null;
    if (error === null) {
      taker?.resolve({ done: true, value: undefined });
      this.begun?.reject(new SluiceError('SHUTTING_DOWN', 'the subscription was closed'));
    } else {
      if (taker === null) this.failure = error;
      else taker.reject(error);
      this.begun?.reject(error);
    }
    this.request.onEnd();
  }

  private tell(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }

  private checkIdle(): void {
    this.silentChecks++;
    if (this.silentChecks >= SILENT_CHECKS) this.socket?.terminate();
    else if (this.isFollowing) this.tell({ type: 'ping' });
  }

  private closeError(code: number, reason: string): SluiceError {
    const what = `the connection to ${this.request.url} was closed with ${code}${reason === '' ? '' : ` (${reason})`}`;
    return new SluiceError(CLOSE_ERRORS[code] ?? 'SERVICE_UNAVAILABLE', what);
  }
}

/** What is no message is one of a type that nobody knows. */
function read<Data>(text: string): Message<Data> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'type' in value) return value as Message<Data>;
  } catch {
    // Said below.
  }
  return { type: '' };
}
