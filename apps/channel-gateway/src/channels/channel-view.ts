import { type SluiceError } from '@sluice/contracts';
import { type EntryBatch, type Follower, type FollowerSink, type LogEntry } from '@sluice/stream-log';
import { compareEntryIds, FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { type Channel } from '../engine/catalogue.js';
import { type LookupIndex } from './lookup-index.js';
import { basketLists } from './payloads.js';
import { Waiters } from './waiters.js';

/** The last tick of a basket's key. */
export interface KeyTick {
  readonly entryId: EntryId;
  /** JSON list of its records. */
  readonly json: string;
}

/** What else wants to see every entry of a channel, in log order: a store of states, for one. */
export interface EntryListener {
  onEntry(channel: Channel, entry: LogEntry): void;
  /** The channel's stream was made anew; what came before does not count any more. */
  onReset(channel: Channel): void;
}

export interface ChannelViewOptions {
  readonly channel: Channel;
  /** Null: records of this channel cannot be looked up. */
  readonly index: LookupIndex | null;
  readonly listeners: readonly EntryListener[];
  onFailure(error: SluiceError): void;
}

const EMPTY = '[]';

/** What this replica knows of one channel: its last tick, who waits for the next one, and how far it has read the log. */
export class ChannelView implements FollowerSink {
  readonly channel: Channel;
  readonly waiters = new Waiters();
  private readonly watchers = new Set<() => void>();
  private follower: Follower | null = null;
  private isOver = false;
  private seen: EntryId = FIRST_ENTRY_ID;
  private lastJson: Uint8Array | null = null;
  private readonly lastByKey = new Map<string, KeyTick>();
  private readonly changedKeys = new Set<string>();
  private levelling: { readonly target: EntryId; readonly done: () => void }[] = [];

  constructor(private readonly options: ChannelViewOptions) {
    this.channel = options.channel;
  }

  /** Everything up to here has been taken in. */
  get position(): EntryId {
    return this.seen;
  }

  /** What `/last` answers for the whole channel. */
  get last(): string | Uint8Array {
    if (this.channel.keys === null) return this.lastJson ?? EMPTY;
    const lists = [...this.channel.keys.keys()].flatMap((key) => {
      const inner = this.lastByKey.get(key)?.json.slice(1, -1) ?? '';
      return inner === '' ? [] : [inner];
    });
    return `[${lists.join(',')}]`;
  }

  /** What `/last` answers for a key of a basket. */
  lastOf(key: string): string {
    return this.lastByKey.get(key)?.json ?? EMPTY;
  }

  /** Takes over what a snapshot knows of a basket's keys; what the log says counts more. */
  restore(ticks: ReadonlyMap<string, KeyTick>): void {
    for (const [key, tick] of ticks) {
      const known = this.lastByKey.get(key);
      if (known === undefined || compareEntryIds(known.entryId, tick.entryId) < 0) this.lastByKey.set(key, tick);
    }
  }

  /** The keys of a basket that ticked since the last call, with their last ticks. */
  takeChanged(): Map<string, KeyTick> {
    const changed = new Map<string, KeyTick>();
    for (const key of this.changedKeys) {
      const tick = this.lastByKey.get(key);
      if (tick !== undefined) changed.set(key, tick);
    }
    this.changedKeys.clear();
    return changed;
  }

  /** Marks keys as changed again, because they could not be kept. */
  keepChanged(keys: Iterable<string>): void {
    for (const key of keys) this.changedKeys.add(key);
  }

  follow(follower: Follower): void {
    this.follower = follower;
  }

  /** Resolves when everything up to `target` has been taken in. */
  reach(target: EntryId): Promise<void> {
    if (this.isOver || compareEntryIds(this.seen, target) >= 0) return Promise.resolve();
    return new Promise((done) => this.levelling.push({ target, done }));
  }

  onEntries(batch: EntryBatch): boolean {
    for (const entry of batch.entries) this.take(entry);
    // A view of what was read would keep all of it in memory.
    if (this.lastJson !== null && batch.entryCount > 0) this.lastJson = Buffer.from(this.lastJson);
    this.seen = batch.last;
    if (this.levelling.length > 0) this.tellLevel();
    return true;
  }

  onGap(): void {
    // What was trimmed before it was read is not the last tick of anything, and cannot be looked up.
  }

  onReset(): void {
    this.seen = FIRST_ENTRY_ID;
    this.lastJson = null;
    this.lastByKey.clear();
    for (const listener of this.options.listeners) listener.onReset(this.channel);
  }

  onFailure(error: SluiceError): void {
    this.options.onFailure(error);
  }

  /** Nothing comes any more. */
  get isClosed(): boolean {
    return this.isOver;
  }

  /** Ends the following; who waits gets an empty list. */
  close(): void {
    this.isOver = true;
    this.follower?.close();
    for (const { done } of this.levelling.splice(0)) done();
    this.waiters.settleAll(EMPTY);
  }

  /** The channel is there no more: ends the following and tells whoever wants to know. */
  remove(): void {
    this.close();
    for (const tell of this.watchers) tell();
  }

  /** Tells of the removal of the channel. Returns what ends the telling. */
  onRemoved(tell: () => void): () => void {
    this.watchers.add(tell);
    return () => this.watchers.delete(tell);
  }

  private take(entry: LogEntry): void {
    const { channel, index, listeners } = this.options;
    index?.add(channel.name, entry.id, entry.payload);
    if (channel.keys === null) {
      this.lastJson = entry.payload;
      if (this.waiters.has(null)) this.waiters.settle(null, Buffer.from(entry.payload));
    } else this.takeBasket(entry);
    for (const listener of listeners) listener.onEntry(channel, entry);
  }

  private takeBasket({ id, payload }: LogEntry): void {
    for (const [key, json] of basketLists(payload)) {
      this.lastByKey.set(key, { entryId: id, json });
      this.changedKeys.add(key);
      this.waiters.settle(key, json);
    }
    if (this.waiters.has(null)) this.waiters.settle(null, this.last);
  }

  private tellLevel(): void {
    const reached = this.levelling.filter(({ target }) => compareEntryIds(this.seen, target) >= 0);
    if (reached.length === 0) return;
    this.levelling = this.levelling.filter((one) => !reached.includes(one));
    for (const { done } of reached) done();
  }
}
