import { type EntryId } from '@sluice/wire';
import { type Follower, type LogEntry, type StreamLog } from '@sluice/stream-log';
import { type Address } from './addresses.js';

/** Entries of a stream that were trimmed before they could be read. */
export interface ToldGap {
  readonly sid: string;
  readonly after: EntryId;
  readonly next: EntryId;
  readonly lost: number | null;
}

/** Registers who is told when nobody waits any more; returns the function that ends that. */
export type OnEnd = (callback: () => void) => () => void;

/** Waits for the first entries of any of several streams; everything read in the same turn comes along. */
export class FirstArrival {
  private readonly entries: LogEntry[][];
  private done: (() => void) | null = null;
  private failure: unknown = null;

  constructor(
    private readonly log: StreamLog,
    private readonly count: number,
    private readonly addresses: readonly Address[],
    private readonly gaps: ToldGap[],
  ) {
    this.entries = addresses.map(() => []);
  }

  /**
   * @param blockMs longest wait; 0: until something comes or the client is gone
   * @throws SluiceError when a stream can never be read
   */
  async run(after: readonly EntryId[], blockMs: number, onEnd: OnEnd): Promise<LogEntry[][]> {
    const followers = this.addresses.map((address, index) => this.follow(address, index, after[index] as EntryId));
    let timer: NodeJS.Timeout | undefined;
    let forget: (() => void) | undefined;
    try {
      await new Promise<void>((resolve) => {
        this.done = resolve;
        if (blockMs > 0) timer = setTimeout(resolve, blockMs);
        forget = onEnd(resolve);
        if (this.failure !== null) resolve();
      });
      if (this.failure !== null) throw this.failure;
      return this.entries;
    } finally {
      clearTimeout(timer);
      forget?.();
      for (const follower of followers) follower.close();
    }
  }

  private follow({ key, label }: Address, index: number, after: EntryId): Follower {
    const follower = this.log.follow(
      key,
      { after, maxEntries: this.count },
      {
        onEntries: ({ entries }) => {
          this.entries[index] = entries.slice(0, this.count);
          if (entries.length > 0) setImmediate(() => this.done?.());
          return entries.length === 0;
        },
        onGap: ({ after: last, next, lost }) => void this.gaps.push({ sid: label, after: last, next, lost }),
        onReset: () => undefined,
        onFailure: (error) => {
          this.failure = error;
          this.done?.();
        },
      },
    );
    follower.ready.catch(() => undefined);
    return follower;
  }
}
