import { type EntryBatch, type FollowerSink, type GapNotice, type ResetNotice } from '../src/index.js';
import { type SluiceError } from '@sluice/contracts';

/** A follower's sink that keeps what it was told, in order. */
export class Collector implements FollowerSink {
  readonly ids: string[] = [];
  readonly payloads: string[] = [];
  readonly batches: EntryBatch[] = [];
  readonly gaps: GapNotice[] = [];
  readonly resets: ResetNotice[] = [];
  readonly failures: SluiceError[] = [];
  /** Pause after each batch. */
  pauses = false;

  onEntries(batch: EntryBatch): boolean {
    this.batches.push(batch);
    for (const entry of batch.entries) {
      this.ids.push(entry.id);
      this.payloads.push(Buffer.from(entry.payload).toString());
    }
    return !this.pauses;
  }

  onGap(gap: GapNotice): void {
    this.gaps.push(gap);
  }

  onReset(reset: ResetNotice): void {
    this.resets.push(reset);
  }

  onFailure(error: SluiceError): void {
    this.failures.push(error);
  }
}

export const KEEP_ALL = { trimsEveryEntry: false, maxLenFor: (): number => -1 };
