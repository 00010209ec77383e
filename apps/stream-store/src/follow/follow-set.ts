import {
  type EntryBatch,
  type Follower,
  type FollowerSink,
  type FollowOptions,
  type GapNotice,
  type ResetNotice,
  type StreamLog,
} from '@sluice/stream-log';
import { type SluiceError } from '@sluice/contracts';
import { type EntryId } from '@sluice/wire';
import { type FollowMetrics, type Positioned } from '../metrics/store-metrics.js';

/** One followed stream of a set, with what its owner keeps for it. */
export interface FollowedStream<Extra> {
  readonly key: string;
  readonly extra: Extra;
}

/** Who owns a set of followers. */
export interface FollowSetOwner<Extra> {
  /** False while it holds as much as it may: followers wait with their next batch. */
  canTake(): boolean;
  /** Returns false when it can take no more for now; `FollowSet.resume` goes on. */
  onBatch(stream: FollowedStream<Extra>, batch: EntryBatch): boolean;
  onGap(stream: FollowedStream<Extra>, gap: GapNotice): void;
  onReset(stream: FollowedStream<Extra>, reset: ResetNotice): void;
  /** The stream is not followed any more. */
  onFailure(stream: FollowedStream<Extra>, error: SluiceError): void;
}

/** How many paused followers read on at once, and when the next ones follow. */
const RESUMED_TOGETHER = 4;
const RESUME_AGAIN_MS = 5;

/** The followers of one reader: they start, pause, go on and end together. A paused one is a position and nothing else. */
export class FollowSet<Extra> {
  private readonly members = new Map<string, Member<Extra>>();
  private readonly paused = new Set<Member<Extra>>();
  private isClosed = false;
  private resumeTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly log: StreamLog,
    private readonly metrics: FollowMetrics,
    private readonly owner: FollowSetOwner<Extra>,
  ) {}

  get size(): number {
    return this.members.size;
  }

  has(key: string): boolean {
    return this.members.has(key);
  }

  /** Up to where each stream was handed over; `$` where nothing was read yet. */
  positions(): [key: string, position: EntryId | '$'][] {
    return [...this.members.values()].map(({ key, position }) => [key, position]);
  }

  /** Follows a stream, unless it is followed already. */
  join(key: string, extra: Extra, options: FollowOptions): void {
    if (this.isClosed || this.members.has(key)) return;
    const member = new Member(key, extra, this);
    this.members.set(key, member);
    this.metrics.followers += 1;
    member.follower = this.log.follow(key, options, member);
  }

  /** Stops following a stream. */
  leave(key: string): void {
    const member = this.members.get(key);
    if (member === undefined) return;
    this.members.delete(key);
    this.metrics.followers -= 1;
    this.unpause(member);
    member.follower?.close();
  }

  /**
   * Lets paused followers read on from their positions, a few at a time and as long as the owner can take something: all at once
   * each would fetch a batch that has no room any more.
   */
  resume(): void {
    if (this.paused.size === 0 || this.isClosed || !this.owner.canTake()) return;
    let left = RESUMED_TOGETHER;
    for (const member of this.paused) {
      if (left-- === 0) break;
      this.unpause(member);
      member.follower?.resume();
    }
    if (this.paused.size > 0) this.resumeSoon();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.resumeTimer !== null) clearTimeout(this.resumeTimer);
    this.metrics.followers -= this.members.size;
    for (const member of this.members.values()) {
      this.unpause(member);
      member.follower?.close();
    }
    this.members.clear();
  }

  private unpause(member: Member<Extra>): void {
    this.paused.delete(member);
    this.metrics.paused.delete(member);
  }

  private hold(member: Member<Extra>): void {
    this.paused.add(member);
    this.metrics.paused.add(member);
  }

  private resumeSoon(): void {
    this.resumeTimer ??= setTimeout(() => {
      this.resumeTimer = null;
      this.resume();
    }, RESUME_AGAIN_MS);
  }

  /** For members only. */
  take(member: Member<Extra>, batch: EntryBatch): boolean {
    if (this.isClosed) return false;
    const goesOn = this.owner.onBatch(member, batch);
    if (goesOn || this.isClosed) return goesOn;
    this.hold(member);
    return false;
  }

  /** For members only. */
  canTake(member: Member<Extra>): boolean {
    if (this.isClosed || this.owner.canTake()) return true;
    this.hold(member);
    return false;
  }

  /** For members only. */
  tellGap(member: Member<Extra>, gap: GapNotice): void {
    this.metrics.countGap(gap.lost);
    if (!this.isClosed) this.owner.onGap(member, gap);
  }

  /** For members only. */
  tellReset(member: Member<Extra>, reset: ResetNotice): void {
    this.metrics.resets += 1;
    if (!this.isClosed) this.owner.onReset(member, reset);
  }

  /** For members only. */
  fail(member: Member<Extra>, error: SluiceError): void {
    if (this.isClosed || !this.members.delete(member.key)) return;
    this.metrics.followers -= 1;
    this.unpause(member);
    this.owner.onFailure(member, error);
  }
}

class Member<Extra> implements FollowerSink, FollowedStream<Extra>, Positioned {
  follower: Follower | null = null;

  constructor(
    readonly key: string,
    readonly extra: Extra,
    private readonly set: FollowSet<Extra>,
  ) {}

  get position(): EntryId | '$' {
    return this.follower?.position ?? '$';
  }

  canTake(): boolean {
    return this.set.canTake(this);
  }

  onEntries(batch: EntryBatch): boolean {
    return this.set.take(this, batch);
  }

  onGap(gap: GapNotice): void {
    this.set.tellGap(this, gap);
  }

  onReset(reset: ResetNotice): void {
    this.set.tellReset(this, reset);
  }

  onFailure(error: SluiceError): void {
    this.set.fail(this, error);
  }
}
