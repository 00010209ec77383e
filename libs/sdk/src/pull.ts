import { type Position } from '@sluice/wire';
import { EntryIteration } from './entry-iteration.js';
import { type SubscriptionEvents } from './subscription.js';
import { type Entry } from './types.js';

/** Which streams: a name, several, names with a position each, or glob patterns (`cam*:video`). */
export type PullTarget =
  | string
  | readonly string[]
  | {
      readonly streams?: readonly string[] | Readonly<Record<string, Position>>;
      readonly patterns?: readonly string[];
    };

/** How to pull. */
export interface PullOptions extends SubscriptionEvents {
  /** Where to begin in streams that have no position of their own: `$` now (default), `-` at the first entry, or after an id. */
  readonly from?: Position;
  /** Drop what cannot be taken in time: only the newest `latest` entries of a stream, newest first (`true`: 1). */
  readonly latest?: boolean | number;
  /** Frames a second at most; 0 (default): no limit. */
  readonly maxFps?: number;
  /** Ask for the fields beside the payload. */
  readonly fields?: boolean;
  /** Received and not yet taken at most, in bytes; the server waits then. Default 8 MiB. */
  readonly windowBytes?: number;
  /** Ends the pull. */
  readonly signal?: AbortSignal;
}

/** Names and positions of a target. */
export function targetStreams(target: PullTarget, from: Position): Record<string, Position> {
  const given = typeof target === 'string' ? [target] : isNames(target) ? target : (target.streams ?? []);
  if (!isNames(given)) return { ...given };
  return Object.fromEntries(given.map((name) => [name, from]));
}

/** Patterns of a target. */
export function targetPatterns(target: PullTarget): readonly string[] {
  return typeof target === 'string' || isNames(target) ? [] : (target.patterns ?? []);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}

/**
 * Entries as they come, from where it was asked, without loss or repetition across reconnections; what the log itself has lost is
 * told by `onGap` and `onReset`. Iterate it once; leaving the loop ends it.
 */
export class Pull extends EntryIteration<Entry> {
  /** @throws SluiceError what the server refused the pull with, after the entries received before */
  next(): Promise<IteratorResult<Entry, undefined>> {
    const entry = this.batch[this.at];
    if (entry === undefined) return this.nextOfBatch();
    this.at++;
    return Promise.resolve({ done: false, value: entry });
  }

  /**
   * All entries of a received frame at once: the fast way to take many.
   * @throws SluiceError as {@link next}
   */
  async nextBatch(): Promise<readonly Entry[] | null> {
    const rest = this.batch.slice(this.at);
    this.batch = [];
    this.at = 0;
    return rest.length > 0 ? rest : this.receive();
  }

  private async nextOfBatch(): Promise<IteratorResult<Entry, undefined>> {
    const batch = await this.nextBatch();
    const first = batch?.[0];
    if (batch === null || first === undefined) return { done: true, value: undefined };
    this.batch = batch;
    this.at = 1;
    return { done: false, value: first };
  }
}
