import { type Argument } from '../resp/command-writer.js';
import { type RespConnection } from '../resp/connection.js';
import { type Reply, ReplyError } from '../resp/parser.js';
import { readBounds, type Bounds } from '../bounds.js';
import { readTogether } from '../read-together.js';
import { runOnKey } from '../redirect.js';
import { isTransient, toSluiceError } from '../replies.js';
import { type Shard } from '../shard.js';
import { type Topology } from '../topology.js';
import { type Follower, type FollowerSink, type FollowOptions, type GapNotice } from '../types.js';
import { type Batch } from './batch.js';
import { FollowedStream } from './followed-stream.js';
import { LiveFollower } from './live-follower.js';
import { CacheBudget } from './recent-batches.js';
import { TailConnection } from './tail-connection.js';
import { Sweep } from './sweep.js';

const CACHE_BYTES = 64 * 1024 * 1024;
const STREAM_CACHE_BYTES = 8 * 1024 * 1024;
const TRANSIENT_RETRY_MS = 100;
/** After a reconnection every followed stream is read once; this many in each event-loop turn. */
const WAKE_CHUNK = 500;

/** Figures for the metrics; counters only grow. */
export interface TailStats {
  streams: number;
  followers: number;
  slowFollowers: number;
  entriesRead: number;
  bytesRead: number;
  gaps: number;
  entriesLost: number;
}

/**
 * The one live tail of a process. Each Redis node has one connection with client-side-caching notices on: reading a stream arms a
 * notice, the next write to it sends one, and only then is that stream read again. Idle streams cost nothing.
 */
export class Tail {
  readonly cacheBudget: CacheBudget;
  private readonly streams = new Map<string, FollowedStream>();
  private readonly connections = new Map<Shard, TailConnection>();
  private readonly dirty = new Set<FollowedStream>();
  private readonly stopListening: () => void;
  private readonly sweep: Sweep;
  private turnScheduled = false;
  private closed = false;
  private entriesRead = 0;
  private bytesRead = 0;
  private gaps = 0;
  private entriesLost = 0;

  constructor(
    private readonly topology: Topology,
    private readonly onWarning: (message: string) => void,
    cachedBytesPerStream = STREAM_CACHE_BYTES,
  ) {
    this.cacheBudget = new CacheBudget(CACHE_BYTES, cachedBytesPerStream);
    this.stopListening = topology.onChange(() => this.rearm());
    this.sweep = new Sweep(this, this.streams);
  }

  follow(key: string, options: FollowOptions, sink: FollowerSink): Follower {
    let stream = this.streams.get(key);
    if (!stream) {
      stream = new FollowedStream(key, this);
      this.streams.set(key, stream);
    }
    const follower = new LiveFollower(stream, options, sink);
    stream.add(follower);
    return follower;
  }

  /** The stream may hold something new: it is read at the end of this turn, together with all others that were woken. */
  wake(stream: FollowedStream): void {
    stream.isDirty = true;
    this.dirty.add(stream);
    if (this.turnScheduled) return;
    this.turnScheduled = true;
    queueMicrotask(() => this.readDirty());
  }

  wakeLater(stream: FollowedStream, delayMs: number): void {
    setTimeout(() => {
      if (!this.closed && stream.followerCount > 0) this.wake(stream);
    }, delayMs);
  }

  forget(stream: FollowedStream): void {
    if (this.streams.get(stream.key) === stream) this.streams.delete(stream.key);
    this.dirty.delete(stream);
  }

  /** Null while no node serves the key. */
  shardOf(key: string): Shard | null {
    try {
      return this.topology.shardFor(key);
    } catch {
      return null;
    }
  }

  connectionFor(stream: FollowedStream): RespConnection | null {
    const shard = stream.askedShard ?? this.shardOf(stream.key);
    return shard ? this.connectionTo(shard).connection : null;
  }

  run(key: string, commands: (readonly Argument[])[]): Promise<Reply[]> {
    return runOnKey(this.topology, key, commands);
  }

  readTogether(key: string, commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
    return readTogether(this.topology, key, commands);
  }

  readBounds(key: string): Promise<Bounds> {
    return readBounds(this.topology, key);
  }

  /** The node that was asked does not hold the stream, or cannot answer now. */
  redirect(stream: FollowedStream, error: ReplyError, from: Shard | null): void {
    if (error.code === 'MOVED' && from) this.topology.moved(error, from);
    else if (error.code === 'ASK' && from) stream.askedShard = this.topology.redirectTarget(error, from);
    else if (isTransient(error)) {
      this.topology.refreshSoon();
      return this.wakeLater(stream, TRANSIENT_RETRY_MS);
    } else return stream.fail(toSluiceError(error, stream.key));
    this.wake(stream);
  }

  count(batch: Batch, gap: GapNotice | null): void {
    this.entriesRead += batch.entryCount;
    this.bytesRead += batch.bytes;
    if (!gap) return;
    this.gaps++;
    this.entriesLost += gap.lost ?? 0;
  }

  stats(): TailStats {
    const { entriesRead, bytesRead, gaps, entriesLost } = this;
    let followers = 0;
    let slowFollowers = 0;
    for (const stream of this.streams.values()) {
      followers += stream.followerCount;
      slowFollowers += stream.slowCount;
    }
    return { streams: this.streams.size, followers, slowFollowers, entriesRead, bytesRead, gaps, entriesLost };
  }

  close(): void {
    this.closed = true;
    this.stopListening();
    this.sweep.close();
    for (const tailConnection of this.connections.values()) tailConnection.close();
    this.connections.clear();
  }

  get isCluster(): boolean {
    return this.topology.isCluster;
  }

  /** A write to this key was noticed. */
  noticed(key: string): void {
    const stream = this.streams.get(key);
    if (!stream) return;
    stream.wasNoticed = true;
    this.wake(stream);
  }

  /** A stream has its first live follower, or again one. */
  joined(stream: FollowedStream): void {
    this.wake(stream);
    const shard = this.shardOf(stream.key);
    if (shard) this.connectionTo(shard).followersChanged();
  }

  /** Reads everything that is followed at a node: after it was (re)connected or emptied. */
  wakeAll(shard: Shard): void {
    void this.wakeInChunks([...this.streams.values()].filter((stream) => this.shardOf(stream.key) === shard));
  }

  liveStreamsOf(shard: Shard): FollowedStream[] {
    return [...this.streams.values()].filter((stream) => stream.hasLive && this.shardOf(stream.key) === shard);
  }

  connectionTo(shard: Shard): TailConnection {
    let tailConnection = this.connections.get(shard);
    if (!tailConnection) {
      tailConnection = new TailConnection(shard, this, this.onWarning);
      this.connections.set(shard, tailConnection);
    }
    return tailConnection;
  }

  /** After any change of the slot map: a followed key that does not exist gets no notice when its slot moves. */
  private rearm(): void {
    void this.wakeInChunks([...this.streams.values()]);
    const alive = new Set(this.topology.nodes());
    for (const [shard, tailConnection] of this.connections) {
      if (alive.has(shard) || !tailConnection.isIdle) continue;
      tailConnection.close();
      this.connections.delete(shard);
    }
  }

  private async wakeInChunks(streams: FollowedStream[]): Promise<void> {
    for (let start = 0; start < streams.length && !this.closed; start += WAKE_CHUNK) {
      for (const stream of streams.slice(start, start + WAKE_CHUNK)) this.wake(stream);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private readDirty(): void {
    this.turnScheduled = false;
    if (this.closed) return;
    const streams = [...this.dirty];
    this.dirty.clear();
    const touched = new Set<RespConnection>();
    for (const stream of streams) {
      stream.read();
      const connection = this.connectionFor(stream);
      if (connection) touched.add(connection);
    }
    // At once, not at the end of the turn: a woken follower waits for exactly this.
    for (const connection of touched) if (connection.isReady) connection.flush();
  }
}
