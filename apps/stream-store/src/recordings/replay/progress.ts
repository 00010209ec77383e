import { entryTimeMs } from '@sluice/wire';
import { type ReplayStream } from './player.js';

/** Message of progress, in the shape of the ptg dialect. */
export interface ProgressMessage {
  /** Entries stored since the message before. */
  readonly updates: Readonly<Record<string, number>>;
  /** Streams that have entries left. */
  readonly active: readonly string[];
  /** Length of each stream, in seconds. */
  readonly durations: Readonly<Record<string, number>>;
  /** Where each stream is, in seconds from its first entry on. */
  readonly current: Readonly<Record<string, number>>;
}

/** How far a replay is. */
export class Progress {
  private readonly sids: readonly string[];
  private readonly firstMs: readonly number[];
  private readonly lastMs: readonly number[];
  private readonly currentMs: number[];
  private readonly counts: number[];
  /** Streams that nothing was taken from yet. */
  private readonly untouched: Set<number>;
  private hasEnded = false;

  constructor(streams: readonly ReplayStream[]) {
    this.sids = streams.map(({ recorded }) => recorded.sid);
    this.firstMs = streams.map(({ first }) => entryTimeMs(first));
    this.lastMs = streams.map(({ last }) => entryTimeMs(last));
    this.currentMs = [...this.firstMs];
    this.counts = streams.map(() => 0);
    this.untouched = new Set(streams.keys());
  }

  /** The replay begins, or begins again. */
  begin(): void {
    this.hasEnded = false;
  }

  pushed(stream: number, timeMs: number): void {
    this.currentMs[stream] = timeMs;
    this.untouched.delete(stream);
  }

  stored(stream: number): void {
    this.counts[stream] = (this.counts[stream] ?? 0) + 1;
  }

  finish(): void {
    this.hasEnded = true;
  }

  /** The message now; the next one counts from here. */
  take(): ProgressMessage {
    const updates = this.counts.splice(0);
    this.counts.push(...updates.map(() => 0));
    const isActive = (at: number): boolean =>
      !this.hasEnded && (this.untouched.has(at) || (this.currentMs[at] ?? 0) < (this.lastMs[at] ?? 0));
    return {
      updates: this.bySid(
        (at) => updates[at] ?? 0,
        (at) => (updates[at] ?? 0) > 0,
      ),
      active: this.sids.filter((_sid, at) => isActive(at)),
      durations: this.bySid((at) => ((this.lastMs[at] ?? 0) - (this.firstMs[at] ?? 0)) / 1000),
      current: this.bySid((at) => ((this.currentMs[at] ?? 0) - (this.firstMs[at] ?? 0)) / 1000),
    };
  }

  private bySid(value: (at: number) => number, isIn: (at: number) => boolean = () => true): Record<string, number> {
    const pairs = this.sids.map((sid, at) => [sid, at] as const).filter(([, at]) => isIn(at));
    return Object.fromEntries(pairs.map(([sid, at]) => [sid, value(at)]));
  }
}
