import { SluiceError, type HealthReport } from '@sluice/contracts';
import { type EntryId, type EntryToEncode, type WireField } from '@sluice/wire';
import { AccessApi } from './access.js';
import { parseAddress } from './address.js';
import { type BackoffOptions } from './backoff.js';
import { checkKey, checkedId, checkedName } from './checks.js';
import { Client } from './client.js';
import { type ConnectionState } from './connection.js';
import { Consumer, type ConsumerOptions } from './consumer.js';
import { DevicesApi } from './devices.js';
import { ENTRY_OVERHEAD_BYTES } from './outbox.js';
import { Pull, targetPatterns, targetStreams, type PullOptions, type PullTarget } from './pull.js';
import { Pusher, type PusherOptions } from './pusher.js';
import { readNearest, readRange, type RangeOptions } from './range.js';
import { REGISTRY_PATH, Registry } from './registry/registry.js';
import { Rest } from './rest.js';
import { openPlatformSocket, type OpenSocket } from './socket.js';
import { StreamerRest } from './streamer.js';
import { StreamsApi } from './streams.js';
import { type TokenSource } from './token.js';
import { payloadBytes, type Entry, type Payload } from './types.js';

/** Settings of a client. */
export interface SluiceOptions {
  /** Address of the Sluice: `http://127.0.0.1:8000`; `https`, `ws` and `wss` work too. */
  readonly url: string;
  /** Token or API key, or a function that gives the one of now. */
  readonly token?: TokenSource | undefined;
  /** How sockets are opened. Default: the platform's own `WebSocket`. */
  readonly openSocket?: OpenSocket;
  /** Waits between attempts to connect. */
  readonly backoff?: BackoffOptions;
  /** Silence after which the server is asked for a sign of life; after three times as long it is given up. Default 15,000. */
  readonly idleMs?: number;
  /** Bytes that may wait to be sent while there is no connection. Default 64 MiB. */
  readonly maxWaitingBytes?: number;
  /** Told whenever the connection is opened, lost or closed. */
  readonly onState?: (state: ConnectionState) => void;
}

/** How to push one entry, or several at once. */
export interface PushOptions {
  /**
   * Makes the push repeatable: with the same key it is stored once, so it is sent again after a lost connection instead of
   * failing with `OUTCOME_UNKNOWN`.
   */
  readonly idempotencyKey?: string;
}

/** How to push one entry. */
export interface PushOneOptions extends PushOptions {
  /** Own id: `<ms>-<seq>`, `<ms>-*`; it must be above the last of the stream. */
  readonly id?: string;
  /** Fields beside the payload. */
  readonly fields?: readonly WireField[];
}

const DEFAULT_WINDOW_BYTES = 8 * 1024 * 1024;
const FRAME_OVERHEAD_BYTES = 1024;
const DEFAULT_IDLE_MS = 15_000;
const DEFAULT_CLAIM_IDLE_MS = 60_000;

/**
 * A client of one Sluice. It connects when it is first used, and again whenever the connection is lost: pulls go on from their
 * positions, pushes not yet sent are sent then. A push that was sent and not answered fails with `OUTCOME_UNKNOWN`, unless it
 * has an idempotency key. Close it when you are done.
 */
export class Sluice {
  /** Lists, details, metadata, retention and groups. */
  readonly streams: StreamsApi;
  /** Devices: which there are, what is known of them, and what becomes of them. */
  readonly devices: DevicesApi;
  /** REST of the redis-streamer dialect. */
  readonly streamer: StreamerRest;
  /** Users, tokens, API keys and the audit trail. */
  readonly access: AccessApi;
  private readonly client: Client;
  private readonly rest: Rest;
  private readonly registry: Registry;

  /** @throws SluiceError `INVALID_PARAMETER` for an address that is none */
  constructor(options: SluiceOptions) {
    const { httpBase, socketUrl } = parseAddress(options.url);
    this.rest = new Rest(httpBase, options.token);
    const openSocket = options.openSocket ?? openPlatformSocket;
    const idleMs = options.idleMs ?? DEFAULT_IDLE_MS;
    const { token, backoff } = options;
    const url = httpBase.replace(/^http/, 'ws') + REGISTRY_PATH;
    this.registry = new Registry(this.rest, { url, token, openSocket, backoff, idleMs });
    this.streams = new StreamsApi(this.rest, this.registry);
    this.devices = new DevicesApi(this.registry);
    this.streamer = new StreamerRest(this.rest);
    this.access = new AccessApi(this.rest);
    this.client = new Client(
      {
        url: socketUrl,
        token,
        openSocket,
        backoff,
        idleMs,
        onState: options.onState,
      },
      options.maxWaitingBytes ?? 64 * 1024 * 1024,
    );
  }

  /**
   * Resolves when the server has answered. Not needed before anything else; it tells early that there is no server.
   * @throws SluiceError `SERVICE_UNAVAILABLE`, `UNAUTHENTICATED`, `FORBIDDEN`; further attempts are made all the same after the first
   */
  connect(): Promise<void> {
    return this.client.connection.opened();
  }

  /**
   * Appends one entry and resolves with its id when the server has stored it as durably as it promises.
   * @throws SluiceError the refusal; `OUTCOME_UNKNOWN` when the connection was lost before the answer
   */
  async push(stream: string, payload: Payload, options: PushOneOptions = {}): Promise<EntryId> {
    const { id, fields, idempotencyKey } = options;
    const entry = { id: checkedId(id), payload: payloadBytes(payload), fields };
    const ids = await this.send(stream, [entry], idempotencyKey);
    return ids[0] as EntryId;
  }

  /**
   * Appends several entries to one stream, in order and in one message.
   * @throws SluiceError as {@link push}; `PARTIAL_APPEND` when some were stored, its details name the result of each;
   * `MESSAGE_TOO_LARGE` when they do not fit into one message
   */
  pushAll(stream: string, payloads: readonly Payload[], options: PushOptions = {}): Promise<readonly EntryId[]> {
    if (payloads.length === 0) return Promise.resolve([]);
    const entries = payloads.map((payload) => ({ id: null, payload: payloadBytes(payload) }));
    return this.send(stream, entries, options.idempotencyKey);
  }

  /**
   * A pusher for many entries to one stream, with back-pressure.
   * @throws SluiceError `INVALID_NAME`
   */
  pusher(stream: string, options: PusherOptions = {}): Pusher {
    const nameBytes = checkedName(stream);
    const check = (payload: Uint8Array, id: string | undefined): string | null => {
      this.checkSize(payload.length);
      return checkedId(id);
    };
    this.client.connection.start();
    return new Pusher(this.client.outbox, { stream, nameBytes, check }, options);
  }

  /**
   * Follows streams.
   * @throws SluiceError `INVALID_NAME`; what the server refuses is thrown by the iteration
   */
  pull(target: PullTarget, options: PullOptions = {}): Pull {
    const { from = '$', latest = false } = options;
    const streams = targetStreams(target, from);
    for (const stream of Object.keys(streams)) checkedName(stream);
    const request = {
      patterns: targetPatterns(target),
      from,
      latest: Number(latest),
      maxFps: options.maxFps ?? 0,
      fields: options.fields ?? false,
      batchBytes: 0,
      windowBytes: options.windowBytes ?? DEFAULT_WINDOW_BYTES,
      group: null,
      consumer: null,
      claimIdleMs: 0,
    };
    return new Pull(this.client.subscribe(request, streams, options), options.signal);
  }

  /** Takes part in a consumer group of one or more streams. */
  consume(streams: string | readonly string[], options: ConsumerOptions): Consumer {
    const from = options.from ?? '$';
    const positions = targetStreams(streams, from);
    for (const stream of Object.keys(positions)) checkedName(stream);
    const request = {
      patterns: [],
      from,
      latest: 0,
      maxFps: 0,
      fields: options.fields ?? false,
      batchBytes: 0,
      windowBytes: options.windowBytes ?? DEFAULT_WINDOW_BYTES,
      group: options.group,
      consumer: options.consumer,
      claimIdleMs: options.claimIdleMs ?? DEFAULT_CLAIM_IDLE_MS,
    };
    const subscription = this.client.subscribe(request, positions, {});
    const consumer = new Consumer(subscription, this.client, options.signal);
    this.client.register(subscription.sub, consumer);
    return consumer;
  }

  /**
   * Entries of the past, oldest first or (`reverse`) newest first; pages are fetched as the loop goes on.
   * @throws SluiceError `STREAM_NOT_FOUND` and others, while iterating
   */
  range(stream: string, options: RangeOptions = {}): AsyncGenerator<Entry, void, undefined> {
    return readRange(this.rest, stream, options);
  }

  /** The entry nearest to a time (milliseconds since 1970, a Date or ISO 8601), or null when there is none. */
  nearest(stream: string, time: Date | number | string): Promise<Entry | null> {
    return readNearest(this.rest, stream, time);
  }

  /** Whether every service is ready, and which is not. Does not throw for "not ready". */
  async health(): Promise<HealthReport> {
    const response = await this.rest.request('/health', { accept: [503] });
    return (await response.json()) as HealthReport;
  }

  /** Waits until every push is stored or refused, then closes the connection. */
  async close(): Promise<void> {
    await this.client.outbox.idle();
    this.destroy();
  }

  /** Closes at once: pushes under way fail. */
  destroy(): void {
    this.registry.close();
    this.client.connection.close();
  }

  private send(stream: string, entries: EntryToEncode[], key: string | undefined): Promise<readonly EntryId[]> {
    return new Promise((resolve, reject) => {
      checkKey(key);
      const name = checkedName(stream);
      const bytes = entries.reduce((sum, { payload }) => sum + payload.length + ENTRY_OVERHEAD_BYTES, 0);
      this.checkSize(bytes);
      this.client.connection.start();
      this.client.outbox.add({
        name,
        stream,
        entries,
        bytes,
        wasSent: false,
        isAlone: key !== undefined || entries.some(({ id }) => id !== null),
        key,
        wantsIds: true,
        onSettled: resolve,
        onFailed: reject,
      });
    });
  }

  private checkSize(bytes: number): void {
    const { maxMessageBytes } = this.client;
    if (bytes + FRAME_OVERHEAD_BYTES <= maxMessageBytes) return;
    throw new SluiceError(
      'MESSAGE_TOO_LARGE',
      `a push of ${bytes} bytes does not fit into a message of ${maxMessageBytes}`,
    );
  }
}
