import { compareEntryIds, FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { SluiceError } from '@sluice/contracts';
import { type Follower, type FollowerSink, type FollowOptions } from '../types.js';
import { type Batch } from './batch.js';
import { Cursor, type Step } from './cursor.js';
import { type FollowedStream } from './followed-stream.js';

const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 1_000;

type State = 'starting' | 'live' | 'paused' | 'reading' | 'closed';

/**
 * One follower. Live, it takes the batches of the stream's tail; paused it costs nothing; behind, it reads the log from its own
 * position (or the batches others read just now) until it is level with the tail.
 */
export class LiveFollower implements Follower {
  readonly ready: Promise<EntryId>;
  private state: State = 'starting';
  private cursor: Cursor | null = null;
  private settleReady!: (position: EntryId) => void;
  private rejectReady!: (error: unknown) => void;
  private retryDelayMs = RETRY_FIRST_MS;
  /** Told before the next entries; known when there was nothing to deliver yet. */
  private pendingNotice: { readonly isReset: boolean; readonly after: EntryId; readonly lost: number | null } | null =
    null;
  private epoch = 0;

  constructor(
    private readonly stream: FollowedStream,
    private readonly options: FollowOptions,
    private readonly sink: FollowerSink,
  ) {
    this.ready = new Promise((resolve, reject) => {
      this.settleReady = resolve;
      this.rejectReady = reject;
    });
    // A failure is told to the sink; nobody has to wait for `ready`.
    this.ready.catch(() => undefined);
    void this.start();
  }

  get key(): string {
    return this.stream.key;
  }

  get position(): EntryId | '$' {
    return this.cursor?.position ?? this.options.after;
  }

  get isPaused(): boolean {
    return this.state === 'paused';
  }

  get isBehind(): boolean {
    return this.state === 'paused' || this.state === 'reading';
  }

  resume(): void {
    if (this.state === 'paused') void this.catchUp();
  }

  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.rejectReady(new SluiceError('SHUTTING_DOWN', `the follower of "${this.key}" was closed before it was ready`));
    this.stream.remove(this);
  }

  fail(error: SluiceError): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.rejectReady(error);
    this.stream.remove(this);
    this.sink.onFailure(error);
  }

  /** Called by the tail, for live followers only, with the step that led from one position to the next. */
  take(step: Step): void {
    const { batch } = step;
    const { cursor } = this;
    if (!batch || !cursor || this.state !== 'live' || this.mustWait()) return;
    if (step.reset) {
      cursor.position = batch.after;
      this.epoch = this.stream.epoch;
      this.sink.onReset(step.reset);
    }
    if (cursor.position !== batch.after && compareEntryIds(cursor.position, batch.after) > 0) {
      if (compareEntryIds(cursor.position, batch.last) >= 0) return;
      this.deliver(batch.startingAfter(cursor.position));
      return;
    }
    if (step.gap) this.sink.onGap({ ...step.gap, after: cursor.position });
    this.deliver(batch);
  }

  private async start(): Promise<void> {
    for (;;) {
      try {
        const bounds = await this.stream.readBounds();
        if (this.isClosed()) return;
        this.cursor = Cursor.startingAt(this.key, this.options.after, bounds);
        this.stream.begin(bounds);
        this.epoch = this.stream.epoch;
        this.settleReady(this.cursor.position);
        await this.catchUp();
        return;
      } catch (error) {
        if (!(await this.survives(error))) return;
      }
    }
  }

  /** Hands out a batch in pieces as large as the follower takes them; false when it is paused now. */
  private deliver(whole: Batch): boolean {
    const { latest = 0, maxEntries = 0 } = this.options;
    let rest = latest > 0 ? whole.newest(latest) : whole;
    for (;;) {
      const piece = maxEntries > 0 ? rest.oldest(maxEntries) : rest;
      if (this.cursor) {
        this.cursor.position = piece.last;
        this.cursor.offset = piece.endOffset;
      }
      if (this.pendingNotice) this.tellPending(piece);
      const goesOn = piece.stored.length === 0 || this.sink.onEntries(piece);
      if (this.isClosed()) return false;
      if (!goesOn) {
        this.state = 'paused';
        this.stream.pause(this);
        return false;
      }
      if (piece.last === rest.last) return true;
      rest = rest.startingAfter(piece.last);
    }
  }

  private async catchUp(): Promise<void> {
    this.state = 'reading';
    for (;;) {
      if (this.isClosed() || !this.cursor) return;
      if (this.epoch !== this.stream.epoch) this.startOver(this.cursor);
      const isLevel = compareEntryIds(this.cursor.position, this.stream.position) >= 0;
      if (!isLevel && this.mustWait()) return;
      const cached = this.options.latest ? null : this.stream.recent.after(this.cursor.position);
      if (cached) {
        if (!this.deliver(cached)) return;
        continue;
      }
      if (isLevel) {
        this.state = 'live';
        this.stream.join(this);
        return;
      }
      try {
        if (!(await this.readOnce(this.cursor))) return;
      } catch (error) {
        if (!(await this.survives(error))) return;
      }
    }
  }

  /** One read of the log by itself; false when the follower is paused or closed. */
  private async readOnce(cursor: Cursor): Promise<boolean> {
    const level = this.stream.position;
    const { latest = 0 } = this.options;
    if (latest > 0) {
      const batch = await this.stream.readNewest(cursor.position, latest);
      if (this.isClosed() || this.mustWait()) return false;
      if (batch) return this.deliver(batch);
      cursor.position = level;
      return true;
    }
    const undo = cursor.mark();
    const step = await this.stream.readBehind(cursor);
    if (this.isClosed()) return false;
    if (step.batch && this.mustWait()) {
      undo();
      return false;
    }
    this.retryDelayMs = RETRY_FIRST_MS;
    if (step.reset) this.sink.onReset(step.reset);
    if (step.gap) this.sink.onGap(step.gap);
    if (step.batch) return this.deliver(step.batch);
    if (!step.readAgain && compareEntryIds(cursor.position, level) < 0) this.skipTo(cursor, level);
    return true;
  }

  /** Nothing was there up to where the tail stood before the read: what lay between was deleted or trimmed away. */
  private skipTo(cursor: Cursor, level: EntryId): void {
    const { offset } = this.stream;
    const lost = offset === null || cursor.offset === null ? null : offset - cursor.offset;
    if (lost !== 0) this.pendingNotice ??= { isReset: false, after: cursor.position, lost };
    cursor.position = level;
    cursor.offset = offset;
  }

  /** The stream was made anew while this follower was behind. */
  private startOver(cursor: Cursor): void {
    this.epoch = this.stream.epoch;
    this.pendingNotice = { isReset: true, after: cursor.position, lost: null };
    cursor.position = FIRST_ENTRY_ID;
    cursor.offset = 0;
  }

  private tellPending(piece: Batch): void {
    const next = piece.entries[0]?.id;
    if (!next || !this.pendingNotice) return;
    const { isReset, after, lost } = this.pendingNotice;
    this.pendingNotice = null;
    if (isReset) this.sink.onReset({ key: this.key, after, next });
    else this.sink.onGap({ key: this.key, after, next, lost });
  }

  /** An outage is waited out; anything else ends the follower. */
  private async survives(error: unknown): Promise<boolean> {
    if (this.isClosed()) return false;
    const failure =
      error instanceof SluiceError ? error : new SluiceError('INTERNAL', 'reading the log failed', { cause: error });
    if (failure.code !== 'LOG_UNAVAILABLE') {
      this.fail(failure);
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, this.retryDelayMs));
    this.retryDelayMs = Math.min(RETRY_LONGEST_MS, this.retryDelayMs * 2);
    return !this.isClosed();
  }

  /** Pauses when the sink can take nothing now; the position stays, and what was not told will be. */
  private mustWait(): boolean {
    if (this.sink.canTake?.() !== false) return false;
    this.state = 'paused';
    this.stream.pause(this);
    return true;
  }

  private isClosed(): boolean {
    return this.state === 'closed';
  }
}
