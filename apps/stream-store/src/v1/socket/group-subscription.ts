import { type SluiceError } from '@sluice/contracts';
import { type LogEntry, type StoredEntry, type StreamAdmin, type StreamLog } from '@sluice/stream-log';
import {
  FrameKind,
  PACKED_FIELD,
  encodeFrameHead,
  encodeName,
  packedCount,
  type EntryId,
  type FollowMessage,
} from '@sluice/wire';
import { FollowSet, type FollowedStream, type FollowSetOwner } from '../../follow/follow-set.js';
import { pauseAboveBytes } from '../../follow/live-pull.js';
import { type FollowMetrics } from '../../metrics/store-metrics.js';
import { encodeBodies } from './data-bodies.js';
import { toSluiceError } from '../../streams/refusing.js';
import { type SessionWriter } from './session-writer.js';

const READ_ENTRIES = 64;
const MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** Entries handed out and not acknowledged, at most, for one subscription. */
const MAX_UNACKED_ENTRIES = 1000;
const OUTAGE_RETRY_MS = 500;

/**
 * A `follow` through a consumer group: each entry goes to one consumer of the group. The followers only tell when there is
 * something to ask the group for.
 */
export class GroupSubscription implements FollowSetOwner<null> {
  readonly sub: number;
  private readonly followed: FollowSet<null>;
  private readonly keys: readonly string[];
  private readonly reading = new Set<string>();
  private readonly again = new Set<string>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private unacked = 0;
  private uncreditedBytes = 0;
  private isClosed = false;

  constructor(
    private readonly log: StreamLog,
    private readonly admin: StreamAdmin,
    private readonly request: FollowMessage,
    keyOf: (name: string) => string,
    private readonly writer: SessionWriter,
    private readonly metrics: FollowMetrics,
  ) {
    this.sub = request.sub;
    this.keys = Object.keys(request.streams).map(keyOf);
    this.followed = new FollowSet(log, metrics, this);
  }

  /** Begins with what this consumer had and did not acknowledge. @throws SluiceError */
  async start(): Promise<void> {
    const { group, consumer, streams, claimIdleMs } = this.request;
    const { groups } = this.admin;
    const froms = Object.values(streams);
    await Promise.all(this.keys.map((key, at) => groups.create(key, group as string, fromOf(froms[at]))));
    // Taken before the first read: whatever comes after these ids wakes a follower.
    const ends = await Promise.all(this.keys.map((key) => this.log.reader.lastGeneratedId(key)));
    const pending = await Promise.all(
      this.keys.map((key) => groups.readPending(key, group as string, consumer as string, MAX_UNACKED_ENTRIES)),
    );
    const positions = await Promise.all(this.keys.map((key) => this.positionOf(key)));
    if (this.isClosed) return;
    this.writer.control({ following: { sub: this.sub, streams: Object.fromEntries(positions) } });
    this.keys.forEach((key, at) => {
      this.send(key, pending[at]?.entries ?? []);
      this.followed.join(key, null, { after: ends[at] ?? '$' });
      this.read(key);
    });
    if (claimIdleMs > 0) this.every(Math.max(1000, claimIdleMs / 2), () => this.claimAll());
  }

  goOn(): void {
    if (!this.isOpen) return;
    for (const key of [...this.again]) this.read(key);
    this.followed.resume();
  }

  credit(bytes: number): void {
    this.uncreditedBytes = Math.max(0, this.uncreditedBytes - bytes);
    this.goOn();
  }

  /** Acknowledges entries; the answer says how many were pending. */
  acknowledge(stream: string, ids: readonly EntryId[]): void {
    this.admin.groups.ack(stream, this.request.group as string, ids).then(
      (count) => {
        if (this.isClosed) return;
        this.unacked = Math.max(0, this.unacked - count);
        this.writer.control({ acked: { sub: this.sub, stream, count } });
        this.goOn();
      },
      (error: unknown) => this.tell(error),
    );
  }

  close(): void {
    this.isClosed = true;
    for (const timer of this.timers) clearInterval(timer);
    this.followed.close();
  }

  onBatch({ key }: FollowedStream<null>): boolean {
    this.read(key);
    return this.isOpen;
  }

  canTake(): boolean {
    return this.isOpen;
  }

  /** Entries that were trimmed unread are lost to the whole group. */
  onGap({ key }: FollowedStream<null>): void {
    this.read(key);
  }

  onReset({ key }: FollowedStream<null>): void {
    this.read(key);
  }

  onFailure(_stream: FollowedStream<null>, error: SluiceError): void {
    this.tell(error);
  }

  private get isOpen(): boolean {
    const { windowBytes } = this.request;
    if (this.isClosed || this.unacked >= MAX_UNACKED_ENTRIES) return false;
    if (windowBytes > 0 && this.uncreditedBytes >= windowBytes) return false;
    return this.writer.bufferedBytes <= pauseAboveBytes(false);
  }

  /** Asks the group for entries until it has none; once at a time for each stream. */
  private read(key: string): void {
    if (this.reading.has(key) || !this.isOpen) {
      this.again.add(key);
      return;
    }
    this.again.delete(key);
    this.reading.add(key);
    const { group, consumer } = this.request;
    const count = Math.min(READ_ENTRIES, MAX_UNACKED_ENTRIES - this.unacked);
    this.admin.groups.read(key, group as string, consumer as string, count).then(
      ({ entries }) => {
        this.reading.delete(key);
        if (this.isClosed) return;
        this.send(key, entries);
        if (entries.length > 0 || this.again.has(key)) this.read(key);
      },
      (error: unknown) => this.readFailed(key, error),
    );
  }

  /** An outage is waited out; any other failure is told and ends the reading of this stream. */
  private readFailed(key: string, error: unknown): void {
    this.reading.delete(key);
    if (this.isClosed) return;
    if (!toSluiceError(error).isRetryable) {
      this.followed.leave(key);
      this.again.delete(key);
      this.tell(error);
      return;
    }
    this.again.add(key);
    this.after(OUTAGE_RETRY_MS, () => this.read(key));
  }

  private async positionOf(key: string): Promise<[string, EntryId]> {
    const groups = await this.admin.groups.list(key);
    return [key, groups.find(({ group }) => group === this.request.group)?.lastDeliveredId ?? '0-0'];
  }

  private claimAll(): void {
    const { group, consumer, claimIdleMs } = this.request;
    if (!this.isOpen) return;
    for (const key of this.keys) {
      this.admin.groups
        .claim(key, group as string, consumer as string, { minIdleMs: claimIdleMs, count: READ_ENTRIES })
        .then(
          ({ entries }) => this.send(key, entries),
          (error: unknown) => this.tell(error),
        );
    }
  }

  private send(key: string, entries: readonly LogEntry[]): void {
    if (entries.length === 0 || this.isClosed) return;
    const form = { fields: this.request.fields, isLatest: false, batchBytes: MAX_FRAME_BYTES };
    for (const { flags, pieces, frameBytes } of encodeBodies(entries.map(asStored), encodeName(key), form)) {
      this.uncreditedBytes += frameBytes;
      this.writer.binary(frameBytes, [encodeFrameHead(FrameKind.DATA, flags, this.sub), ...pieces]);
    }
    this.unacked += entries.length;
    this.metrics.countOut(
      entries.length,
      entries.reduce((sum, { payload }) => sum + payload.length, 0),
    );
  }

  private tell(error: unknown): void {
    if (!this.isClosed) this.writer.error(error, { sub: this.sub });
  }

  private every(intervalMs: number, act: () => void): void {
    this.timers.add(setInterval(act, intervalMs));
  }

  private after(delayMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, delayMs);
    this.timers.add(timer);
  }
}

/** A packed entry as the group hands it out stands in an extra field. */
function asStored(entry: LogEntry): StoredEntry {
  const packed = entry.fields?.find(([name]) => name === PACKED_FIELD)?.[1];
  if (packed === undefined || entry.payload.length > 0) return entry;
  return { id: entry.id, payload: packed, packedCount: packedCount(packed) };
}

/** `-` in a follow means all there is. */
function fromOf(position: string | undefined): string {
  return position === '-' || position === undefined ? '0' : position;
}
