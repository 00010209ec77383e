import { setTimeout as delay } from 'node:timers/promises';
import { type ReadinessCheck, SluiceError } from '@sluice/contracts';
import { type RedisCommand } from '@sluice/stream-log';
import { type Logger } from 'pino';
import { type AccessRedis } from './access-redis.js';
import {
  API_KEYS_KEY,
  GENERATIONS_KEY,
  NOT_BEFORE_KEY,
  REVOKED_KEY,
  SIGNING_KEYS_KEY,
  USERS_KEY,
} from './auth-keys.js';
import { EMPTY_SNAPSHOT, type Snapshot, type SnapshotReplies, readSnapshot } from './snapshot.js';

/** How often Redis is asked whether it is there. */
const CONTACT_EVERY_MS = 2000;
/** At every so many contacts everything is loaded, should an event have been lost. */
const LOAD_EVERY_CONTACTS = 8;
/** Without an answer for so long, what is known may be out of date. */
const CURRENT_FOR_MS = 10_000;
/** Loads for credentials that nobody knows are this far apart, however many of them come. */
const MISS_SPACING_MS = 200;

/** Users, keys and revocations in memory: loaded at the start, and again after every change that any process makes. */
export class AccessState {
  /** Grows with every change. */
  version = 0;
  #snapshot = EMPTY_SNAPSHOT;
  #seen = '';
  #hasLoaded = false;
  #isReachable = false;
  #contactedAtMs = 0;
  #loadedAtMs = 0;
  #contacts = 0;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #afterMiss: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  readonly #listeners: (() => void)[] = [];

  constructor(
    private readonly redis: AccessRedis,
    private readonly logger: Logger,
  ) {}

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Whether what is known is what holds: it was loaded, and Redis answers. */
  get isCurrent(): boolean {
    return this.#hasLoaded && this.#isReachable && performance.now() - this.#contactedAtMs < CURRENT_FOR_MS;
  }

  /** @throws SluiceError `LOG_UNAVAILABLE` when what is known may be out of date */
  assertCurrent(): void {
    if (this.isCurrent) return;
    throw new SluiceError('LOG_UNAVAILABLE', 'Redis, which keeps users and keys, does not answer');
  }

  /** Starts to load in the background, and goes on until {@link close}. */
  start(): void {
    this.redis.start(() => this.#refreshSoon());
    this.#timer = setInterval(() => void this.#contact(), CONTACT_EVERY_MS).unref();
  }

  /** Calls back after each change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Loads everything; what was written before the call is known after it. @throws SluiceError `LOG_UNAVAILABLE` */
  refresh(): Promise<void> {
    this.#next ??= this.#afterRunning();
    return this.#next;
  }

  /** As {@link refresh}, for a credential that is not known here yet; many of them share a load. */
  refreshAfterMiss(): Promise<void> {
    this.#afterMiss ??= this.#spaced().finally(() => {
      this.#afterMiss = null;
    });
    return this.#afterMiss;
  }

  /** For the readiness of a service. */
  check(): ReadinessCheck {
    return this.isCurrent ? { ready: true } : { ready: false, detail: 'users and keys could not be loaded from Redis' };
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.redis.close();
  }

  async #afterRunning(): Promise<void> {
    await this.#running?.catch(() => undefined);
    this.#next = null;
    this.#running = this.#load().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #spaced(): Promise<void> {
    await delay(Math.max(0, this.#loadedAtMs + MISS_SPACING_MS - performance.now()));
    return this.refresh();
  }

  #refreshSoon(): void {
    this.refresh().catch(() => undefined);
  }

  async #contact(): Promise<void> {
    this.#contacts += 1;
    if (!this.#hasLoaded || !this.#isReachable || this.#contacts % LOAD_EVERY_CONTACTS === 0) {
      this.#refreshSoon();
      return;
    }
    await this.#asking(() =>
      this.redis.commands.run({ name: 'EXISTS', args: [SIGNING_KEYS_KEY], subject: 'users and keys' }),
    ).catch(() => undefined);
  }

  async #load(): Promise<void> {
    this.#loadedAtMs = performance.now();
    const replies = await this.#asking(() => this.redis.commands.runAll(loadCommands(Date.now())));
    const failure = replies.find((reply) => reply instanceof SluiceError);
    if (failure !== undefined) throw failure;
    const seen = JSON.stringify(replies);
    if (seen !== this.#seen) {
      this.#snapshot = await readSnapshot(namedReplies(replies as string[][]), this.#snapshot);
      this.#seen = seen;
      this.version += 1;
      for (const listener of this.#listeners) listener();
    }
    if (!this.#hasLoaded) this.logger.info({ users: this.#snapshot.users.size }, 'users and keys loaded');
    this.#hasLoaded = true;
  }

  async #asking<T>(work: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now();
    try {
      const result = await work();
      this.#contactedAtMs = startedAtMs;
      if (!this.#isReachable && this.#hasLoaded) this.logger.info('users and keys can be read again');
      this.#isReachable = true;
      return result;
    } catch (error) {
      if (this.#isReachable) this.logger.warn({ err: error }, 'users and keys cannot be read');
      this.#isReachable = false;
      throw error;
    }
  }
}

function loadCommands(nowMs: number): RedisCommand[] {
  const subject = 'users and keys';
  const hashes = [USERS_KEY, API_KEYS_KEY, SIGNING_KEYS_KEY, GENERATIONS_KEY, NOT_BEFORE_KEY];
  return [
    ...hashes.map((key) => ({ name: 'HGETALL', args: [key], subject })),
    { name: 'ZRANGEBYSCORE', args: [REVOKED_KEY, nowMs, '+inf'], subject },
  ];
}

function namedReplies(replies: readonly string[][]): SnapshotReplies {
  const [users = [], apiKeys = [], signingKeys = [], generations = [], notBefore = [], revoked = []] = replies;
  return { users, apiKeys, signingKeys, generations, notBefore, revoked };
}
