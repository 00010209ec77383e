import { Buffer } from 'node:buffer';
import { compareEntryIds, entryOfPosition, FIRST_ENTRY_ID, LAST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { type SluiceError } from '@sluice/contracts';
import { type Bounds, boundsCommand, isBoundsError, parseBounds } from '../bounds.js';
import { parseEntries, parseSingleRead, toSluiceError } from '../replies.js';
import { asScript } from '../read-together.js';
import { type Argument, encodeCommand } from '../resp/command-writer.js';
import { type RespConnection } from '../resp/connection.js';
import { type Reply, ReplyError } from '../resp/parser.js';
import { type Shard } from '../shard.js';
import { Batch } from './batch.js';
import { Cursor, type Step } from './cursor.js';
import { type LiveFollower } from './live-follower.js';
import { RecentBatches } from './recent-batches.js';
import { type Tail } from './tail.js';

const MAX_COUNT = 1_024;
const MIN_COUNT = 4;
/** A read asks for about this many bytes: entries of 1 MB come four at a time, small ones by the thousand. */
const READ_BYTES = 1024 * 1024;
const MULTI = encodeCommand(['MULTI']);
const EXEC = encodeCommand(['EXEC']);
const ASKING = encodeCommand(['ASKING']);
const ASK_RETRY_MS = 100;

/** One stream with followers: the tail's position in it, who is level with it, and the read under way. */
export class FollowedStream {
  readonly recent: RecentBatches;
  /** Grows when the stream was made anew; a follower that was behind then learns of it by this. */
  epoch = 0;
  /** Needs a read as soon as none is under way. */
  isDirty = false;
  /** A write was noticed since the last read: finding nothing then means that something was taken away. */
  wasNoticed = false;
  /** The node asked while its slot is on the move; null: the node the topology names. */
  askedShard: Shard | null = null;
  private cursor: Cursor | null = null;
  private readonly followers = new Set<LiveFollower>();
  private readonly live = new Set<LiveFollower>();
  private isReading = false;
  private checksBounds = false;
  /** Redis has no memory for a transaction: the next read is a script. */
  private mustUseScript = false;
  private averageBytes = 256;
  private queueError: ReplyError | null = null;
  private readonly keyBytes: Buffer;
  private readonly xlen: Buffer;

  constructor(
    readonly key: string,
    private readonly tail: Tail,
  ) {
    this.keyBytes = Buffer.from(key, 'utf8');
    this.xlen = encodeCommand(['XLEN', this.keyBytes]);
    this.recent = new RecentBatches(tail.cacheBudget);
  }

  get position(): EntryId {
    return this.cursor?.position ?? FIRST_ENTRY_ID;
  }

  /** What to give XREAD. */
  get readFrom(): EntryId {
    return this.cursor?.readFrom ?? FIRST_ENTRY_ID;
  }

  get offset(): number | null {
    return this.cursor?.offset ?? null;
  }

  get hasLive(): boolean {
    return this.live.size > 0;
  }

  get followerCount(): number {
    return this.followers.size;
  }

  /** Followers that are not level with the tail. */
  get slowCount(): number {
    let count = 0;
    for (const follower of this.followers) if (follower.isBehind) count++;
    return count;
  }

  add(follower: LiveFollower): void {
    this.followers.add(follower);
  }

  remove(follower: LiveFollower): void {
    this.followers.delete(follower);
    this.live.delete(follower);
    if (this.followers.size > 0) return;
    this.recent.clear();
    this.tail.forget(this);
  }

  pause(follower: LiveFollower): void {
    this.live.delete(follower);
  }

  /** The follower is level with the tail; with it the tail reads again if it had stopped. */
  join(follower: LiveFollower): void {
    const wasAsleep = this.live.size === 0;
    this.live.add(follower);
    if (wasAsleep) this.tail.joined(this);
  }

  /** The first follower fixes where the tail starts: at the log's end. */
  begin(bounds: Bounds): void {
    if (this.cursor) return;
    this.cursor = new Cursor(this.key, bounds.lastGeneratedId, bounds.entriesAdded);
  }

  async readBounds(): Promise<Bounds> {
    const bounds = await this.tail.readBounds(this.key);
    this.averageBytes = Math.max(this.averageBytes, bounds.sampleBytes);
    return bounds;
  }

  /** One read for a follower that is behind; others at the same position share it. */
  async readBehind(cursor: Cursor): Promise<Step> {
    const count = this.readCount();
    const read = ['XREAD', 'COUNT', count, 'STREAMS', this.key, cursor.readFrom];
    const [bounds, entries] = await this.tail.readTogether(this.key, [boundsCommand(this.key), read]);
    const error = [bounds, entries].find(isBoundsError);
    if (error !== undefined) throw toSluiceError(error, this.key);
    const step = cursor.takeChecked(parseBounds(bounds), parseSingleRead(entries), count);
    if (step.batch) {
      this.noteSize(step.batch);
      this.recent.add(step.batch);
    }
    return step;
  }

  /** The newest entries after `position`, oldest first; null when there are none. */
  async readNewest(position: EntryId, count: number): Promise<Batch | null> {
    const cached = this.recent.endingAt(this.position);
    if (cached && cached.entryCount >= count && compareEntryIds(cached.last, position) > 0) return cached.newest(count);
    if (position === LAST_ENTRY_ID) return null;
    const start = position.includes('/') ? entryOfPosition(position) : `(${position}`;
    const [reply] = await this.tail.run(this.key, [['XREVRANGE', this.key, '+', start, 'COUNT', count]]);
    const read = parseEntries(Array.isArray(reply) ? reply.toReversed() : reply);
    if (read.last === null) return null;
    const batch = new Batch(this.key, FIRST_ENTRY_ID, read.last, read.entries, read.bytes, null);
    return batch.startingAfter(position).newest(count);
  }

  /** Starts a read on the tail's connection, unless one is under way; then another follows it. */
  read(): void {
    if (this.isReading || !this.cursor || this.live.size === 0) return;
    const connection = this.tail.connectionFor(this);
    if (!connection?.isReady) return;
    this.isDirty = false;
    this.isReading = true;
    this.queueError = null;
    const count = this.readCount();
    const checked = this.checksBounds || this.mustUseScript;
    if (this.askedShard) {
      connection.writer.raw(ASKING);
      connection.expect(this.queued);
    }
    const read = ['XREAD', 'COUNT', count, 'STREAMS', this.keyBytes, this.cursor.readFrom];
    if (this.mustUseScript) connection.writer.command(asScript(this.keyBytes, [boundsCommand(this.key), read]));
    else this.writeTransaction(connection, checked, read);
    this.mustUseScript = false;
    const shard = this.askedShard ?? this.tail.shardOf(this.key);
    connection.expect({
      reply: (reply) => this.finish(reply, checked, count, shard),
      lost: () => this.abandon(),
    });
  }

  private writeTransaction(connection: RespConnection, checked: boolean, read: readonly Argument[]): void {
    const { writer } = connection;
    writer.raw(MULTI);
    connection.expect(this.queued);
    if (checked) writer.command(boundsCommand(this.key));
    else writer.raw(this.xlen);
    connection.expect(this.queued);
    writer.command(read);
    connection.expect(this.queued);
    writer.raw(EXEC);
  }

  /** Entries were delivered by another way, or nothing: asks for a read soon. */
  fail(error: SluiceError): void {
    for (const follower of [...this.followers]) follower.fail(error);
  }

  private readonly queued = {
    reply: (reply: Reply): void => {
      if (reply instanceof ReplyError) this.queueError ??= reply;
    },
    lost: (): void => undefined,
  };

  private abandon(): void {
    this.isReading = false;
    this.isDirty = true;
  }

  private finish(reply: Reply, checked: boolean, count: number, shard: Shard | null): void {
    this.isReading = false;
    const error = this.queueError ?? (reply instanceof ReplyError ? reply : null);
    if (error) return this.redirect(error, shard);
    // A slot on the move answers for a while at its old and at its new node: stay awake until it has settled.
    if (this.askedShard) this.tail.wakeLater(this, ASK_RETRY_MS);
    this.askedShard = null;
    const [head, entries] = Array.isArray(reply) ? reply : [];
    const inner = isBoundsError(head) ? head : entries instanceof ReplyError ? entries : null;
    if (inner) return this.fail(toSluiceError(inner, this.key));
    if (checked) this.takeChecked(parseBounds(head), entries, count);
    else this.takePlain(Number(head), entries, count);
    if (this.isDirty) this.tail.wake(this);
  }

  /** The quick way: the log still holds something older than what was read, so nothing can have been trimmed in between. */
  private takePlain(length: number, entries: Reply | undefined, count: number): void {
    const read = parseSingleRead(entries);
    const noticed = this.wasNoticed;
    this.wasNoticed = false;
    if (!this.cursor) return;
    const isContiguous = read.count > 0 && read.count < count && read.count < length;
    if (!isContiguous) {
      // Empty although woken, everything there is, or more than asked for: look closer.
      if (read.count === 0 && !noticed) return;
      this.checksBounds = true;
      this.isDirty = true;
      return;
    }
    this.hand({ batch: this.cursor.takeContiguous(read), gap: null, reset: null, readAgain: false, more: false });
  }

  private takeChecked(bounds: Bounds, entries: Reply | undefined, count: number): void {
    if (!this.cursor) return;
    const step = this.cursor.takeChecked(bounds, parseSingleRead(entries), count);
    this.checksBounds = step.more || step.readAgain || this.cursor.isGone;
    if (step.more || step.readAgain) this.isDirty = true;
    if (step.reset) {
      this.epoch++;
      this.recent.clear();
    }
    if (step.batch) this.hand(step);
  }

  private hand(step: Step): void {
    const { batch } = step;
    if (!batch) return;
    this.noteSize(batch);
    this.tail.count(batch, step.gap);
    this.recent.add(batch);
    for (const follower of [...this.live]) follower.take(step);
  }

  private noteSize(batch: Batch): void {
    const count = batch.stored.length;
    if (count > 0) this.averageBytes = (this.averageBytes * 3 + batch.bytes / count) / 4;
  }

  private redirect(error: ReplyError, shard: Shard | null): void {
    this.isDirty = true;
    if (error.code === 'OOM') {
      this.mustUseScript = true;
      return this.tail.wake(this);
    }
    this.askedShard = null;
    this.tail.redirect(this, error, shard);
  }

  private readCount(): number {
    return Math.max(MIN_COUNT, Math.min(MAX_COUNT, Math.ceil(READ_BYTES / (this.averageBytes + 1))));
  }
}
