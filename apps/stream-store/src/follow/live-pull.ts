import { type EntryBatch, type GapNotice, type ResetNotice, type StreamLog } from '@sluice/stream-log';
import { type SluiceError } from '@sluice/contracts';
import { type EntryId } from '@sluice/wire';
import { type FollowMetrics } from '../metrics/store-metrics.js';
import { type FrameWriter } from '@sluice/service-kit';
import { FollowSet, type FollowedStream, type FollowSetOwner } from './follow-set.js';
import { IdleTimer } from './idle-timer.js';
import { gapFrame, resetFrame } from './notices.js';
import { IDLE_WITHOUT_HEADER, IDLE_WITH_HEADER, encodeBatch } from './pull-encoder.js';
import { type PullOptions, type ResolvedStream } from './pull-options.js';

/**
 * Bytes that a socket may hold before its reader stops taking entries. Frame dropping wants little: what waits in the socket is
 * no longer the latest.
 */
export function pauseAboveBytes(isLatest: boolean): number {
  return isLatest ? 64 * 1024 : 1024 * 1024;
}

/** What a reader tells its socket. */
export interface PullEvents {
  /** A stream can never be read: close with the error. */
  onFailure(error: unknown): void;
  /** Nothing came for as long as the socket waits; without it an idle frame is sent. `waitAgain` goes on. */
  onIdle?(): void;
}

/** What is kept for one stream: its name in headers, and under which its encoded batches are shared. */
interface Labels {
  readonly label: string;
  readonly encodingKey: string;
}

/**
 * Pull without pacing: each batch of a stream goes out as it comes, encoded once for all sockets that want the same. A socket
 * that takes too little pauses its followers; they read on from their positions when it has drained.
 */
export class LivePull implements FollowSetOwner<Labels> {
  private readonly followed: FollowSet<Labels>;
  private readonly idle: IdleTimer;
  private readonly pauseAboveBytes: number;
  private readonly encodingOptions: string;

  constructor(
    log: StreamLog,
    private readonly options: PullOptions,
    private readonly writer: FrameWriter,
    private readonly metrics: FollowMetrics,
    private readonly events: PullEvents,
  ) {
    const { form, isLatest, blockMs } = options;
    this.pauseAboveBytes = pauseAboveBytes(isLatest);
    this.encodingOptions = `pull ${form.count} ${form.hasHeader} ${form.usesStarts} ${isLatest} `;
    this.followed = new FollowSet(log, metrics, this);
    this.idle = new IdleTimer(blockMs, () => this.sendIdle());
    writer.onDrain(() => this.followed.resume());
  }

  start(streams: readonly ResolvedStream[]): void {
    for (const { key, label, start } of streams) this.join(key, label, start);
    this.idle.touch();
  }

  join(key: string, label: string, start: EntryId): void {
    const { isLatest, form } = this.options;
    const latest = isLatest ? { latest: form.count } : {};
    this.followed.join(key, { label, encodingKey: this.encodingOptions + label }, { after: start, ...latest });
  }

  leave(key: string): void {
    this.followed.leave(key);
  }

  /** Up to where each stream was sent; `$` where nothing was read yet. */
  positions(): [key: string, position: EntryId | '$'][] {
    return this.followed.positions();
  }

  /** Counts the time without entries anew. */
  waitAgain(): void {
    this.idle.touch();
  }

  close(): void {
    this.idle.stop();
    this.followed.close();
  }

  onBatch({ extra }: FollowedStream<Labels>, batch: EntryBatch): boolean {
    if (batch.entries.length > 0) this.send(extra, batch);
    return this.canTake();
  }

  canTake(): boolean {
    return this.writer.bufferedBytes <= this.pauseAboveBytes;
  }

  onGap({ extra }: FollowedStream<Labels>, gap: GapNotice): void {
    if (this.options.tellsGaps) this.writer.write(gapFrame(extra.label, gap));
  }

  onReset({ extra }: FollowedStream<Labels>, reset: ResetNotice): void {
    if (this.options.tellsGaps) this.writer.write(resetFrame(extra.label, reset));
  }

  onFailure(stream: FollowedStream<Labels>, error: SluiceError): void {
    // A key that a pattern found and that is no stream is left out; one that was named ends the socket.
    if (this.options.pattern === null) this.events.onFailure(error);
  }

  private send({ label, encodingKey }: Labels, batch: EntryBatch): void {
    const { form, isLatest } = this.options;
    let pieces = batch.shared.get(encodingKey);
    if (pieces === undefined) {
      pieces = encodeBatch(isLatest ? batch.entries.toReversed() : batch.entries, label, form);
      batch.shared.set(encodingKey, pieces);
    }
    this.writer.write(pieces);
    this.metrics.countOut(batch.entries.length, batch.bytes);
    this.idle.touch();
  }

  private sendIdle(): void {
    if (this.writer.bufferedBytes === 0) {
      if (this.events.onIdle !== undefined) return this.events.onIdle();
      this.writer.write([this.options.form.hasHeader ? IDLE_WITH_HEADER : IDLE_WITHOUT_HEADER]);
    }
    this.idle.touch();
  }
}
