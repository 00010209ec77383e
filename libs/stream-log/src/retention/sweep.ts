import { randomUUID } from 'node:crypto';
import { type RedisCommands } from '../redis-commands.js';
import { RETENTION_LEASE_KEY, RETENTION_STREAMS_KEY, retentionKey } from '../keys.js';
import { ENFORCE_RETENTION } from '../scripts/enforce-retention.js';
import { HOLD_LEASE, RELEASE_LEASE } from '../scripts/lease.js';

export interface RetentionSweepOptions {
  /** Default 5 000. */
  readonly sweepEveryMs?: number;
}

const SWEEP_EVERY_MS = 5_000;
/** Renewed at every sweep; when its holder is gone another process takes over after so long. */
const LEASE_MS = 15_000;
const SCAN_COUNT = 200;

/**
 * Trims the streams that have a retention of their own also when nobody writes them. One process does it for all: the holder of a short
 * lease. Two at once would do no harm, only work.
 */
export class RetentionSweep {
  private readonly holder = randomUUID();
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | null = null;
  private isHolder = false;
  private isClosed = false;

  constructor(
    private readonly client: RedisCommands,
    options: RetentionSweepOptions = {},
  ) {
    this.timer = setInterval(() => void this.sweep(), options.sweepEveryMs ?? SWEEP_EVERY_MS).unref();
  }

  /** Stops, and leaves the lease to the others. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.timer);
    await this.running;
    if (!this.isHolder) return;
    const subject = 'retention lease';
    await this.client
      .runScript(RELEASE_LEASE, [RETENTION_LEASE_KEY], [this.holder], { subject })
      .catch(() => undefined);
  }

  /** One round, unless one is running or another process holds the lease. Failures leave it to the next round. */
  async sweep(): Promise<void> {
    if (this.isClosed) return this.running ?? undefined;
    this.running ??= this.round()
      .catch(() => undefined)
      .finally(() => (this.running = null));
    return this.running;
  }

  private async round(): Promise<void> {
    if (!(await this.holdLease())) return;
    let cursor = '0';
    do {
      const args = [RETENTION_STREAMS_KEY, cursor, 'COUNT', SCAN_COUNT];
      const reply = await this.client.run({ name: 'SSCAN', args, subject: 'list of retentions' });
      const [next, keys] = reply as [string, string[]];
      await this.enforce(keys);
      cursor = next;
    } while (cursor !== '0' && !this.isClosed && (await this.holdLease()));
  }

  private async holdLease(): Promise<boolean> {
    const args = [this.holder, LEASE_MS];
    const held = await this.client.runScript(HOLD_LEASE, [RETENTION_LEASE_KEY], args, { subject: 'retention lease' });
    this.isHolder = held === 1;
    return this.isHolder;
  }

  private async enforce(keys: readonly string[]): Promise<void> {
    const calls = keys.map((key) => ({ keys: [key, retentionKey(key)], subject: `retention of "${key}"` }));
    const replies = await this.client.runScriptForEach(ENFORCE_RETENTION, calls);
    for (const [index, key] of keys.entries()) {
      const reply = replies[index];
      if (Array.isArray(reply) && reply[0] === 0) await this.unlist(key);
    }
  }

  /** A retention that was set at the same moment is listed again. */
  private async unlist(key: string): Promise<void> {
    const subject = `retention of "${key}"`;
    await this.client.run({ name: 'SREM', args: [RETENTION_STREAMS_KEY, key], subject });
    const isSet = await this.client.run({ name: 'EXISTS', args: [retentionKey(key)], subject });
    if (isSet === 1) await this.client.run({ name: 'SADD', args: [RETENTION_STREAMS_KEY, key], subject });
  }
}
