import { SluiceError } from '@sluice/contracts';
import { type EntryId } from '@sluice/wire';
import { Appender } from './append/appender.js';
import {
  appendAllScript,
  byteCountOf,
  readAppendAll,
  type AppendAllOptions,
  type NewEntry,
} from './append/append-all.js';
import { type DurabilityReport, readDurability } from './durability.js';
import { assertClusterName } from './keys.js';
import { LogReader } from './read.js';
import { parseRedisUrl } from './redis-url.js';
import { type RetentionSource } from './retention-source.js';
import { Tail, type TailStats } from './tail/tail.js';
import { Topology } from './topology.js';
import { type AppendSink, type Durability, type Follower, type FollowerSink, type FollowOptions } from './types.js';

export interface StreamLogOptions {
  /** `redis://…`, `rediss://…`, or several addresses of a cluster separated by commas. */
  readonly url: string;
  readonly durability: Durability;
  readonly retention: RetentionSource;
  /** Bytes that may wait for Redis before `isSaturated` holds; at twice as many, entries are refused. */
  readonly maxInflightBytes?: number;
  /**
   * Bytes of each stream's newest entries that are kept for followers a little behind. Default: 8 MiB. Who takes single entries out of
   * packed ones holds about as much again in their objects.
   */
  readonly cachedBytesPerStream?: number;
  /** How long to wait for Redis at the start. */
  readonly connectTimeoutMs?: number;
  /** Called once per stream and process, after its first entry was appended; again after `announceAgain`. */
  onFirstAppend?(key: string): void;
  onWarning?(message: string): void;
}

const DEFAULT_INFLIGHT_BYTES = 64 * 1024 * 1024;
const DEFAULT_CONNECT_TIMEOUT_MS = 15_000;

/** Figures for the metrics; counters only grow. */
export interface LogStats extends TailStats {
  readonly appendedEntries: number;
  readonly appendedBytes: number;
  readonly refusedEntries: number;
  readonly inflightBytes: number;
}

/** Redis streams as an append log: appends, live followers and reads of the past, on one Redis or on a cluster. */
export class StreamLog {
  /** Reads of the past. */
  readonly reader: LogReader;
  private readonly appender: Appender;
  private readonly tail: Tail;

  private constructor(
    /** Which node holds which key; for the parts of this library only. */
    readonly topology: Topology,
    private readonly options: StreamLogOptions,
  ) {
    this.reader = new LogReader(topology);
    this.tail = new Tail(topology, (message) => options.onWarning?.(message), options.cachedBytesPerStream);
    this.appender = new Appender(topology, {
      durability: options.durability,
      maxInflightBytes: options.maxInflightBytes ?? DEFAULT_INFLIGHT_BYTES,
      retention: options.retention,
      onFirstAppend: (key) => options.onFirstAppend?.(key),
    });
  }

  /** @throws SluiceError LOG_UNAVAILABLE when Redis does not answer in time, INVALID_PARAMETER for a URL that is none */
  static async connect(options: StreamLogOptions): Promise<StreamLog> {
    const timeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    return new StreamLog(await Topology.connect(parseRedisUrl(options.url), timeoutMs), options);
  }

  get isCluster(): boolean {
    return this.topology.isCluster;
  }

  /** More bytes wait for Redis than allowed: stop reading sockets until `onRelief`. */
  get isSaturated(): boolean {
    return this.appender.isSaturated;
  }

  get inflightBytes(): number {
    return this.appender.inflightBytes;
  }

  /** Calls back each time the log stops being saturated. Returns the function that ends it. */
  onRelief(listener: () => void): () => void {
    return this.appender.onRelief(listener);
  }

  /** A stream was deleted: the next entry makes it anew, and `onFirstAppend` is told of it. */
  announceAgain(key: string): void {
    this.appender.announceAgain(key);
  }

  /**
   * Appends one entry; `sink` is told once, with its id or its own error. Everything pushed in one event-loop turn leaves in one
   * write. Entries of one stream keep their order. `payload` must not be changed until then.
   * @param id explicit id (`<ms>-<seq>`, `<ms>-*`) or null for one by Redis
   */
  push(
    key: string,
    payload: Uint8Array,
    sink: AppendSink,
    token: number,
    id: string | null = null,
    fields: readonly (readonly [string, Uint8Array])[] | null = null,
  ): void {
    this.appender.push(key, payload, sink, token, id, fields);
  }

  /** Appends several entries as one packed entry (wire's `packPayloads`); readers see single entries, `<id>/<index>`. As `push`. */
  pushPacked(key: string, packed: Uint8Array, sink: AppendSink, token: number): void {
    this.appender.push(key, packed, sink, token, null, null, true);
  }

  /** Appends one entry and waits until it is as durable as promised. @throws SluiceError */
  append(
    key: string,
    payload: Uint8Array,
    options: { readonly id?: string; readonly fields?: readonly (readonly [string, Uint8Array])[] } = {},
  ): Promise<EntryId> {
    return new Promise((resolve, reject) => {
      const sink: AppendSink = { onAppended: (_token, id) => resolve(id), onRefused: (_token, error) => reject(error) };
      this.appender.push(key, payload, sink, 0, options.id ?? null, options.fields ?? null);
    });
  }

  /**
   * Appends several entries to one stream, all or none, in the order of the pushes around them, and waits until they are as durable
   * as promised. With an idempotency key they are stored once however often they are pushed, and a lost reply is asked for again.
   * @throws SluiceError ID_NOT_ABOVE_LAST naming the entry, IDEMPOTENCY_CONFLICT, INVALID_ID, LOG_FULL, OUTCOME_UNKNOWN, …
   */
  async appendAll(key: string, entries: readonly NewEntry[], options: AppendAllOptions = {}): Promise<EntryId[]> {
    if (entries.length === 0) return [];
    if (this.isCluster) assertClusterName(key);
    const reply = await this.appender.pushScript(key, entries.length, byteCountOf(entries), (maxLen) =>
      appendAllScript(key, entries, options, maxLen),
    );
    return readAppendAll(reply, key);
  }

  /** A live reader from `options.after` on. It waits out outages; see `FollowerSink` for what it tells. */
  follow(key: string, options: FollowOptions, sink: FollowerSink): Follower {
    return this.tail.follow(key, options, sink);
  }

  /** What an acknowledgement means here: what was asked for, and what the servers' settings give. */
  readDurability(): Promise<DurabilityReport> {
    return readDurability(this.topology, this.options.durability);
  }

  /** Resolves when every node answers. @throws SluiceError LOG_UNAVAILABLE naming the one that does not */
  async assertReachable(): Promise<void> {
    const nodes = this.topology.nodes();
    if (nodes.length === 0) throw new SluiceError('LOG_UNAVAILABLE', 'no node of the Redis cluster is known');
    await Promise.all(nodes.map((shard) => shard.run(['PING'])));
  }

  stats(): LogStats {
    const { appendedEntries, appendedBytes, refusedEntries, inflightBytes } = this.appender;
    return { ...this.tail.stats(), appendedEntries, appendedBytes, refusedEntries, inflightBytes };
  }

  /** Ends the followers, waits for what is in flight (at most `timeoutMs`), and closes all connections. */
  async close(timeoutMs = 2_000): Promise<void> {
    this.tail.close();
    await this.appender.close(timeoutMs);
    this.topology.close();
  }
}
