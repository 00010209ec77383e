import { type StreamRetention } from '@sluice/contracts';
import { type RedisCommands } from '../redis-commands.js';
import { RETENTION_STREAMS_KEY, retentionKey } from '../keys.js';
import { ENFORCE_RETENTION } from '../scripts/enforce-retention.js';
import { LIST_RETENTION, SET_RETENTION } from '../scripts/set-retention.js';
import { type RetentionPolicy } from '../types.js';
import { asPolicy, assertPolicy, type RetentionRule } from './policy.js';

const BOUNDS = ['maxEntries', 'maxAgeMs', 'maxBytes'] as const;

/** The retention of single streams, kept beside each in Redis. A stream need not exist to have one. */
export class RetentionStore {
  constructor(
    private readonly client: RedisCommands,
    private readonly defaultRule: RetentionRule,
    /** Told after a change made here. */
    private readonly onChange: (key: string) => void,
  ) {}

  /** What holds for a stream. @throws SluiceError */
  async get(key: string): Promise<StreamRetention> {
    const reply = await this.client.run({
      name: 'HMGET',
      args: [retentionKey(key), ...BOUNDS, 'setAt'],
      subject: `retention of "${key}"`,
    });
    const [maxEntries, maxAgeMs, maxBytes, setAt] = reply as (string | null)[];
    if (setAt === null) return this.describe(null);
    return this.describe({
      maxEntries: toBound(maxEntries),
      maxAgeMs: toBound(maxAgeMs),
      maxBytes: toBound(maxBytes),
    });
  }

  /** Sets all three bounds, null lifts one, and trims the stream to them. @throws SluiceError INVALID_PARAMETER, LOG_FULL, … */
  async set(key: string, policy: RetentionPolicy): Promise<StreamRetention> {
    assertPolicy(policy);
    const subject = `retention of "${key}"`;
    const bounds = BOUNDS.flatMap((name) => (policy[name] === null ? [] : [name, policy[name]]));
    await this.client.runScript(SET_RETENTION, [retentionKey(key)], ['setAt', Date.now(), ...bounds], { subject });
    await this.client.runScript(LIST_RETENTION, [RETENTION_STREAMS_KEY], [key], { subject });
    // It holds from now on, not only from the next write or sweep on.
    await this.client.runScript(ENFORCE_RETENTION, [key, retentionKey(key)], [], { subject });
    this.onChange(key);
    return this.describe(policy);
  }

  /** Back to the default. @throws SluiceError */
  async reset(key: string): Promise<StreamRetention> {
    await this.client.run({ name: 'DEL', args: [retentionKey(key)], subject: `retention of "${key}"` });
    this.onChange(key);
    return this.describe(null);
  }

  /** How a stream's own policy, or the default in its place, is shown. */
  describe(policy: RetentionPolicy | null): StreamRetention {
    const { maxEntries, maxAgeMs, maxBytes } = policy ?? asPolicy(this.defaultRule);
    return { maxEntries, maxAgeMs, maxBytes, source: policy === null ? 'default' : 'stream' };
  }
}

function toBound(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text);
}
