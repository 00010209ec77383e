import { SluiceError } from '@sluice/contracts';
import { type RedisCommands } from '@sluice/stream-log';
import { Admissions } from './admissions.js';
import { OWNED_PREFIX, OWNERS_KEY, ownedKey } from './quota-keys.js';
import { RELEASE_STREAMS, RESERVE_STREAM } from './reserve.js';

/** Streams whose existence is asked for in one pipeline. */
const CHECK_AT_ONCE = 1000;

/** How many streams a subject, and all subjects together, may make. */
export interface StreamBounds {
  readonly perUser: number;
  readonly total: number;
}

/** Keeps account of who made which stream, in Redis, so that all replicas agree. */
export class StreamLedger {
  /** Searches under way for streams that are gone: whoever is at the same quota waits for the same one. */
  private readonly searches = new Map<string, Promise<number>>();
  /** Streams entered a moment ago, whose first entry may still be on its way: they are not gone. */
  private readonly entered = new Admissions();

  constructor(
    private readonly redis: RedisCommands,
    private readonly bounds: StreamBounds,
  ) {}

  /** Whether a stream is there. @throws SluiceError LOG_UNAVAILABLE */
  async exists(key: string): Promise<boolean> {
    return (await this.redis.run({ name: 'EXISTS', args: [key], subject: `stream "${key}"` })) === 1;
  }

  /**
   * Enters a stream that is about to be made. At a quota, streams that are gone are struck off first.
   * @throws SluiceError QUOTA_EXCEEDED, LOG_UNAVAILABLE
   */
  async reserve(key: string, subject: string): Promise<void> {
    let full = await this.tryReserve(key, subject);
    if (full !== null && (await this.makeRoom(full === 'user' ? subject : null)) > 0) {
      full = await this.tryReserve(key, subject);
    }
    if (full === 'user') throw userQuota(subject, this.bounds.perUser);
    if (full === 'total') throw totalQuota(this.bounds.total);
    this.entered.add(key);
  }

  /** A stream that was deleted is gone at once. */
  forget(key: string): void {
    this.entered.delete(key);
  }

  /** Forgets a stream that was deleted. */
  async release(keys: readonly string[]): Promise<number> {
    if (keys.length === 0) return 0;
    const subject = 'streams that are gone';
    return (await this.redis.runScript(RELEASE_STREAMS, [OWNERS_KEY], [OWNED_PREFIX, ...keys], { subject })) as number;
  }

  /** Streams that a subject made. */
  async ownedBy(subject: string): Promise<string[]> {
    return (await this.redis.run({
      name: 'SMEMBERS',
      args: [ownedKey(subject)],
      subject: `streams of ${subject}`,
    })) as string[];
  }

  /** Streams that anybody made. */
  async all(): Promise<string[]> {
    return (await this.redis.run({ name: 'HKEYS', args: [OWNERS_KEY], subject: 'streams of everybody' })) as string[];
  }

  private async tryReserve(key: string, subject: string): Promise<'user' | 'total' | null> {
    const { perUser, total } = this.bounds;
    const keys = [OWNERS_KEY, ownedKey(subject)];
    const reply = await this.redis.runScript(RESERVE_STREAM, keys, [key, subject, perUser, total], {
      subject: `stream "${key}"`,
    });
    return reply === 'ok' ? null : (reply as 'user' | 'total');
  }

  /** @param subject whose streams are looked through; null: everybody's. Resolves to how many were struck off */
  private makeRoom(subject: string | null): Promise<number> {
    const account = JSON.stringify(subject);
    const underWay = this.searches.get(account);
    if (underWay !== undefined) return underWay;
    const search = (subject === null ? this.all() : this.ownedBy(subject))
      .then((keys) => this.strikeOff(keys))
      .finally(() => this.searches.delete(account));
    this.searches.set(account, search);
    return search;
  }

  /** Streams may go without anybody telling: trimmed away by retention, or deleted by other tools. */
  private async strikeOff(keys: readonly string[]): Promise<number> {
    let struck = 0;
    for (let at = 0; at < keys.length; at += CHECK_AT_ONCE) {
      const some = keys.slice(at, at + CHECK_AT_ONCE);
      const replies = await this.redis.runAll(
        some.map((key) => ({ name: 'EXISTS', args: [key], subject: `stream "${key}"` })),
      );
      struck += await this.release(some.filter((key, index) => replies[index] === 0 && !this.entered.has(key)));
    }
    return struck;
  }
}

function userQuota(subject: string, limit: number): SluiceError {
  return new SluiceError(
    'QUOTA_EXCEEDED',
    `${subject} has made ${limit} streams, the quota of a user (SLUICE_QUOTA_USER_STREAMS): delete some`,
    { details: { quota: 'user streams', limit } },
  );
}

function totalQuota(limit: number): SluiceError {
  return new SluiceError(
    'QUOTA_EXCEEDED',
    `${limit} streams were made, the quota of the whole system (SLUICE_QUOTA_STREAMS): delete some`,
    { details: { quota: 'streams', limit } },
  );
}
