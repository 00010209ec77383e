import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '@sluice/contracts';
import { type EntryBatch, type GapNotice, type ResetNotice } from '@sluice/stream-log';
import { FIRST_ENTRY_ID, LAST_ENTRY_ID, compareEntryIds, type EntryId } from '@sluice/wire';
import { FollowSet, type FollowSetOwner, type FollowedStream } from '../../follow/follow-set.js';
import { PatternWatch } from '../../streams/pattern-watch.js';
import { folderOfSid } from '../disk/layout.js';
import { appendManifest, type ManifestLine } from '../disk/manifest.js';
import { MAX_STREAMS } from '../disk/recording-folders.js';
import { CURRENT_EVENTS_KEY } from '../keys.js';
import { type RecordingLease } from './lease.js';
import { lastIds } from './positions.js';
import { type RecorderParts } from './recorder-parts.js';
import { recoverRecording, type RecoveredRecording } from './recovery.js';
import { takes, type RunningRecording } from './running-recording.js';
import { StreamTrack, type TrackOwner } from './stream-track.js';

/** A zip is finished after this long, so that readers see what is recorded. */
const SEAL_AFTER_MS = 60_000;
const CHECK_EVERY_MS = 1_000;
/** Files open at once; the oldest zips are finished before more are begun. */
const MAX_OPEN_PARTS = 256;
/** What an entry costs beside its bytes. */
const ENTRY_OVERHEAD_BYTES = 128;
const LOOK_AGAIN_MS = 20;
/** Longest wait at the end for a stream that began anew to be read. */
const REWIND_TIMEOUT_MS = 2_000;

/** A recording that this process writes: a follower and a track for each of its streams. */
export class ActiveRecording implements FollowSetOwner<StreamTrack>, TrackOwner {
  readonly folder: string;
  private readonly tracks = new Map<string, StreamTrack>();
  private readonly open = new Set<StreamTrack>();
  private readonly followed: FollowSet<StreamTrack>;
  private readonly watch: PatternWatch;
  private readonly stopListening: () => void;
  private readonly timer: NodeJS.Timeout;
  private readonly takes: (key: string, sid: string) => boolean;
  private failure: unknown = null;
  /** It ends by a failure. */
  isGivenUp = false;
  private isEnding = false;
  /** Where streams are gone on with; null while that is being found out. */
  private starts: ReadonlyMap<string, EntryId> | null = null;
  private waiting = new Set<string>();
  /** What was there before. */
  private disk: RecoveredRecording = { known: new Set(), written: new Map(), rewound: new Set() };

  constructor(
    readonly record: RunningRecording,
    private readonly lease: RecordingLease,
    private readonly parts: RecorderParts,
    /** Told once, when nothing more can be written. */
    private readonly onBroken: (error: unknown) => void,
  ) {
    this.folder = parts.folders.path('raw', record.name);
    this.takes = takes(record, parts.mayRead(record));
    this.followed = new FollowSet(parts.log, parts.metrics, this);
    this.stopListening = parts.queue.onRoom(() => this.followed.resume());
    this.watch = new PatternWatch(parts.discovery, ['*'], {
      onJoin: (key) => (this.starts === null ? void this.waiting.add(key) : this.join(key)),
      // What is made anew under the name of a deleted stream is gone on with.
      onLeave: () => undefined,
    });
    this.timer = setInterval(() => this.check(), CHECK_EVERY_MS).unref();
  }

  /** Another process writes it now. */
  get isLost(): boolean {
    return this.lease.isLost;
  }

  /** Gives its lease back. */
  leave(): Promise<void> {
    return this.lease.leave();
  }

  get openPart(): RecorderParts['openPart'] {
    return this.parts.openPart;
  }

  /** Hears of streams from now on; those there are now are returned. @throws SluiceError LOG_UNAVAILABLE */
  async listen(): Promise<string[]> {
    await this.watch.start();
    const found = await this.parts.discovery.find();
    return [...new Set([...found, ...this.waiting])].filter((key) => this.wants(key));
  }

  /** Goes on after these positions with the streams they name, and after what the disk has with others. */
  begin(starts: ReadonlyMap<string, EntryId>): void {
    this.starts = starts;
    for (const key of new Set([...starts.keys(), ...this.waiting])) this.join(key);
    this.waiting = new Set();
  }

  /** Makes whole what an earlier process left unfinished, and finds out up to where each stream is written. @throws Error of the file system */
  async recover(): Promise<void> {
    this.disk = await recoverRecording(this.folder);
  }

  /** Ends it at these positions: resolves when everything up to there is on disk. @throws Error when that cannot be */
  async finish(stops: ReadonlyMap<string, EntryId>, reason: string | null): Promise<void> {
    this.isEnding = true;
    for (const key of stops.keys()) if (this.wants(key)) this.join(key);
    await Promise.all(
      [...this.tracks.values()].map((track) => this.reach(track, stops.get(track.key) ?? LAST_ENTRY_ID)),
    );
    await this.close();
    for (const track of this.tracks.values()) await track.seal();
    await this.note([{ type: 'stopped', at: new Date().toISOString(), reason }]);
  }

  /** Where each stream that belongs to it stands now. @throws SluiceError LOG_UNAVAILABLE */
  async ends(): Promise<Map<string, EntryId>> {
    const found = (await this.parts.discovery.find()).filter((key) => this.wants(key));
    return lastIds(this.parts.log.reader, new Set([...this.tracks.keys(), ...found]), LAST_ENTRY_ID);
  }

  /** Ends it where it stands, with as much as the disk takes. */
  async giveUp(reason: string): Promise<void> {
    this.isGivenUp = true;
    await this.close();
    const lines: ManifestLine[] = [];
    for (const track of this.tracks.values()) {
      const lost = await track.sealWithin().catch(() => null);
      if (lost !== 0) lines.push({ type: 'gap', sid: track.sid, after: track.position, next: null, lost, reason });
    }
    await this.note([...lines, { type: 'stopped', at: new Date().toISOString(), reason }]).catch(() => undefined);
  }

  /** Stops writing and leaves it to the next process: whole, if `seals`. */
  async suspend(seals: boolean): Promise<void> {
    await this.close();
    for (const track of this.tracks.values()) {
      if (seals) await track.seal().catch(() => track.abandon());
      else await track.abandon();
    }
  }

  // What the followers tell

  canTake(): boolean {
    return this.parts.queue.hasRoom;
  }

  onBatch({ extra: track }: FollowedStream<StreamTrack>, batch: EntryBatch): boolean {
    const bytes = batch.bytes + batch.entryCount * ENTRY_OVERHEAD_BYTES;
    track.take(batch.entries, bytes);
    this.parts.metrics.countOut(batch.entryCount, batch.bytes);
    this.parts.queue.add(track, bytes);
    return this.canTake();
  }

  onGap({ extra: track }: FollowedStream<StreamTrack>, { after, next, lost }: GapNotice): void {
    track.tell({ type: 'gap', sid: track.sid, after, next, lost, reason: 'trimmed before it was recorded' });
    this.parts.queue.add(track, 0);
  }

  onReset({ extra: track }: FollowedStream<StreamTrack>, { after, next }: ResetNotice): void {
    track.tell({ type: 'reset', sid: track.sid, after, next });
    this.parts.queue.add(track, 0);
  }

  onFailure({ extra: track }: FollowedStream<StreamTrack>, error: SluiceError): void {
    track.isOver = true;
    track.tell({ type: 'gap', sid: track.sid, after: track.position, next: null, lost: null, reason: error.message });
    this.parts.queue.add(track, 0);
  }

  // What the tracks need

  isSure(): Promise<boolean> {
    return this.lease.isSure();
  }

  async describe({ key, sid, folder, position }: StreamTrack): Promise<ManifestLine> {
    return { type: 'stream', sid, folder, after: position, meta: await this.parts.metaOf(key) };
  }

  async note(lines: readonly ManifestLine[]): Promise<void> {
    await appendManifest(this.folder, lines);
  }

  release(bytes: number): void {
    this.parts.queue.release(bytes);
  }

  async opening(track: StreamTrack): Promise<void> {
    if (this.open.size >= MAX_OPEN_PARTS) await this.sealOldest();
    this.open.add(track);
  }

  fail(error: unknown): void {
    if (this.failure !== null) return;
    this.failure = error;
    this.onBroken(error);
  }

  // The rest is its own

  private wants(key: string): boolean {
    const sid = this.parts.sidOf(key);
    return sid !== null && key !== CURRENT_EVENTS_KEY && this.takes(key, sid);
  }

  private join(key: string): void {
    const sid = this.parts.sidOf(key);
    if (sid === null || this.tracks.has(key) || !this.wants(key)) return;
    if (this.tracks.size >= MAX_STREAMS) return;
    const folder = folderOfSid(sid);
    const after = this.positionOf(key, folder);
    const track = new StreamTrack(key, sid, folder, after, this, this.disk.known.has(folder));
    this.tracks.set(key, track);
    this.followed.join(key, track, { after });
  }

  private positionOf(key: string, folder: string): EntryId {
    const start = this.starts?.get(key) ?? FIRST_ENTRY_ID;
    const written = this.disk.written.get(folder) ?? FIRST_ENTRY_ID;
    return this.disk.rewound.has(folder) || compareEntryIds(written, start) > 0 ? written : start;
  }

  /** Resolves when a track has everything up to its end. @throws Error when the recording failed */
  private async reach(track: StreamTrack, end: EntryId): Promise<void> {
    const beganAnew = compareEntryIds(end, track.position) < 0;
    // Of a stream that began anew, what stood before is still on its way: it has higher ids.
    track.stopAt = beganAnew ? LAST_ENTRY_ID : end;
    const deadline = performance.now() + REWIND_TIMEOUT_MS;
    while (beganAnew && compareEntryIds(end, track.position) < 0 && performance.now() < deadline) {
      await delay(LOOK_AGAIN_MS);
    }
    while (!track.isOver && compareEntryIds(track.position, end) < 0) {
      if (this.failure !== null) throw this.failure;
      if (!(await this.hasMore(track, end))) break;
      await Promise.race([this.parts.queue.settled(track), delay(LOOK_AGAIN_MS)]);
      await delay(LOOK_AGAIN_MS / 4);
    }
    await this.parts.queue.settled(track);
    if (this.failure !== null) throw this.failure;
  }

  /** Whether the log has entries that are not written yet; yes while it does not say. */
  private async hasMore(track: StreamTrack, end: EntryId): Promise<boolean> {
    try {
      const [next] = await this.parts.log.reader.read(track.key, { after: track.position, count: 1 });
      return next !== undefined && compareEntryIds(next.id, end) <= 0;
    } catch (error) {
      if (error instanceof SluiceError && error.isRetryable) return true;
      throw error;
    }
  }

  private async close(): Promise<void> {
    this.isEnding = true;
    clearInterval(this.timer);
    this.watch.close();
    this.followed.close();
    this.stopListening();
    await Promise.all([...this.tracks.values()].map((track) => this.parts.queue.settled(track)));
  }

  private check(): void {
    if (this.isEnding) return;
    const now = performance.now();
    for (const track of this.open) {
      const since = track.openSinceMs;
      if (since === null) this.open.delete(track);
      else if (now - since > SEAL_AFTER_MS) this.sealSoon(track);
    }
    void this.parts.freeBytes().then(
      (free) => {
        if (free < this.parts.minFreeBytes)
          this.fail(new SluiceError('DISK_FULL', `only ${free} bytes are free on the disk`));
      },
      () => undefined,
    );
  }

  /** The oldest open file that is not being written now is finished. */
  private async sealOldest(): Promise<void> {
    for (const track of this.open) {
      const isSealed = await this.parts.queue.borrow(track, async () => {
        this.open.delete(track);
        await track.seal();
      });
      if (isSealed) return;
    }
  }

  private sealSoon(track: StreamTrack): void {
    this.open.delete(track);
    track.isSealDue = true;
    this.parts.queue.add(track, 0);
  }
}
