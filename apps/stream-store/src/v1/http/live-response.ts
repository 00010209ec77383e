import { type SluiceError } from '@sluice/contracts';
import { type EntryBatch, type GapNotice, type LogEntry, type ResetNotice, type StreamLog } from '@sluice/stream-log';
import { FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { type ServerResponse } from 'node:http';
import { type StreamFinder } from '../../streams/permitted.js';
import { PatternWatch, type PatternMembers } from '../../streams/pattern-watch.js';
import { FollowSet, type FollowedStream, type FollowSetOwner } from '../../follow/follow-set.js';
import { type FollowMetrics } from '../../metrics/store-metrics.js';

/** What a streaming response follows. */
export interface LiveSelection {
  /** Key → position. */
  readonly streams: ReadonlyMap<string, EntryId>;
  /** Streams that match join as they appear. */
  readonly globs: readonly string[];
  /** Where they are found. */
  readonly finder: StreamFinder;
}

/** How a streaming response writes what it follows. */
export interface LiveEncoder {
  readonly contentType: string;
  /** Kept alive with this when nothing came for a while; empty: with nothing. */
  readonly heartbeat: Uint8Array;
  /** Sent once, before anything else. */
  opening(): Uint8Array;
  entries(key: string, entries: readonly LogEntry[]): Uint8Array;
  gap(gap: GapNotice): Uint8Array;
  reset(reset: ResetNotice): Uint8Array;
  error(error: SluiceError): Uint8Array;
}

const HEARTBEAT_MS = 15_000;
const PAUSE_ABOVE_BYTES = 1024 * 1024;

/** An endless HTTP response that follows streams. A client that takes too little pauses the followers, not the service. */
export class LiveResponse implements FollowSetOwner<null>, PatternMembers {
  private readonly followed: FollowSet<null>;
  private readonly heartbeat: NodeJS.Timeout;
  private readonly watch: PatternWatch;

  constructor(
    log: StreamLog,
    private readonly selection: LiveSelection,
    private readonly response: ServerResponse,
    private readonly encoder: LiveEncoder,
    private readonly metrics: FollowMetrics,
  ) {
    this.followed = new FollowSet(log, metrics, this);
    this.watch = new PatternWatch(selection.finder, selection.globs, this);
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
    response.on('drain', () => this.followed.resume());
    response.once('close', () => this.close());
  }

  /** @throws SluiceError LOG_UNAVAILABLE when the streams of a glob cannot be listed */
  async start(): Promise<void> {
    // Headers leave at once, so that a client knows that it is connected.
    this.response.flushHeaders();
    this.write(this.encoder.opening());
    for (const [key, after] of this.selection.streams) this.followed.join(key, null, { after });
    await this.watch.start();
  }

  onJoin(key: string): void {
    this.followed.join(key, null, { after: FIRST_ENTRY_ID });
  }

  onLeave(key: string): void {
    if (!this.selection.streams.has(key)) this.followed.leave(key);
  }

  /** Ends the response when the service stops. */
  end(): void {
    this.close();
    this.response.end();
  }

  onBatch({ key }: FollowedStream<null>, { entries, bytes }: EntryBatch): boolean {
    if (entries.length > 0) this.write(this.encoder.entries(key, entries));
    this.metrics.countOut(entries.length, bytes);
    return this.canTake();
  }

  canTake(): boolean {
    return this.response.writableLength <= PAUSE_ABOVE_BYTES;
  }

  onGap(_stream: FollowedStream<null>, gap: GapNotice): void {
    this.write(this.encoder.gap(gap));
  }

  onReset(_stream: FollowedStream<null>, reset: ResetNotice): void {
    this.write(this.encoder.reset(reset));
  }

  onFailure(_stream: FollowedStream<null>, error: SluiceError): void {
    this.write(this.encoder.error(error));
    if (this.followed.size === 0) this.end();
  }

  private close(): void {
    clearInterval(this.heartbeat);
    this.watch.close();
    this.followed.close();
  }

  private beat(): void {
    if (this.response.writableLength === 0) this.write(this.encoder.heartbeat);
  }

  private write(bytes: Uint8Array): void {
    if (bytes.length > 0 && !this.response.destroyed) this.response.write(bytes);
  }
}
