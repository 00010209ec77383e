import { type EntryId, compareEntryIds } from '@sluice/wire';
import { type Batch } from './batch.js';

const MAX_BATCHES = 64;

/** What all the streams of a process may keep together, and one of them. */
export class CacheBudget {
  usedBytes = 0;
  constructor(
    readonly maxBytes: number,
    readonly maxStreamBytes: number,
  ) {}
}

/** The batches of one stream that were read last: followers that fell behind a little, or keep a pace, share them. */
export class RecentBatches {
  private batches: Batch[] = [];
  private bytes = 0;
  private lastUseMs = Date.now();

  constructor(private readonly budget: CacheBudget) {}

  add(batch: Batch): void {
    const cost = batch.bytes + batch.stored.length * 64;
    this.lastUseMs = Date.now();
    const { maxStreamBytes } = this.budget;
    if (cost > maxStreamBytes || this.budget.usedBytes + cost > this.budget.maxBytes) return;
    this.batches.push(batch);
    this.bytes += cost;
    this.budget.usedBytes += cost;
    while (this.batches.length > MAX_BATCHES || this.bytes > maxStreamBytes) this.dropOldest();
  }

  /** The rest of a batch that holds what comes right after `position`. */
  after(position: EntryId): Batch | null {
    for (let index = this.batches.length - 1; index >= 0; index--) {
      const batch = this.batches[index];
      if (!batch) continue;
      if (batch.after === position) return this.used(batch);
      if (compareEntryIds(batch.after, position) < 0 && compareEntryIds(position, batch.last) < 0) {
        return this.used(batch.startingAfter(position));
      }
    }
    return null;
  }

  /** The batch read last, if it ends at `position`. */
  endingAt(position: EntryId): Batch | null {
    const batch = this.batches.at(-1);
    return batch?.last === position ? this.used(batch) : null;
  }

  clear(): void {
    while (this.batches.length > 0) this.dropOldest();
  }

  /** Gives the memory back when nobody came for a while. */
  clearIfUnusedSince(timeMs: number): void {
    if (this.lastUseMs < timeMs) this.clear();
  }

  private used(batch: Batch): Batch {
    this.lastUseMs = Date.now();
    return batch;
  }

  private dropOldest(): void {
    const batch = this.batches.shift();
    if (!batch) return;
    const cost = batch.bytes + batch.stored.length * 64;
    this.bytes -= cost;
    this.budget.usedBytes -= cost;
  }
}
