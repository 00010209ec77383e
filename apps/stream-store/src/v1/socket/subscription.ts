import { type SluiceError } from '@sluice/contracts';
import { type EntryBatch, type GapNotice, type ResetNotice, type StreamLog } from '@sluice/stream-log';
import {
  FIRST_ENTRY_ID,
  FrameKind,
  encodeFrameHead,
  encodeName,
  type EntryId,
  type FollowMessage,
  type Position,
} from '@sluice/wire';
import { FollowSet, type FollowedStream, type FollowSetOwner } from '../../follow/follow-set.js';
import { pauseAboveBytes } from '../../follow/live-pull.js';
import { type StreamFinder } from '../../streams/permitted.js';
import { PatternWatch, findKeys, type PatternMembers } from '../../streams/pattern-watch.js';
import { type FollowMetrics } from '../../metrics/store-metrics.js';
import { bodiesOf, type DataForm } from './data-bodies.js';
import { type SessionWriter } from './session-writer.js';

/** A data frame is not made longer than this, unless by one entry. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** One `follow` of a `sluice.v1` socket: any number of streams, by name or by pattern. */
export class Subscription implements FollowSetOwner<Uint8Array>, PatternMembers {
  readonly sub: number;
  private readonly followed: FollowSet<Uint8Array>;
  private readonly watch: PatternWatch;
  /** Streams asked for by name, and where. */
  private readonly named: ReadonlyMap<string, Position>;
  /** Heads of data frames, by their flags. */
  private readonly heads = new Map<number, Uint8Array>();
  private readonly form: DataForm;
  private readonly formKey: string;
  private uncreditedBytes = 0;
  private nextFrameAt = 0;
  private pace: NodeJS.Timeout | null = null;
  private isClosed = false;

  constructor(
    private readonly log: StreamLog,
    private readonly finder: StreamFinder,
    private readonly request: FollowMessage,
    keyOf: (name: string) => string,
    private readonly writer: SessionWriter,
    private readonly metrics: FollowMetrics,
  ) {
    const { sub, fields, latest, batchBytes, streams, patterns } = request;
    this.sub = sub;
    this.named = new Map(Object.entries(streams).map(([name, position]) => [keyOf(name), position]));
    const aimBytes = batchBytes > 0 ? Math.min(batchBytes, MAX_BATCH_BYTES) : MAX_BATCH_BYTES;
    this.form = { fields, isLatest: latest > 0, batchBytes: aimBytes };
    this.formKey = `${fields} ${latest > 0} ${aimBytes}`;
    this.followed = new FollowSet(log, metrics, this);
    this.watch = new PatternWatch(finder, patterns, this);
  }

  /** Resolves positions, answers `following`, and follows. @throws SluiceError LOG_UNAVAILABLE */
  async start(): Promise<void> {
    const { sub, patterns, from } = this.request;
    const positions = new Map(this.named);
    for (const key of await findKeys(this.finder, patterns)) if (!positions.has(key)) positions.set(key, from);
    const streams = await Promise.all(
      [...positions].map(async ([key, position]) => [key, await this.resolve(key, position)] as const),
    );
    if (this.isClosed) return;
    this.writer.control({ following: { sub, streams: Object.fromEntries(streams) } });
    for (const [key, after] of streams) this.join(key, after);
    await this.watch.start();
  }

  /** The client has taken so many bytes of data frames. */
  credit(bytes: number): void {
    this.uncreditedBytes = Math.max(0, this.uncreditedBytes - bytes);
    this.goOn();
  }

  /** The socket has drained. */
  goOn(): void {
    this.followed.resume();
  }

  close(): void {
    this.isClosed = true;
    this.watch.close();
    if (this.pace !== null) clearTimeout(this.pace);
    this.followed.close();
  }

  onJoin(key: string): void {
    if (this.followed.has(key)) return;
    this.writer.control({ joined: { sub: this.request.sub, sid: key, after: FIRST_ENTRY_ID } });
    this.join(key, FIRST_ENTRY_ID);
  }

  onLeave(key: string): void {
    if (this.named.has(key)) return;
    this.followed.leave(key);
  }

  onBatch({ extra: name }: FollowedStream<Uint8Array>, batch: EntryBatch): boolean {
    if (batch.entryCount > 0) this.send(name, batch);
    return this.canTake();
  }

  onGap({ key }: FollowedStream<Uint8Array>, { after, next, lost }: GapNotice): void {
    this.writer.control({ gap: { sub: this.request.sub, sid: key, after, next, lost } });
  }

  onReset({ key }: FollowedStream<Uint8Array>, { after, next }: ResetNotice): void {
    this.writer.control({ reset: { sub: this.request.sub, sid: key, after, next } });
  }

  /** A key that a pattern found and that cannot be read is left out. */
  onFailure({ key }: FollowedStream<Uint8Array>, error: SluiceError): void {
    if (this.named.has(key)) this.writer.error(error, { sub: this.request.sub });
  }

  canTake(): boolean {
    const { windowBytes, latest } = this.request;
    if (windowBytes > 0 && this.uncreditedBytes >= windowBytes) return false;
    if (this.pace !== null && performance.now() < this.nextFrameAt) return false;
    return this.writer.bufferedBytes <= pauseAboveBytes(latest > 0);
  }

  private resolve(key: string, position: Position): Promise<EntryId> | EntryId {
    if (position === '$') return this.log.reader.lastGeneratedId(key);
    return position === '-' ? FIRST_ENTRY_ID : position;
  }

  private join(key: string, after: EntryId): void {
    const { latest } = this.request;
    this.followed.join(key, encodeName(key), latest > 0 ? { after, latest } : { after });
  }

  private send(name: Uint8Array, batch: EntryBatch): void {
    for (const { flags, pieces, frameBytes } of bodiesOf(batch, name, this.form, this.formKey)) {
      this.uncreditedBytes += frameBytes;
      this.writer.binary(frameBytes, [this.headOf(flags), ...pieces]);
    }
    this.metrics.countOut(batch.entryCount, batch.bytes);
    const { maxFps } = this.request;
    if (maxFps > 0) this.waitForPace(1000 / maxFps);
  }

  private headOf(flags: number): Uint8Array {
    let head = this.heads.get(flags);
    if (head === undefined) this.heads.set(flags, (head = encodeFrameHead(FrameKind.DATA, flags, this.sub)));
    return head;
  }

  private waitForPace(intervalMs: number): void {
    this.nextFrameAt = performance.now() + intervalMs;
    if (this.pace !== null) clearTimeout(this.pace);
    this.pace = setTimeout(() => {
      this.pace = null;
      this.goOn();
    }, intervalMs);
  }
}
