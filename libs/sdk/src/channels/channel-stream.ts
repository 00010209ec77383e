import { SluiceError } from '@sluice/contracts';
import { Backoff, type BackoffOptions } from '../backoff.js';
import { readToken, type TokenSource } from '../token.js';
import { openChannelSocket, type ChannelSocket } from './channel-socket.js';
import { ResumePoint } from './resume-point.js';
import { TickQueue } from './tick-queue.js';

/** One tick of a channel, or of one key of a basket. */
export interface ChannelTick<Name extends string = string, Item = unknown> {
  readonly channel: Name;
  /** Of a basket: the key that ticked. */
  readonly key: string | null;
  readonly records: readonly Item[];
  /** Position in the channel, to go on from with `since`; null for what a snapshot shows. */
  readonly seq: string | null;
}

/** Something that is missing, or a channel that began anew, between two ticks. */
export interface ChannelNotice {
  readonly channel: string;
  readonly gap?: { readonly after: string; readonly next: string; readonly lost: number | null };
  readonly reset?: { readonly after: string; readonly next: string };
}

export interface ChannelTarget<Name extends string = string> {
  readonly channel: Name;
  /** One key of a basket. Default: all. */
  readonly key?: string;
}

export interface ChannelStreamOptions {
  /** Begin with the last tick of each channel. */
  readonly snapshot?: boolean;
  /** Positions to go on from, by channel: the `seq` of the last tick that was seen. */
  readonly since?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Told when ticks are missing. */
  readonly onNotice?: (notice: ChannelNotice) => void;
  readonly backoff?: BackoffOptions;
  /** Characters of messages that may wait to be taken; the connection is given up above that and comes back. Default 32 Mi. */
  readonly maxWaitingChars?: number;
  /** Silence after which the connection is given up. Default 15,000. */
  readonly idleMs?: number;
}

export interface StreamAddress {
  readonly url: string;
  readonly token: TokenSource | undefined;
  /** Asks over HTTP whether streams may be opened: a refused socket does not say why. @throws SluiceError */
  check(): Promise<unknown>;
}

const REFUSALS: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'INVALID_PARAMETER']);

interface Message extends Partial<ChannelNotice> {
  readonly channel?: string;
  readonly key?: string;
  readonly data?: readonly unknown[] | string;
  readonly seq?: string;
  readonly ack?: number;
  readonly ok?: boolean;
  readonly error?: string;
  readonly removed?: boolean;
}

const HEARTBEAT = 'heartbeat';
const DEFAULT_WAITING_CHARS = 32 * 1024 * 1024;

/**
 * Ticks as they come. When the connection is lost it comes back and goes on behind the last tick that was received; what the log
 * no longer has then is told as a notice.
 */
export class ChannelStream<Name extends string, Item> implements AsyncIterableIterator<ChannelTick<Name, Item>> {
  /** Resolves when everything is subscribed to for the first time, with where each channel begins. @throws SluiceError what was refused */
  readonly ready: Promise<Readonly<Record<string, string>>>;
  private settleReady: (error: Error | null) => void = () => undefined;
  private readonly queue = new TickQueue<ChannelTick<Name, Item>>();
  private readonly points = new Map<string, ResumePoint>();
  private readonly backoff: Backoff;
  private socket: ChannelSocket | null = null;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private silence: ReturnType<typeof setTimeout> | null = null;
  private unanswered = 0;
  private readonly begun: Record<string, string> = {};
  private wasReady = false;
  private isOpen = false;
  private isClosed = false;
  /** Too much waits: the connection comes back when it was taken. */
  private isHeld = false;
  private readonly abort = (): void => this.close();

  /** @internal made by `ChannelsClient.stream` */
  constructor(
    private readonly address: StreamAddress,
    private readonly targets: readonly ChannelTarget<Name>[],
    private readonly options: ChannelStreamOptions,
  ) {
    this.ready = new Promise((resolve, reject) => {
      this.settleReady = (error) => (error === null ? resolve(this.begun) : reject(error));
    });
    this.ready.catch(() => undefined);
    this.backoff = new Backoff(options.backoff);
    for (const { channel } of targets) this.points.set(channel, new ResumePoint(options.since?.[channel] ?? null));
    options.signal?.addEventListener('abort', this.abort, { once: true });
    if (options.signal?.aborted === true) this.close();
    else void this.open();
  }

  /** @throws SluiceError what the gateway refused, or `NOT_FOUND` for a channel that was removed, after what came before */
  async next(): Promise<IteratorResult<ChannelTick<Name, Item>, undefined>> {
    const taken = await this.queue.take();
    if (this.isHeld && this.queue.waitingChars <= this.maxWaitingChars / 2) {
      this.isHeld = false;
      void this.open();
    }
    return taken;
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends it; what was received and not taken is dropped. */
  close(): void {
    this.queue.clear();
    this.finish(null);
  }

  private get maxWaitingChars(): number {
    return this.options.maxWaitingChars ?? DEFAULT_WAITING_CHARS;
  }

  private async open(): Promise<void> {
    try {
      const token = await readToken(this.address.token);
      if (this.isClosed) return;
      this.socket = openChannelSocket(this.address.url, token, {
        onOpen: () => this.subscribe(),
        onText: (text) => this.take(text),
        onClose: () => void this.lost(),
      });
      this.listen();
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'SERVICE_UNAVAILABLE') this.comeBack();
      else this.finish(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private subscribe(): void {
    this.isOpen = true;
    this.unanswered = this.targets.length;
    this.send({ action: 'subscribe', channel: HEARTBEAT });
    this.targets.forEach(({ channel, key }, at) => {
      const since = this.points.get(channel)?.since ?? null;
      const snapshot = this.options.snapshot === true && since === null && !this.wasReady;
      this.send({
        action: 'subscribe',
        channel,
        ...(key === undefined ? {} : { key }),
        ...(since === null ? {} : { since }),
        ...(snapshot ? { snapshot } : {}),
        seq: true,
        gaps: true,
        ack: at,
      });
    });
  }

  private send(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }

  private take(text: string): void {
    this.listen();
    const message = JSON.parse(text) as Message;
    if (message.ack !== undefined) this.answered(message);
    else if (message.removed === true)
      this.finish(new SluiceError('NOT_FOUND', `channel "${message.channel ?? ''}" was removed`));
    else if (message.gap !== undefined || message.reset !== undefined) this.tell(message as ChannelNotice);
    else if (Array.isArray(message.data) && message.channel !== undefined)
      this.tick(message, message.data, text.length);
  }

  private tell(notice: ChannelNotice): void {
    if (notice.reset !== undefined) this.points.get(notice.channel)?.reset();
    this.options.onNotice?.(notice);
  }

  private answered({ ack = 0, ok, error, seq }: Message): void {
    const name = this.targets[ack]?.channel ?? '';
    if (ok !== true) {
      this.finish(new SluiceError('INVALID_PARAMETER', `channel "${name}" cannot be followed: ${error ?? 'refused'}`));
      return;
    }
    if (seq !== undefined) {
      this.begun[name] ??= seq;
      this.points.get(name)?.begin(seq);
    }
    this.unanswered -= 1;
    if (this.unanswered > 0) return;
    this.backoff.reset();
    this.wasReady = true;
    this.settleReady(null);
  }

  private tick({ channel, key, seq }: Message, records: readonly unknown[], chars: number): void {
    if (seq !== undefined && this.points.get(channel as string)?.note(seq, key ?? null) === false) return;
    const tick = { channel: channel as Name, key: key ?? null, records: records as readonly Item[], seq: seq ?? null };
    this.queue.add(tick, chars);
    if (this.queue.waitingChars <= this.maxWaitingChars) return;
    this.isHeld = true;
    this.drop();
  }

  /** A connection that was never open may have been refused for good. */
  private async lost(): Promise<void> {
    const wasOpen = this.isOpen;
    this.isOpen = false;
    if (!wasOpen) {
      const refusal = await this.address.check().then(
        () => null,
        (error: unknown) => error,
      );
      if (refusal instanceof SluiceError && REFUSALS.has(refusal.code)) return this.finish(refusal);
    }
    this.comeBack();
  }

  private comeBack(): void {
    this.drop();
    if (this.isClosed || this.isHeld) return;
    this.retry = setTimeout(() => void this.open(), this.backoff.next());
  }

  /** A connection that says nothing, not even that it lives, is given up. */
  private listen(): void {
    if (this.silence !== null) clearTimeout(this.silence);
    this.silence = setTimeout(() => this.comeBack(), this.options.idleMs ?? 15_000);
  }

  private drop(): void {
    if (this.silence !== null) clearTimeout(this.silence);
    if (this.retry !== null) clearTimeout(this.retry);
    this.socket?.end();
    this.socket = null;
    this.isOpen = false;
  }

  private finish(error: Error | null): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.options.signal?.removeEventListener('abort', this.abort);
    this.drop();
    this.queue.finish(error);
    this.settleReady(error);
  }
}
