import { SluiceError } from '@sluice/contracts';
import { type EntryId } from '@sluice/wire';
import { type Reply, type ReplyError } from '../resp/parser.js';
import { type RetentionSource } from '../retention-source.js';
import { type Shard } from '../shard.js';
import { type Topology } from '../topology.js';
import { type AppendSink, type Durability } from '../types.js';
import { AppendLane, type LaneOwner } from './lane.js';
import { AppendRequest } from './request.js';
import { ScriptRequest, type ScriptAppend } from './script-request.js';
import { StreamWriter } from './stream-writer.js';

const SWEEP_EVERY_MS = 30_000;

export interface AppenderOptions {
  readonly durability: Durability;
  /** Above this many bytes in flight the appender is saturated: readers of sockets must pause. */
  readonly maxInflightBytes: number;
  readonly retention: RetentionSource;
  /** Called once per stream and process, after its first entry was appended. */
  onFirstAppend(key: string): void;
}

/**
 * Appends to any number of streams. Entries of one stream keep their order. Each pushed entry is settled exactly once: with its
 * id, or with its own error. What is in flight is bounded: above the bound `isSaturated` holds, at twice the bound entries are refused.
 */
export class Appender implements LaneOwner {
  readonly durability: Durability;
  inflightBytes = 0;
  inflightEntries = 0;
  appendedEntries = 0;
  appendedBytes = 0;
  refusedEntries = 0;
  private readonly lanes = new Map<Shard, AppendLane>();
  private readonly writers = new Map<string, StreamWriter>();
  private readonly reliefListeners = new Set<() => void>();
  private readonly sweepTimer: NodeJS.Timeout;
  private readonly stopListening: () => void;
  private saturated = false;
  private closed = false;

  constructor(
    private readonly topology: Topology,
    private readonly options: AppenderOptions,
  ) {
    this.durability = options.durability;
    this.sweepTimer = setInterval(() => this.forgetIdle(), SWEEP_EVERY_MS).unref();
    this.stopListening = topology.onChange(() => {
      for (const lane of this.lanes.values()) lane.rerouteWaiting();
    });
  }

  get isSaturated(): boolean {
    return this.saturated;
  }

  /** Called each time the appender stops being saturated. Returns the function that ends it. */
  onRelief(listener: () => void): () => void {
    this.reliefListeners.add(listener);
    return () => this.reliefListeners.delete(listener);
  }

  push(
    key: string,
    payload: Uint8Array,
    sink: AppendSink,
    token: number,
    id: string | null = null,
    fields: readonly (readonly [string, Uint8Array])[] | null = null,
    isPacked = false,
  ): void {
    this.take(new AppendRequest(this.writerOf(key), payload, sink, token, id, fields, isPacked));
  }

  /**
   * Appends several entries to one stream by a script, in the order of the pushes around it. Resolves with the script's reply.
   * @param append makes the script's command for the `MAXLEN ~` it should carry (-1: none)
   * @throws SluiceError
   */
  pushScript(
    key: string,
    entryCount: number,
    byteCount: number,
    append: (maxLen: number) => ScriptAppend,
  ): Promise<Reply> {
    const writer = this.writerOf(key);
    return new Promise((resolve, reject) => {
      const done = (error: SluiceError | null, reply: Reply): void => (error ? reject(error) : resolve(reply));
      this.take(new ScriptRequest(writer, append(writer.note(entryCount, byteCount)), done));
    });
  }

  private take(request: AppendRequest): void {
    const { key } = request.writer;
    this.inflightEntries++;
    this.inflightBytes += request.byteCost;
    if (this.closed) return this.settled(request, null, new SluiceError('SHUTTING_DOWN', 'the log is closed'));
    if (this.inflightBytes > this.options.maxInflightBytes) {
      this.saturated = true;
      if (this.inflightBytes > 2 * this.options.maxInflightBytes) {
        const message = `more than ${2 * this.options.maxInflightBytes} bytes wait for Redis; nothing was written to "${key}"`;
        return this.settled(request, null, new SluiceError('LOG_UNAVAILABLE', message));
      }
    }
    request.isCounted = true;
    request.writer.inflight++;
    this.route(request);
  }

  /** The next entry of a stream counts as its first again. */
  announceAgain(key: string): void {
    const writer = this.writers.get(key);
    if (writer !== undefined) writer.isAnnounced = false;
  }

  /** Waits until nothing is in flight, at most `timeoutMs`; then refuses the rest and closes. */
  async close(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.inflightEntries > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    this.closed = true;
    clearInterval(this.sweepTimer);
    this.stopListening();
    for (const lane of this.lanes.values()) lane.close();
  }

  settled(request: AppendRequest, id: EntryId | null, error: SluiceError | null): void {
    const { writer } = request;
    this.inflightEntries--;
    this.inflightBytes -= request.byteCost;
    if (error) this.refusedEntries++;
    else {
      this.appendedEntries++;
      this.appendedBytes += request.payload.byteLength;
      if (!writer.isAnnounced) {
        writer.isAnnounced = true;
        this.options.onFirstAppend(writer.key);
      }
    }
    if (request.isCounted) this.release(writer);
    request.settle(id, error);
    if (this.saturated && this.inflightBytes < this.options.maxInflightBytes / 2) {
      this.saturated = false;
      for (const listener of this.reliefListeners) listener();
    }
  }

  redirect(request: AppendRequest, error: ReplyError, from: AppendLane): void {
    request.writer.isDetouring = true;
    if (error.code === 'ASK') {
      this.laneOf(this.topology.redirectTarget(error, from.shard)).sendAsking(request);
      return;
    }
    this.topology.moved(error, from.shard);
    this.retry(request);
  }

  retry(request: AppendRequest): void {
    if (this.closed) {
      this.settled(request, null, new SluiceError('SHUTTING_DOWN', 'the log is closed; nothing was written'));
      return;
    }
    this.sendNow(request);
  }

  /** New entries wait while older ones of their stream are on the way to another node. */
  private route(request: AppendRequest): void {
    const { writer } = request;
    const changesNode = writer.inflight > 1 && writer.shard !== null && writer.shard !== this.shardOf(writer.key);
    if (writer.isDetouring || changesNode) {
      writer.isDetouring = true;
      writer.held.push(request);
      return;
    }
    this.sendNow(request);
  }

  private sendNow(request: AppendRequest): void {
    const { writer } = request;
    const shard = this.shardOf(writer.key);
    if (shard) {
      writer.shard = shard;
      this.laneOf(shard).send(request);
      return;
    }
    const message = `no node of the Redis cluster serves "${writer.key}"; nothing was written`;
    this.settled(request, null, new SluiceError('LOG_UNAVAILABLE', message));
  }

  private release(writer: StreamWriter): void {
    writer.inflight--;
    if (!writer.isDetouring || writer.inflight > writer.held.length) return;
    writer.isDetouring = false;
    for (const request of writer.held.drain()) this.sendNow(request);
  }

  private shardOf(key: string): Shard | null {
    try {
      return this.topology.shardFor(key);
    } catch {
      return null;
    }
  }

  private laneOf(shard: Shard): AppendLane {
    let lane = this.lanes.get(shard);
    if (!lane) {
      lane = new AppendLane(shard, this);
      this.lanes.set(shard, lane);
    }
    return lane;
  }

  private writerOf(key: string): StreamWriter {
    let writer = this.writers.get(key);
    if (!writer) {
      writer = new StreamWriter(key, this.options.retention);
      this.writers.set(key, writer);
    }
    return writer;
  }

  /** Streams and nodes that were not written to for a while are forgotten: the maps grow with what is alive. */
  private forgetIdle(): void {
    const nowMs = Date.now();
    for (const [key, writer] of this.writers) {
      writer.window.advance(nowMs);
      if (writer.inflight === 0 && writer.window.entryCount === 0) this.writers.delete(key);
    }
    const alive = new Set(this.topology.nodes());
    for (const [shard, lane] of this.lanes) {
      if (alive.has(shard) || !lane.isIdle) continue;
      lane.close();
      this.lanes.delete(shard);
    }
  }
}
