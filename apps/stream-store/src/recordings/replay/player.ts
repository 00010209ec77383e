import { type StreamLog } from '@sluice/stream-log';
import { entryTimeMs, type EntryId } from '@sluice/wire';
import { type RecordedStream } from '../disk/recording-folders.js';
import { mergeById, type Merged } from '../library/merge.js';
import { readRecorded, type RecordedEntry } from '../library/recorded-entries.js';
import { Progress } from './progress.js';
import { ReadAhead } from './read-ahead.js';
import { type ReplayCommand, type ReplayOptions } from './replay-options.js';
import { Schedule } from './schedule.js';
import { WriteWindow } from './write-window.js';

/** One stream to be replayed. */
export interface ReplayStream {
  readonly recorded: RecordedStream;
  /** Redis key of the stream that gets its entries. */
  readonly target: string;
  readonly first: EntryId;
  readonly last: EntryId;
}

/** Between the last entry and the first one again, where a replay loops. */
const LOOP_GAP_MS = 100;

/** Adds the entries of a recording to streams anew, at the distances at which they were recorded. */
export class Player {
  readonly progress: Progress;
  private readonly schedule: Schedule;
  private readonly window: WriteWindow;
  private readonly firstMs: number;
  private readonly endMs: number;
  private seekMs: number | null = null;
  private isStopped = false;

  constructor(
    log: StreamLog,
    private readonly streams: readonly ReplayStream[],
    private readonly options: ReplayOptions,
    count: (bytes: number) => void,
  ) {
    this.progress = new Progress(streams);
    this.schedule = new Schedule(options.speed);
    this.window = new WriteWindow(log, (stream) => this.progress.stored(stream), count);
    this.firstMs = Math.min(...streams.map(({ first }) => entryTimeMs(first)));
    this.endMs = options.end === null ? Number.POSITIVE_INFINITY : this.firstMs + options.end * 1000;
  }

  /** Resolves when the end was reached, or `stop` was called. @throws SluiceError for a damaged recording, or a stream that takes no entries */
  async run(): Promise<void> {
    const startMs = this.firstMs + this.options.start * 1000;
    let fromMs = startMs;
    try {
      while (!this.isStopped) {
        const { seekTo, count } = await this.play(fromMs);
        fromMs = seekTo ?? startMs;
        if (seekTo !== null) continue;
        if (!this.options.isLooping || count === 0) break;
        await this.schedule.until(this.lastMs(fromMs) + LOOP_GAP_MS);
      }
      if (!this.isStopped) await this.window.settled();
      this.progress.finish();
    } finally {
      this.window.close();
    }
  }

  control(command: ReplayCommand): void {
    if ('pause' in command) this.schedule.pause();
    else if ('resume' in command) this.schedule.resume();
    else if ('speed' in command) this.schedule.setSpeed(command.speed);
    else {
      this.seekMs = this.firstMs + command.seek * 1000;
      this.schedule.interrupt();
    }
  }

  stop(): void {
    this.isStopped = true;
    this.schedule.interrupt();
    this.window.close();
  }

  /** Plays from a time to the end, or until it is sought elsewhere. */
  private async play(fromMs: number): Promise<{ readonly seekTo: number | null; readonly count: number }> {
    const range = { fromMs, toMs: this.endMs };
    const sources = this.streams.map(({ recorded }) => readRecorded(recorded, range));
    const ahead = new ReadAhead<Merged<RecordedEntry>>(mergeById(sources, false));
    this.progress.begin();
    let count = 0;
    try {
      let next = await ahead.next();
      this.schedule.startAt(fromMs);
      for (; next !== null; next = await ahead.next()) {
        const timeMs = entryTimeMs(next.entry.id);
        while (!this.isInterrupted && !(await this.schedule.until(timeMs)));
        if (!this.isInterrupted) await this.window.room();
        if (this.isInterrupted) break;
        this.window.push((this.streams[next.source] as ReplayStream).target, next.entry, next.source);
        this.progress.pushed(next.source, timeMs);
        count += 1;
      }
      const seekTo = this.seekMs;
      this.seekMs = null;
      return { seekTo, count };
    } finally {
      await ahead.close();
    }
  }

  private get isInterrupted(): boolean {
    return this.isStopped || this.seekMs !== null;
  }

  private lastMs(fromMs: number): number {
    return Math.max(fromMs, Math.min(this.endMs, ...this.streams.map(({ last }) => entryTimeMs(last))));
  }
}
