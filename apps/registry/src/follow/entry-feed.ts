import { type SluiceError } from '@sluice/contracts';
import {
  type EntryBatch,
  type Follower,
  type GapNotice,
  type LogEntry,
  type ResetNotice,
  type StreamLog,
} from '@sluice/stream-log';
import { type EntryId } from '@sluice/wire';
import { type EventStream } from '../graphql/event-stream.js';

/** A stream that a subscription reads, and from where. */
export interface FeedStart {
  readonly key: string;
  readonly after: EntryId;
}

/** How a subscription wants its entries. */
export interface FeedOptions {
  /** Most entries of one event. */
  readonly count: number;
  /** Skip to the newest ones; they come newest first. */
  readonly isLatest: boolean;
}

/** What was lost before the first entry of an event. */
export interface Loss {
  readonly after: EntryId;
  readonly next: EntryId;
  /** Entries trimmed unread; null: not known. */
  readonly lost: number | null;
  /** The stream was made anew. */
  readonly isReset: boolean;
}

/** Some entries of one stream. */
export interface EntryEvent {
  readonly key: string;
  readonly entries: readonly LogEntry[];
  readonly loss: Loss | null;
}

/** What bounds the entries that all feeds together keep for readers who do not ask. */
export interface FeedRoom {
  readonly hasRoomForFeeds: boolean;
  /** Negative: no more. */
  keepForFeed(bytes: number): void;
}

interface Member {
  follower: Follower | null;
  /** It has stopped because there was no room: nothing of it is pending. */
  isRefused: boolean;
  pendingBytes: number;
  pending: readonly LogEntry[];
  loss: Loss | null;
}

type Result = IteratorResult<EntryEvent, undefined>;
const DONE: Result = { done: true, value: undefined };

/**
 * Entries of some streams as they are asked for. It holds at most one batch of each stream, and none while all feeds together hold too much:
 * while nobody asks, its followers stand still at their positions and read on from the log afterwards.
 */
export class EntryFeed implements EventStream<EntryEvent> {
  private readonly members = new Map<string, Member>();
  private waiting: { resolve(result: Result): void; reject(error: unknown): void } | null = null;
  private failure: SluiceError | null = null;
  private isClosed = false;

  constructor(
    log: StreamLog,
    starts: readonly FeedStart[],
    private readonly options: FeedOptions,
    private readonly room: FeedRoom,
  ) {
    for (const { key, after } of starts) {
      const member: Member = { follower: null, isRefused: false, pending: [], pendingBytes: 0, loss: null };
      this.members.set(key, member);
      member.follower = log.follow(key, options.isLatest ? { after, latest: options.count } : { after }, {
        canTake: () => this.canTake(member),
        onEntries: (batch) => this.take(member, batch),
        onGap: (gap) => (member.loss = lossOf(gap, gap.lost, false)),
        onReset: (reset) => (member.loss = lossOf(reset, null, true)),
        onFailure: (error) => this.fail(error),
      });
    }
  }

  /** One at a time: who asks again before the answer ends the feed's patience. */
  next(): Promise<Result> {
    if (this.failure !== null) {
      void this.return();
      return Promise.reject(this.failure);
    }
    if (this.isClosed) return Promise.resolve(DONE);
    const event = this.nextEvent();
    if (event !== null) return Promise.resolve({ done: false, value: event });
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      for (const member of this.members.values()) {
        if (!member.isRefused) continue;
        member.isRefused = false;
        member.follower?.resume();
      }
    });
  }

  return(): Promise<Result> {
    this.isClosed = true;
    for (const member of this.members.values()) {
      member.follower?.close();
      this.keep(member, [], 0);
    }
    this.members.clear();
    this.waiting?.resolve(DONE);
    this.waiting = null;
    return Promise.resolve(DONE);
  }

  async throw(error: unknown): Promise<Result> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Who waits is given something, whatever the others keep. */
  private canTake(member: Member): boolean {
    member.isRefused = this.waiting === null && !this.room.hasRoomForFeeds;
    return !member.isRefused;
  }

  private take(member: Member, { entries, bytes }: EntryBatch): boolean {
    if (entries.length === 0) return true;
    this.keep(member, this.options.isLatest ? entries.toReversed() : entries, bytes);
    const { waiting } = this;
    const event = waiting === null ? null : this.nextEvent();
    if (waiting === null || event === null) return false;
    this.waiting = null;
    waiting.resolve({ done: false, value: event });
    return member.pending.length === 0;
  }

  private nextEvent(): EntryEvent | null {
    for (const [key, member] of this.members) {
      if (member.pending.length === 0) continue;
      const event = { key, entries: member.pending.slice(0, this.options.count), loss: member.loss };
      const rest = member.pending.slice(this.options.count);
      // What is left of a batch keeps the memory of all of it.
      this.keep(member, rest, rest.length === 0 ? 0 : member.pendingBytes);
      member.loss = null;
      // Whoever had a turn comes last.
      this.members.delete(key);
      this.members.set(key, member);
      if (member.pending.length === 0) member.follower?.resume();
      return event;
    }
    return null;
  }

  private keep(member: Member, pending: readonly LogEntry[], bytes: number): void {
    this.room.keepForFeed(bytes - member.pendingBytes);
    member.pending = pending;
    member.pendingBytes = bytes;
  }

  private fail(error: SluiceError): void {
    this.failure = error;
    const { waiting } = this;
    this.waiting = null;
    if (waiting === null) return;
    void this.return();
    waiting.reject(error);
  }
}

function lossOf({ after, next }: GapNotice | ResetNotice, lost: number | null, isReset: boolean): Loss {
  return { after, next, lost, isReset };
}
