import { compareEntryIds, entryOfPosition, FIRST_ENTRY_ID, previousEntryId, type EntryId } from '@sluice/wire';
import { type Bounds } from '../bounds.js';
import { type ParsedEntries } from '../replies.js';
import { type GapNotice, type ResetNotice } from '../types.js';
import { Batch } from './batch.js';

/** What a read after the cursor's position turned out to be. */
export interface Step {
  readonly batch: Batch | null;
  readonly gap: GapNotice | null;
  readonly reset: ResetNotice | null;
  /** The position was moved back (reset): read again. */
  readonly readAgain: boolean;
  /** More entries were there than the read asked for. */
  readonly more: boolean;
}

/**
 * A position in one stream that notices trimming and resets. Beside the id it counts the entries the stream had ever been
 * given at that position, so that a loss can be told in numbers.
 */
export class Cursor {
  private resetFrom: EntryId | null = null;
  /** The stream was seen to be missing: whatever comes back under its name is another one, and must be read checked. */
  isGone = false;

  constructor(
    readonly key: string,
    public position: EntryId,
    public offset: number | null,
  ) {}

  /** The start of a reader that asked for `after`. From the first entry on, whatever was trimmed before is no loss. */
  static startingAt(key: string, after: EntryId | '$', bounds: Bounds): Cursor {
    if (after === '$') return new Cursor(key, bounds.lastGeneratedId, bounds.entriesAdded);
    if (after === FIRST_ENTRY_ID) return new Cursor(key, after, bounds.entriesAdded - bounds.length);
    const isAtEnd = compareEntryIds(after, bounds.lastGeneratedId) >= 0;
    return new Cursor(key, after, isAtEnd ? bounds.entriesAdded : null);
  }

  /** Remembers where the cursor is, so that a read whose entries nobody took can be undone. */
  mark(): () => void {
    const { position, offset, resetFrom, isGone } = this;
    return () => {
      this.position = position;
      this.offset = offset;
      this.resetFrom = resetFrom;
      this.isGone = isGone;
    };
  }

  /** What to give XREAD: the entry before a packed one when the position lies within it. */
  get readFrom(): EntryId {
    if (!this.position.includes('/')) return this.position;
    return previousEntryId(entryOfPosition(this.position)) ?? FIRST_ENTRY_ID;
  }

  /** A read that cannot have passed a gap: something older than its first entry is still in the log. */
  takeContiguous(read: ParsedEntries): Batch {
    return this.take(read, this.offset === null ? null : this.offset + read.count);
  }

  /** A read made in one transaction with `bounds`. `asked` is its COUNT. */
  takeChecked(bounds: Bounds, read: ParsedEntries, asked: number): Step {
    const more = read.count >= asked;
    if (!bounds.exists) {
      this.isGone = this.offset !== null && this.offset > 0;
      return NOTHING;
    }
    if (this.isMadeAnew(bounds)) {
      this.isGone = false;
      this.resetFrom ??= this.position;
      this.position = FIRST_ENTRY_ID;
      this.offset = bounds.entriesAdded - bounds.length;
      return { ...NOTHING, readAgain: true };
    }
    if (read.first === null || read.last === null) return NOTHING;
    const next = read.first;
    const after = this.position;
    const removed = bounds.entriesAdded - bounds.length;
    const startsLog = read.first === bounds.firstId;
    let reset: ResetNotice | null = null;
    let gap: GapNotice | null = null;
    if (this.resetFrom !== null || (this.offset !== null && bounds.entriesAdded < this.offset)) {
      reset = { key: this.key, after: this.resetFrom ?? after, next };
      this.resetFrom = null;
    } else if (startsLog && read.first !== entryOfPosition(after) && this.isLossy(removed)) {
      gap = { key: this.key, after, next, lost: this.lostCount(removed, bounds) };
    }
    const offset = more ? (startsLog ? removed + read.count : this.plus(read.count, reset)) : bounds.entriesAdded;
    return { batch: this.take(read, offset), gap, reset, readAgain: false, more };
  }

  /** As far as it can be known: a stream made anew between two reads with the same last id and no fewer entries looks the same. */
  private isMadeAnew({ lastGeneratedId, entriesAdded }: Bounds): boolean {
    if (this.isGone) return true;
    if (this.offset === null || this.offset === 0) return false;
    const order = compareEntryIds(lastGeneratedId, this.position);
    return order < 0 || (order === 0 && entriesAdded < this.offset);
  }

  private isLossy(removed: number): boolean {
    return this.offset === null ? removed > 0 && this.position !== FIRST_ENTRY_ID : removed > this.offset;
  }

  /** Entries deleted one by one make the count uncertain. */
  private lostCount(removed: number, bounds: Bounds): number | null {
    return this.offset === null || bounds.maxDeletedId !== FIRST_ENTRY_ID ? null : removed - this.offset;
  }

  private plus(count: number, reset: ResetNotice | null): number | null {
    return this.offset === null || reset ? null : this.offset + count;
  }

  private take(read: ParsedEntries, endOffset: number | null): Batch {
    const last = read.last ?? this.position;
    const after = this.position.includes('/') ? FIRST_ENTRY_ID : this.position;
    const batch = new Batch(this.key, after, last, read.entries, read.bytes, endOffset);
    const { position } = this;
    this.position = last;
    this.offset = endOffset;
    // From within a packed entry the whole of it was read again.
    return position.includes('/') ? batch.startingAfter(position) : batch;
  }
}

const NOTHING: Step = { batch: null, gap: null, reset: null, readAgain: false, more: false };
