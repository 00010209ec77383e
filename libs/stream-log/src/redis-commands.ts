import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '@sluice/contracts';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { parseRedisUrl, type RedisTarget } from './redis-url.js';
import { type Script } from './scripts/script.js';
import { isConnectionError, isPassing, isReply, toAdminError } from './admin/redis-errors.js';

export type CommandArgument = string | number | Buffer;

/** One command for one key: `name` and what follows it. */
export interface RedisCommand {
  readonly name: string;
  readonly args: readonly CommandArgument[];
  /** What it is about, for the error message: `stream "cam1:video"`. */
  readonly subject: string;
  /** May be sent again when the reply was lost. Default true. */
  readonly isRepeatable?: boolean;
  /** Bulk strings of the reply are buffers. Default false: text. */
  readonly isBinary?: boolean;
}

/** Keys of one command that reads several. */
const KEYS_AT_A_TIME = 100;
const COMMAND_TIMEOUT_MS = 5_000;
const DISCONNECT_TIMEOUT_MS = 100;
const CONNECT_TIMEOUT_MS = 3_000;
const RETRY_AFTER_MS = 100;
/** How long commands that may be repeated are tried again while Redis restarts or fails over. */
const PATIENCE_MS = 3_000;
const LONGEST_RECONNECT_MS = 1_000;

/**
 * Everything that is not the hot path goes over this: one ioredis connection to a single Redis, or one to each node of a
 * cluster. Nothing whose reply was lost is ever sent again unless the command says that it may be.
 */
export class RedisCommands {
  private constructor(private readonly redis: Redis | Cluster) {
    // Failures are told to the callers, command by command; without a listener ioredis would print them.
    redis.on('error', () => undefined);
  }

  /**
   * @param url `redis://…` or `rediss://…`, or several of them with commas; a cluster is recognised by what the server says
   * @throws SluiceError LOG_UNAVAILABLE when no server answers
   */
  static async connect(url: string | RedisTarget): Promise<RedisCommands> {
    const target = typeof url === 'string' ? parseRedisUrl(url) : url;
    const options = connectionOptions(target);
    const probe = await firstAnswering(target, options);
    if (!probe.isCluster) return new RedisCommands(probe.redis);
    probe.redis.disconnect();
    const cluster = new Cluster([...target.seeds], {
      redisOptions: options,
      // A command whose connection closed may have run: sending it again is decided here, not by the client library.
      retryDelayOnFailover: 0,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      clusterRetryStrategy: (times: number) => Math.min(50 * times, LONGEST_RECONNECT_MS),
    });
    return new RedisCommands(cluster);
  }

  get isCluster(): boolean {
    return this.redis instanceof Cluster;
  }

  /** @throws SluiceError */
  async run(command: RedisCommand): Promise<unknown> {
    return this.withPatience(command.subject, command.isRepeatable !== false, () => this.send(command));
  }

  /** Runs a script on the node that holds the keys, in one slot. Bulk strings of the reply are text. @throws SluiceError */
  async runScript(
    script: Script,
    keys: readonly string[],
    args: readonly CommandArgument[],
    { subject }: { subject: string },
  ): Promise<unknown> {
    const rest: CommandArgument[] = [keys.length, ...keys, ...args];
    return this.withPatience(subject, true, async () => {
      try {
        return await this.redis.call('EVALSHA', script.sha1, ...rest);
      } catch (error) {
        if (!isReply(error, 'NOSCRIPT')) throw error;
        return this.redis.call('EVAL', script.source, ...rest);
      }
    });
  }

  /**
   * Runs many commands that may be repeated, in one pipeline where one node holds all keys. One result for each, in order; the failure of
   * one is its own. @throws SluiceError LOG_UNAVAILABLE
   */
  async runAll(commands: readonly RedisCommand[]): Promise<(unknown | SluiceError)[]> {
    const { redis } = this;
    if (commands.length === 0) return [];
    if (redis instanceof Cluster) {
      return Promise.all(commands.map((command) => this.run(command).catch((error: unknown) => error)));
    }
    return this.withPatience(`${commands.length} commands`, true, async () => {
      const pipeline = redis.pipeline();
      for (const { name, args, isBinary } of commands) {
        if (isBinary === true) pipeline.callBuffer(name, ...args);
        else pipeline.call(name, ...args);
      }
      const replies = (await pipeline.exec()) ?? [];
      const broken = replies.find(([error]) => error !== null && (isConnectionError(error) || isPassing(error)));
      if (broken !== undefined) throw broken[0];
      return replies.map(([error, reply], index) =>
        error === null ? reply : toAdminError(error, commands[index]?.subject ?? '', false),
      );
    });
  }

  /** The texts under many keys, in order; null where there is none, or something else. @throws SluiceError LOG_UNAVAILABLE */
  async getTexts(keys: readonly string[], subject: string): Promise<(string | null)[]> {
    const isSplit = this.redis instanceof Cluster;
    const commands: RedisCommand[] = [];
    for (let at = 0; at < keys.length; at += isSplit ? 1 : KEYS_AT_A_TIME) {
      commands.push({ name: 'MGET', args: keys.slice(at, at + (isSplit ? 1 : KEYS_AT_A_TIME)), subject });
    }
    const replies = await this.runAll(commands);
    return replies.flatMap((reply) => {
      if (reply instanceof SluiceError) throw reply;
      return reply as (string | null)[];
    });
  }

  /** Runs one script for many streams, as `runAll`. */
  async runScriptForEach(
    script: Script,
    calls: readonly { readonly keys: readonly string[]; readonly subject: string }[],
  ): Promise<(unknown | SluiceError)[]> {
    const [first, ...others] = calls;
    if (first === undefined) return [];
    // The first one by itself makes sure that the server knows the script.
    const { keys, subject } = first;
    const result = await this.runScript(script, keys, [], { subject }).catch((error: unknown) => error);
    if (this.isCluster) {
      const one = (call: typeof first): Promise<unknown> =>
        this.runScript(script, call.keys, [], { subject: call.subject }).catch((error: unknown) => error);
      return [result, ...(await Promise.all(others.map(one)))];
    }
    const commands = others.map((call) => {
      return { name: 'EVALSHA', args: [script.sha1, call.keys.length, ...call.keys], subject: call.subject };
    });
    return [result, ...(await this.runAll(commands))];
  }

  /** Does something on every master; the results in no particular order. @throws SluiceError when one cannot be reached */
  async onMasters<T>(subject: string, work: (master: Redis) => Promise<T>): Promise<T[]> {
    return this.withPatience(subject, true, () => {
      const masters = this.redis instanceof Cluster ? this.redis.nodes('master') : [this.redis];
      if (masters.length === 0) throw new Error('no master of the cluster is known');
      return Promise.all(masters.map(work));
    });
  }

  /** Ends the connections; what still waits for a reply fails. */
  close(): void {
    this.redis.disconnect();
  }

  private send({ name, args, isBinary }: RedisCommand): Promise<unknown> {
    return isBinary === true ? this.redis.callBuffer(name, ...args) : this.redis.call(name, ...args);
  }

  private async withPatience<T>(subject: string, isRepeatable: boolean, attempt: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const wasReady = this.redis.status === 'ready';
      try {
        return await attempt();
      } catch (error) {
        const mayRepeat = isPassing(error) || (isConnectionError(error) && (isRepeatable || !wasReady));
        if (!mayRepeat || performance.now() > deadline) throw toAdminError(error, subject, wasReady && !isRepeatable);
      }
      await delay(RETRY_AFTER_MS);
    }
  }
}

function connectionOptions(target: RedisTarget): RedisOptions {
  return {
    ...(target.username === null ? {} : { username: target.username }),
    ...(target.password === null ? {} : { password: target.password }),
    ...(target.tls ? { tls: {} } : {}),
    db: target.database,
    connectionName: 'sluice-admin',
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    // The shapes of RESP3 replies depend on the command; those of RESP2 do not.
    protocol: 2,
    autoResendUnfulfilledCommands: false,
    // Commands on their way fail as soon as the connection is lost, instead of waiting for the next one.
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(20 * 2 ** Math.min(times, 8), LONGEST_RECONNECT_MS),
  };
}

async function firstAnswering(
  target: RedisTarget,
  options: RedisOptions,
): Promise<{ redis: Redis; isCluster: boolean }> {
  let failure: unknown = null;
  for (const seed of target.seeds) {
    const redis = new Redis({ ...options, ...seed, lazyConnect: true });
    redis.on('error', (error) => (failure = error));
    try {
      const info = await redis.info('cluster');
      return { redis, isCluster: info.includes('cluster_enabled:1') };
    } catch (error) {
      failure ??= error;
      redis.disconnect();
    }
  }
  const names = target.seeds.map(({ host, port }) => `${host}:${port}`).join(', ');
  throw new SluiceError('LOG_UNAVAILABLE', `Redis at ${names} does not answer: ${String(failure)}`, { cause: failure });
}
