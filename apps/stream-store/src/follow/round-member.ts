import { FIRST_ENTRY_ID, compareEntryIds, type EntryId } from '@sluice/wire';
import { type EntryBatch, type Follower, type FollowerSink, type LogEntry } from '@sluice/stream-log';
import { type GapNotice, type ResetNotice } from '@sluice/stream-log';

/** The pull that a member belongs to. */
export interface Rounds {
  readonly isOpen: boolean;
  readonly isLatest: boolean;
  onArrival(member: RoundMember): void;
  newest(member: RoundMember): Promise<readonly LogEntry[]>;
  tellGap(label: string, gap: GapNotice): void;
  tellReset(label: string, reset: ResetNotice): void;
  fail(error: unknown): void;
}

/** One stream of a pull in rounds: holds at most the one batch that its next messages are taken from. */
export class RoundMember implements FollowerSink {
  /** Everything up to here was sent or skipped. */
  cursor: EntryId;
  private follower: Follower | null = null;
  private pending: readonly LogEntry[] = [];
  private taken = 0;
  private isPaused = false;
  /** Latest mode: newer entries came while no message could be sent. */
  private isStale = false;

  constructor(
    private readonly rounds: Rounds,
    readonly key: string,
    readonly label: string,
    readonly start: EntryId,
  ) {
    this.cursor = start;
  }

  attach(follower: Follower): void {
    this.follower = follower;
  }

  onEntries(batch: EntryBatch): boolean {
    this.isPaused = true;
    if (this.rounds.isLatest && !this.rounds.isOpen) {
      this.isStale = true;
      return false;
    }
    this.put(this.rounds.isLatest ? batch.entries.toReversed() : batch.entries);
    if (this.pending.length === 0) {
      this.isPaused = false;
      return true;
    }
    this.rounds.onArrival(this);
    return false;
  }

  onGap(gap: GapNotice): void {
    this.rounds.tellGap(this.label, gap);
  }

  onReset(reset: ResetNotice): void {
    // The new stream's ids may lie below everything that was sent of the old one.
    this.cursor = FIRST_ENTRY_ID;
    this.rounds.tellReset(this.label, reset);
  }

  onFailure(error: unknown): void {
    this.rounds.fail(error);
  }

  /** The next entries to send, at most `count`. */
  peek(count: number): readonly LogEntry[] {
    return this.pending.slice(this.taken, this.taken + count);
  }

  /** Counts an entry as sent. */
  take(entry: LogEntry): void {
    this.taken += 1;
    if (compareEntryIds(entry.id, this.cursor) > 0) this.cursor = entry.id;
    if (this.taken < this.pending.length) return;
    this.pending = [];
    this.taken = 0;
  }

  /** Counts everything up to a position as skipped. */
  skipTo(position: EntryId): void {
    if (compareEntryIds(position, this.cursor) <= 0) return;
    this.cursor = position;
    this.put(this.pending.slice(this.taken));
  }

  /** Reads on when everything read so far was sent. */
  goOn(): void {
    if (this.isStale) {
      this.isStale = false;
      void this.refresh();
      return;
    }
    if (!this.isPaused || this.pending.length > 0) return;
    this.isPaused = false;
    this.follower?.resume();
  }

  close(): void {
    this.follower?.close();
    this.pending = [];
  }

  private put(entries: readonly LogEntry[]): void {
    const { cursor } = this;
    // After a refresh the follower may lie behind what was sent: what it brings again is left out.
    this.pending = entries.filter(({ id }) => compareEntryIds(id, cursor) > 0);
    this.taken = 0;
  }

  private async refresh(): Promise<void> {
    try {
      this.put(await this.rounds.newest(this));
    } catch (error) {
      // The follower waits for the log to come back, and tells what it then finds.
      this.pending = [];
      void error;
    }
    if (this.pending.length > 0) this.rounds.onArrival(this);
    else this.goOn();
  }
}
