import { StreamLog } from '@sluice/stream-log';
import { startRedis, waitFor, type RedisOptions, type RedisServer } from '@sluice/testing';
import { createStore } from '../../src/create-store.js';

/** One entry as Redis holds it. */
export interface StoredEntry {
  readonly id: string;
  readonly d: string;
}

/** A stream store in this process, with a Redis of its own. */
export class Store {
  readonly log: StreamLog;
  private readonly ownFollowers: number;

  private constructor(
    readonly service: Awaited<ReturnType<typeof createStore>>,
    readonly redis: RedisServer,
    readonly url: string,
  ) {
    this.log = service.app.get(StreamLog);
    // The store itself follows the announcements of new streams.
    this.ownFollowers = this.log.stats().followers;
  }

  static async start(environment: Record<string, string>, redisOptions: RedisOptions): Promise<Store> {
    const redis = await startRedis(redisOptions);
    const service = await createStore({
      REDIS_URL: redis.url,
      SLUICE_STREAM_STORE_PORT: '0',
      SLUICE_LOG_LEVEL: 'silent',
      ...environment,
    });
    return new Store(service, redis, await service.listen());
  }

  /** Base URL of the sockets. */
  get ws(): string {
    return this.url.replace('http', 'ws');
  }

  /** Appends an entry as another program would. */
  async add(key: string, payload: string | Buffer, id = '*'): Promise<string> {
    return String(await this.redis.command('XADD', key, id, 'd', payload));
  }

  /** Every entry of a key. */
  async entries(key: string): Promise<StoredEntry[]> {
    const reply = (await this.redis.command('XRANGE', key, '-', '+')) as [string, string[]][];
    return reply.map(([id, fields]) => ({ id, d: fields[fields.indexOf('d') + 1] ?? '' }));
  }

  /** Waits until readers follow so many streams. */
  async followers(count: number): Promise<void> {
    const seen = (): number => this.log.stats().followers - this.ownFollowers;
    await waitFor(() => seen() === count, { message: () => `${count} followers, there are ${seen()}` });
  }

  async close(): Promise<void> {
    await this.service.close();
    await this.redis.stop();
  }
}

/** Starts a stream store on a free port. */
export function startStore(environment: Record<string, string> = {}, redis: RedisOptions = {}): Promise<Store> {
  return Store.start(environment, redis);
}
