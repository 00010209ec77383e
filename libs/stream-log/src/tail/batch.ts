import { type EntryId, compareEntryIds } from '@sluice/wire';
import { unpackEntries } from '../replies.js';
import { type EntryBatch, type LogEntry, type StoredEntry } from '../types.js';

/** Consecutive entries of one stream; parts of it are made once and shared like the whole. */
export class Batch implements EntryBatch {
  readonly shared = new Map<string, Uint8Array[]>();
  readonly entryCount: number;
  private parts: Map<number, Batch> | null = null;
  private unpacked: readonly LogEntry[] | null = null;

  constructor(
    readonly key: string,
    readonly after: EntryId,
    readonly last: EntryId,
    readonly stored: readonly StoredEntry[],
    readonly bytes: number,
    /** How many entries the stream had ever been given at `last`; null when that is not known. */
    readonly endOffset: number | null,
  ) {
    let count = 0;
    for (const entry of stored) count += entry.packedCount || 1;
    this.entryCount = count;
  }

  get entries(): readonly LogEntry[] {
    return (this.unpacked ??= unpackEntries(this.stored));
  }

  /** The entries after `position`, which lies within this batch. */
  startingAfter(position: EntryId): Batch {
    if (position === this.after) return this;
    let from = 0;
    while (from < this.entries.length && compareEntryIds(this.entries[from]?.id ?? '', position) <= 0) from++;
    return this.part(from, this.entries.length, position);
  }

  /** The oldest `count` entries. */
  oldest(count: number): Batch {
    return count >= this.entryCount ? this : this.part(0, Math.min(count, this.entries.length), this.after);
  }

  /** The newest `count` entries; what is left out is skipped on purpose. */
  newest(count: number): Batch {
    if (count >= this.entryCount) return this;
    return this.part(Math.max(0, this.entries.length - count), this.entries.length, this.after);
  }

  private part(from: number, to: number, after: EntryId): Batch {
    const id = from * 65_536 + to;
    const known = this.parts?.get(id);
    if (known) return known;
    const entries = this.entries.slice(from, to);
    const isTail = to === this.entries.length;
    const last = isTail ? this.last : (entries.at(-1)?.id ?? after);
    const bytes = entries.reduce((sum, entry) => sum + entry.payload.byteLength, 0);
    const part = new Batch(this.key, after, last, entries, bytes, isTail ? this.endOffset : null);
    this.parts ??= new Map();
    this.parts.set(id, part);
    return part;
  }
}
