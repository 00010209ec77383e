import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError, type StreamEvent } from '@sluice/contracts';
import { entryTimeMs } from '@sluice/wire';
import { type RedisCommands } from './redis-commands.js';
import { FactsReader, type StreamFacts } from './admin/facts.js';
import { type NameFilter, type StreamNames } from './admin/names.js';
import { globMatcher } from './glob.js';
import { STREAM_EVENTS_KEY, isOwnKey } from './keys.js';
import { type EntryBatch, type Follower, type FollowerSink, type FollowOptions } from './types.js';

export interface DiscoveryOptions {
  /** How often streams that nobody announced are looked for, while somebody watches. Default 10 000. */
  readonly scanEveryMs?: number;
}

/** Opens a live reader: `StreamLog.follow`. */
export type Follow = (key: string, options: FollowOptions, sink: FollowerSink) => Follower;

const SCAN_EVERY_MS = 10_000;
const ATTACH_TIMEOUT_MS = 3_000;
const EVENTS_KEPT = 1_000;
const MAX_ANNOUNCED = 100_000;
/** A stream is announced by whoever writes to it first, while it is no older or no longer than this. */
const YOUNG_MS = 10_000;
const YOUNG_ENTRIES = 100;

/**
 * Which streams there are, and which appear: told at once by the process that writes the first entry, through one event stream
 * that all processes follow; streams made by other tools are found by a scan, at most `scanEveryMs` later, which runs
 * only while somebody watches.
 */
export class Discovery {
  private readonly reader: FactsReader;
  private readonly announced = new Set<string>();
  private readonly unannounced = new Set<string>();
  private readonly watchers = new Map<symbol, (event: StreamEvent) => void>();
  /** Every stream there is, kept while somebody watches. */
  private known: Set<string> | null = null;
  /** Streams that appeared while a scan runs: it may have passed their place. */
  private appeared = new Set<string>();
  private scanning: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private follower: Follower | null = null;
  private onDeleted: (name: string) => void = () => undefined;

  constructor(
    private readonly client: RedisCommands,
    private readonly names: StreamNames,
    private readonly options: DiscoveryOptions = {},
  ) {
    this.reader = new FactsReader(client);
  }

  /**
   * Begins to follow what other processes announce.
   * @param onDeleted told of every stream that went: its next entry makes it anew, and is to be announced again
   */
  attach(follow: Follow, onDeleted: (name: string) => void = () => undefined): void {
    this.onDeleted = onDeleted;
    this.follower = follow(
      STREAM_EVENTS_KEY,
      { after: '$' },
      {
        onEntries: (batch) => this.takeEvents(batch),
        onGap: () => this.scanSoon(),
        onReset: () => this.scanSoon(),
        onFailure: () => undefined,
      },
    );
  }

  /** Names of all streams that pass, sorted. @throws SluiceError LOG_UNAVAILABLE */
  find(filter: NameFilter = {}): Promise<string[]> {
    return this.names.find(filter);
  }

  /**
   * Tells of every stream that passes: first of those there are, then of each that appears or goes. A stream may be told of
   * twice. Resolves, after the first ones, with the function that ends it.
   * @throws SluiceError LOG_UNAVAILABLE
   */
  async watch(filter: NameFilter, listener: (event: StreamEvent) => void): Promise<() => void> {
    const { match = '*', prefix = '' } = filter;
    const isMatch = globMatcher(match);
    const passes = (name: string): boolean => name.startsWith(prefix) && isMatch(name);
    const id = Symbol(match);
    const stop = (): void => {
      if (this.watchers.delete(id) && this.watchers.size === 0) this.stopScanning();
    };
    this.watchers.set(id, (event) => (passes(event.name) ? listener(event) : undefined));
    try {
      await this.isAttached();
      if (this.known === null) await this.scan();
      this.startScanning();
    } catch (error) {
      stop();
      throw error;
    }
    if (!this.watchers.has(id)) return stop;
    for (const name of this.known ?? []) if (passes(name)) listener({ type: 'created', name });
    return stop;
  }

  /** Call after the first append of this process to a stream: announces it unless it has long been there. */
  noteAppend(key: string): void {
    if (this.announced.has(key) || isOwnKey(key)) return;
    if (this.announced.size >= MAX_ANNOUNCED) this.announced.clear();
    this.announced.add(key);
    this.unannounced.add(key);
    if (this.unannounced.size === 1) setImmediate(() => void this.announceAll());
  }

  /** Tells everybody that a stream was deleted; when that fails, their scans find it missing. */
  async noteDeleted(key: string): Promise<void> {
    this.forget(key);
    await this.tell({ type: 'deleted', name: key }).catch(() => undefined);
  }

  close(): void {
    this.follower?.close();
    this.watchers.clear();
    this.stopScanning();
  }

  /** What is announced from now on is heard; when Redis is away the scan says so. */
  private async isAttached(): Promise<void> {
    const { follower } = this;
    if (follower === null) return;
    const isReady = follower.ready.catch(() => undefined);
    await Promise.race([isReady, delay(ATTACH_TIMEOUT_MS, undefined, { ref: false })]);
  }

  private async announceAll(): Promise<void> {
    const keys = [...this.unannounced];
    this.unannounced.clear();
    const facts = await this.reader.facts(keys, { hasPolicy: false }).catch(() => []);
    const young = keys.filter((_key, index) => {
      const known = facts[index];
      return known === undefined || known instanceof SluiceError || isYoung(known);
    });
    // A failure costs only time: the scan of the others finds the stream.
    await Promise.all(young.map((name) => this.tell({ type: 'created', name }).catch(() => undefined)));
  }

  private async tell(event: StreamEvent): Promise<void> {
    const args = [STREAM_EVENTS_KEY, 'MAXLEN', '~', EVENTS_KEPT, '*', 'd', JSON.stringify(event)];
    await this.client.run({ name: 'XADD', args, subject: `event of "${event.name}"` });
  }

  private takeEvents(batch: EntryBatch): boolean {
    for (const { payload } of batch.entries) {
      const event = parseEvent(payload);
      if (event?.type === 'created') this.add(event.name);
      else if (event?.type === 'deleted') this.remove(event.name);
    }
    return true;
  }

  private add(name: string): void {
    this.appeared.add(name);
    if (this.known?.has(name) === true) return;
    this.known?.add(name);
    this.emit({ type: 'created', name });
  }

  private forget(name: string): void {
    this.announced.delete(name);
    this.onDeleted(name);
  }

  private remove(name: string): void {
    this.forget(name);
    this.appeared.delete(name);
    this.known?.delete(name);
    this.emit({ type: 'deleted', name });
  }

  private emit(event: StreamEvent): void {
    for (const watcher of this.watchers.values()) watcher(event);
  }

  private startScanning(): void {
    if (this.watchers.size === 0 || this.timer !== null) return;
    this.timer = setInterval(() => this.scanSoon(), this.options.scanEveryMs ?? SCAN_EVERY_MS).unref();
  }

  private stopScanning(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.known = null;
    this.appeared.clear();
  }

  /** Failures leave it to the next round. */
  private scanSoon(): void {
    if (this.watchers.size > 0) this.scan().catch(() => undefined);
  }

  private scan(): Promise<void> {
    this.scanning ??= this.compare().finally(() => (this.scanning = null));
    return this.scanning;
  }

  private async compare(): Promise<void> {
    this.appeared = new Set();
    const found = new Set(await this.names.find());
    const before = this.known;
    if (this.watchers.size === 0) return;
    this.known = found;
    for (const name of this.appeared) found.add(name);
    if (before === null) return;
    for (const name of found) if (!before.has(name)) this.emit({ type: 'created', name });
    for (const name of before) if (!found.has(name)) this.remove(name);
  }
}

function isYoung(facts: StreamFacts): boolean {
  if (!facts.exists) return false;
  if (facts.entriesAdded <= YOUNG_ENTRIES) return true;
  return facts.firstEntryId !== null && facts.timeMs - entryTimeMs(facts.firstEntryId) < YOUNG_MS;
}

function parseEvent(payload: Uint8Array): StreamEvent | null {
  try {
    const event: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    if (typeof event !== 'object' || event === null) return null;
    const { type, name } = event as Record<string, unknown>;
    return (type === 'created' || type === 'deleted') && typeof name === 'string' ? { type, name } : null;
  } catch {
    return null;
  }
}
