import { type SluiceError } from '@sluice/contracts';
import { textFrame } from '@sluice/service-kit';
import {
  type EntryBatch,
  type Follower,
  type FollowerSink,
  type GapNotice,
  type ResetNotice,
} from '@sluice/stream-log';
import { type Channel } from '../engine/catalogue.js';
import { encodeTicks } from './tick-frames.js';

/** The socket of a subscription, as far as it needs it. */
export interface SubscriptionSocket {
  /** Whether it takes more now. */
  readonly hasRoom: boolean;
  write(pieces: readonly Uint8Array[]): void;
  end(error: SluiceError): void;
}

/** What a subscriber asked for beyond the ticks. */
export interface Extras {
  readonly withSeq: boolean;
  /** Gaps, resets and the removal of the channel are told. */
  readonly withGaps: boolean;
}

/**
 * One channel that a socket follows. It holds a position in the log and no queue: while the socket has no room it waits, and goes on
 * from the log afterwards.
 */
export class Subscription implements FollowerSink {
  private follower: Follower | null = null;
  private unwatch: () => void = () => undefined;
  /** Of each key of a basket only so many of the newest ticks of what comes at once; 0: all. */
  latestOfKeys = 0;
  private readonly chosen: Set<string> | null;

  constructor(
    readonly channel: Channel,
    private readonly socket: SubscriptionSocket,
    public extras: Extras,
  ) {
    this.chosen = channel.keys === null ? null : new Set();
  }

  /** Follows the channel from now on. @param unwatch ends the looking for its removal */
  begin(follower: Follower, unwatch: () => void): void {
    this.follower = follower;
    this.unwatch = unwatch;
  }

  /** Goes on when the socket has room again. */
  resume(): void {
    this.follower?.resume();
  }

  /** Whether nothing of the channel is wanted any more. */
  get isEmpty(): boolean {
    return this.chosen !== null && this.chosen.size === 0;
  }

  /** Adds keys of a basket. */
  choose(keys: Iterable<string>): void {
    for (const key of keys) this.chosen?.add(key);
  }

  /** Whether all of these keys are chosen already. */
  has(keys: readonly string[]): boolean {
    return keys.every((key) => this.chosen?.has(key) === true);
  }

  drop(keys: Iterable<string>): void {
    for (const key of keys) this.chosen?.delete(key);
  }

  canTake(): boolean {
    return this.socket.hasRoom;
  }

  onEntries(batch: EntryBatch): boolean {
    const isWhole = this.chosen === null || this.chosen.size === this.channel.keys?.size;
    const pieces = encodeTicks(this.channel, batch, {
      keys: isWhole ? null : this.chosen,
      withSeq: this.extras.withSeq,
      latest: this.latestOfKeys,
    });
    this.socket.write(pieces);
    return this.socket.hasRoom;
  }

  onGap({ after, next, lost }: GapNotice): void {
    if (this.extras.withGaps) this.tell({ gap: { after, next, lost } });
  }

  onReset({ after, next }: Pick<ResetNotice, 'after' | 'next'>): void {
    if (this.extras.withGaps) this.tell({ reset: { after, next } });
  }

  onFailure(error: SluiceError): void {
    this.socket.end(error);
  }

  /** The channel was removed: what has its name later is another one. */
  onRemoved(): void {
    this.close();
    if (this.extras.withGaps) this.tell({ removed: true });
  }

  close(): void {
    this.unwatch();
    this.follower?.close();
  }

  private tell(notice: object): void {
    this.socket.write(textFrame(JSON.stringify({ channel: this.channel.name, ...notice })));
  }
}
