import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import { guardProcess, temporaryDirectory } from './guard.js';
import { freePort } from './ports.js';
import { waitFor } from './wait-for.js';

export interface RedisOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Keep an append-only file, so that `restart()` finds the data. Default false. */
  readonly appendonly?: boolean;
  readonly appendfsync?: 'always' | 'everysec' | 'no';
  /** Data directory; default a temporary one that is removed by `stop()`. */
  readonly dir?: string;
  /** As in redis.conf: `20mb`. */
  readonly maxmemory?: string;
  /** More command line arguments: `['--cluster-enabled', 'yes']`. */
  readonly args?: readonly string[];
}

const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 20_000;

/** The server program of the tests: `SLUICE_TEST_REDIS_BIN`, else valkey-server or redis-server on PATH. */
function redisBinary(): string {
  const given = process.env['SLUICE_TEST_REDIS_BIN'];
  if (given !== undefined && given !== '') return given;
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  for (const name of ['valkey-server', 'redis-server']) {
    const found = directories.map((directory) => join(directory, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  throw new Error('no redis-server or valkey-server on PATH: install one, or set SLUICE_TEST_REDIS_BIN');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A real Redis server process of one test. */
export class RedisServer {
  readonly url: string;
  private child: ChildProcess | null = null;
  private control: Redis | null = null;

  private constructor(
    readonly port: number,
    /** Where it keeps its data and `server.log`. */
    readonly dir: string,
    private readonly args: readonly string[],
    private readonly ownsDir: boolean,
  ) {
    this.url = `redis://${HOST}:${port}`;
  }

  /** @throws Error with the server's log when it does not come up */
  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    for (let attempt = 1; ; attempt += 1) {
      const server = await RedisServer.prepare(options);
      try {
        await server.launch();
        return server;
      } catch (error) {
        const portWasTaken = options.port === undefined && server.log().includes('Address already in use');
        await server.stop();
        if (!portWasTaken || attempt === 3) throw error;
      }
    }
  }

  private static async prepare(options: RedisOptions): Promise<RedisServer> {
    const port = options.port ?? (await freePort());
    const dir = options.dir ?? temporaryDirectory('redis');
    const args = ['--port', String(port), '--bind', HOST, '--dir', dir, '--logfile', join(dir, 'server.log')];
    args.push('--save', '', '--protected-mode', 'no', '--appendonly', options.appendonly === true ? 'yes' : 'no');
    if (options.appendfsync !== undefined) args.push('--appendfsync', options.appendfsync);
    if (options.maxmemory !== undefined)
      args.push('--maxmemory', options.maxmemory, '--maxmemory-policy', 'noeviction');
    args.push(...(options.args ?? []));
    return new RedisServer(port, dir, args, options.dir === undefined);
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.isRunning ? this.child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** What the server has logged so far. */
  log(): string {
    try {
      return readFileSync(join(this.dir, 'server.log'), 'utf8');
    } catch {
      return '';
    }
  }

  /** One command on a connection of the test's own; fails at once when the server is down. */
  async command(name: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    if (this.control === null || this.control.status === 'end') {
      this.control = new Redis(this.port, HOST, {
        lazyConnect: true,
        retryStrategy: null,
        maxRetriesPerRequest: 0,
        enableReadyCheck: false,
        enableOfflineQueue: true,
        connectTimeout: 2_000,
        disconnectTimeout: 100,
      });
      this.control.on('error', () => undefined);
    }
    return this.control.call(name, ...args);
  }

  /** Ends the process with a signal (SIGKILL: as a crash does; SIGSTOP and SIGCONT: a machine that hangs). */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (child === null || !this.isRunning) return;
    const keepsRunning = signal === 'SIGSTOP' || signal === 'SIGCONT';
    const ended = keepsRunning ? null : new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /** Starts it again, on the same port and data; kills it first when it still runs. */
  async restart(): Promise<void> {
    await this.kill('SIGKILL');
    await this.launch();
  }

  /** Kills it and removes the directory that was made for it. */
  async stop(): Promise<void> {
    this.disconnect();
    await this.kill('SIGKILL');
    if (this.ownsDir) await rm(this.dir, { recursive: true, force: true });
  }

  /** The test's own connection; an open one would keep the test process alive. */
  private disconnect(): void {
    this.control?.disconnect();
    this.control = null;
  }

  private async launch(): Promise<void> {
    const child = spawn(redisBinary(), this.args, { stdio: 'ignore' });
    let failure: Error | null = null;
    child.once('error', (error) => (failure = error));
    this.child = child;
    guardProcess(child);
    await waitFor(
      async () => {
        if (failure !== null || !this.isRunning) return true;
        return (await this.command('PING')) === 'PONG';
      },
      { timeoutMs: READY_TIMEOUT_MS, message: () => `redis-server answers on port ${this.port}\n${this.log()}` },
    );
    this.disconnect();
    if (failure !== null) throw failure as Error;
    if (!this.isRunning) throw new Error(`redis-server ended at its start on port ${this.port}\n${this.log()}`);
  }
}

/** Starts a real Redis server and waits until it answers. */
export function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  return RedisServer.start(options);
}

let shared: Promise<RedisServer> | null = null;

/** The Redis that the whole test run shares (`SLUICE_TEST_REDIS_URL`), else one of this process: use `uniqueName` in it. */
export async function sharedRedisUrl(): Promise<string> {
  const given = process.env['SLUICE_TEST_REDIS_URL'];
  if (given !== undefined && given !== '') return given;
  shared ??= startRedis();
  return (await shared).url;
}
