import { SluiceError } from '@sluice/contracts';
import { hashSlot } from './keys.js';
import { type Endpoint, endpointName, type RedisTarget } from './redis-url.js';
import { type Argument } from './resp/command-writer.js';
import { RespConnection } from './resp/connection.js';
import { type Reply, ReplyError } from './resp/parser.js';
import { Shard } from './shard.js';

const SLOT_COUNT = 16_384;
const REFRESH_EVERY_MS = 10_000;
const REFRESH_SOON_MS = 50;
const ASK_TIMEOUT_MS = 3_000;

/**
 * Which Redis node holds which key. One node holds all of them unless the server says that it is a cluster; then the slot map
 * is read from the cluster, corrected by every MOVED, and read again when a node is lost, and every ten seconds.
 */
export class Topology {
  private readonly shards = new Map<string, Shard>();
  private slots: (Shard | undefined)[] = [];
  private single: Shard | null = null;
  private readonly listeners = new Set<() => void>();
  private refreshTimer: NodeJS.Timeout | null = null;
  private periodicTimer: NodeJS.Timeout | null = null;
  private refreshing = false;
  private closed = false;

  private constructor(private readonly target: RedisTarget) {}

  /** @throws SluiceError LOG_UNAVAILABLE when no seed answered within `timeoutMs`. */
  static async connect(target: RedisTarget, timeoutMs: number): Promise<Topology> {
    const topology = new Topology(target);
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      for (const seed of target.seeds) {
        try {
          await topology.start(seed);
          return topology;
        } catch (error) {
          if (Date.now() < deadline) continue;
          throw new SluiceError('LOG_UNAVAILABLE', `Redis at ${endpointName(seed)} does not answer: ${String(error)}`, {
            cause: error,
          });
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  get isCluster(): boolean {
    return this.single === null;
  }

  /** All nodes that hold slots now. */
  nodes(): Shard[] {
    return this.single ? [this.single] : [...new Set(this.slots.filter((shard) => shard !== undefined))];
  }

  /** @throws SluiceError LOG_UNAVAILABLE when the cluster serves no node for the key's slot. */
  shardFor(key: string): Shard {
    if (this.single) return this.single;
    const shard = this.slots[hashSlot(key)];
    if (!shard) throw new SluiceError('LOG_UNAVAILABLE', `no node of the Redis cluster serves the slot of "${key}"`);
    return shard;
  }

  /** Called after the slot map changed. Returns the function that ends it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes in `MOVED <slot> <host:port>` at once, and reads the whole map soon after. */
  moved(error: ReplyError, from: Shard): Shard {
    const shard = this.redirectTarget(error, from);
    const slot = Number(error.message.split(' ')[1]);
    if (this.slots[slot] !== shard) {
      this.slots[slot] = shard;
      this.tellChange();
    }
    this.refreshSoon();
    return shard;
  }

  /** The node that `MOVED` or `ASK` names. */
  redirectTarget(error: ReplyError, from: Shard): Shard {
    const address = error.message.split(' ')[2] ?? '';
    const colon = address.lastIndexOf(':');
    const host = address.slice(0, colon) || from.endpoint.host;
    return this.shardAt({ host, port: Number(address.slice(colon + 1)) });
  }

  refreshSoon(): void {
    if (this.single || this.refreshTimer || this.closed) return;
    this.refreshTimer = setTimeout(() => {
      this.refreshTimer = null;
      void this.refresh();
    }, REFRESH_SOON_MS);
  }

  close(): void {
    this.closed = true;
    if (this.refreshTimer) clearTimeout(this.refreshTimer);
    if (this.periodicTimer) clearInterval(this.periodicTimer);
    for (const shard of this.shards.values()) shard.close();
  }

  private async start(seed: Endpoint): Promise<void> {
    const info = await this.askOnce(seed, ['INFO', 'cluster']);
    const text = info instanceof Uint8Array ? Buffer.from(info).toString('latin1') : '';
    if (!text.includes('cluster_enabled:1')) {
      this.single = this.shardAt(seed);
      return;
    }
    if (this.target.database !== 0) throw new Error('a Redis cluster has database 0 only');
    const reply = await this.askOnce(seed, ['CLUSTER', 'SLOTS']);
    this.apply(reply, seed);
    if (this.slots.length === 0) throw new Error('the Redis cluster has assigned no slots');
    this.periodicTimer = setInterval(() => void this.refresh(), REFRESH_EVERY_MS).unref();
  }

  private shardAt(endpoint: Endpoint): Shard {
    const name = endpointName(endpoint);
    let shard = this.shards.get(name);
    if (!shard) {
      shard = new Shard(this.target, endpoint, () => this.refreshSoon());
      this.shards.set(name, shard);
    }
    return shard;
  }

  /** Asks each known node in turn, nodes with a living connection first, until one knows the map. */
  private async refresh(): Promise<void> {
    if (this.refreshing || this.closed) return;
    this.refreshing = true;
    const known = [...this.shards.values()].map((shard) => shard.endpoint);
    try {
      for (const endpoint of [...known, ...this.target.seeds]) {
        const reply = await this.askOnce(endpoint, ['CLUSTER', 'SLOTS']).catch(() => null);
        if (this.closed) return;
        if (Array.isArray(reply) && reply.length > 0) return this.apply(reply, endpoint);
      }
    } finally {
      this.refreshing = false;
    }
  }

  private apply(reply: Reply, answeredBy: Endpoint): void {
    const next: (Shard | undefined)[] = Array.from({ length: SLOT_COUNT });
    for (const range of Array.isArray(reply) ? reply : []) {
      if (!Array.isArray(range) || !Array.isArray(range[2])) continue;
      const [start, end, [host, port]] = range as [number, number, [Reply, Reply]];
      const name =
        host instanceof Uint8Array && host.length > 0 ? Buffer.from(host).toString('latin1') : answeredBy.host;
      const shard = this.shardAt({ host: name, port: Number(port) });
      for (let slot = start; slot <= end; slot++) next[slot] = shard;
    }
    if (this.slots.length === SLOT_COUNT && next.every((shard, slot) => shard === this.slots[slot])) return;
    this.slots = next;
    this.closeUnused();
    this.tellChange();
  }

  /** Nodes that left the cluster lose their connections, once nothing waits on them. */
  private closeUnused(): void {
    const used = new Set(this.slots);
    for (const [name, shard] of this.shards) {
      if (used.has(shard) || !shard.isIdle) continue;
      shard.close();
      this.shards.delete(name);
    }
  }

  private tellChange(): void {
    for (const listener of this.listeners) listener();
  }

  private askOnce(endpoint: Endpoint, args: readonly Argument[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        settle();
        connection.close();
      };
      const timer = setTimeout(() => finish(() => reject(new Error('no answer in time'))), ASK_TIMEOUT_MS);
      const connection: RespConnection = new RespConnection(
        { target: this.target, endpoint, name: 'sluice-topology' },
        {
          onReady: () => {
            connection.send(args).then(
              (reply) =>
                finish(() => (reply instanceof ReplyError ? reject(new Error(reply.message)) : resolve(reply))),
              (error: unknown) => finish(() => reject(error instanceof Error ? error : new Error(String(error)))),
            );
          },
          onDown: (reason) => {
            // The first refusal is the answer: the caller tries the next node.
            finish(() => reject(new Error(reason)));
          },
        },
      );
    });
  }
}
