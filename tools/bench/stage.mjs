import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root, stateFolder } from '../setup/paths.mjs';
import { isAlive } from '../setup/processes.mjs';
import { findRedisTool } from '../setup/redis.mjs';
import { Refusal, say, style } from '../setup/progress.mjs';
import { apps, frontDoor, ptgDoor } from '../start/apps.mjs';
import { ManagedChild } from '../start/child.mjs';
import { noteworthy } from '../start/logs.mjs';
import { PidNotes } from '../start/pids.mjs';
import { freePort } from '../start/ports.mjs';
import { statusOf } from '../start/ready.mjs';
import { redisSpec } from '../start/redis.mjs';
import { prepareAccess } from '../start/access.mjs';
import { appEnvironment, appUrl } from '../start/settings.mjs';
import { RedisConnection } from './redis-connection.mjs';
import { startWorker } from './workers.mjs';

const startTimeoutMs = 30_000;
const stopWithinMs = 4_000;
const pollMs = 5;
const keptProfiles = 10;
const service = apps.find(({ name }) => name === 'stream-store');
const gateway = apps.find(({ name }) => name === frontDoor);

/**
 * What is measured, on free ports and with a folder of its own: a fresh Redis and all apps. `stop` ends all of it; so does the end of this process, and the next run whatever a killed one left.
 */
export class Stage {
  #notes = new PidNotes();
  #children = new Map();
  #folder = mkdtempSync(join(stateFolder('bench'), `run-${process.pid}-`));
  #options;
  #redis;
  #keys = new Set();
  #crashes = new Map();
  #standing = new Map();
  #streamCount = 0;
  #strict = null;
  #settings;

  constructor(redis, options) {
    this.#redis = redis;
    this.#options = options;
    process.on('exit', () => this.#leaveNothing());
  }

  async start() {
    await this.#notes.reap();
    clearAway();
    const ports = await freePorts();
    this.redisPort = await freePort();
    this.#settings = { host: '127.0.0.1', reachHost: '127.0.0.1', ports };
    const redis = redisSpec(this.#redis, { port: this.redisPort, durability: 'everysec' }, this.#folder);
    // A rewrite of the file in the middle of a measurement would be measured; `clean` starts a new file before each.
    redis.args.push('--auto-aof-rewrite-percentage', '0');
    await this.#startChild({ ...redis, name: 'bench-redis' });
    this.redis = await RedisConnection.open(this.redisPort);
    if (!this.#options.aof) await this.redis.send('CONFIG', 'SET', 'appendonly', 'no');
    for (const app of apps.filter((each) => each !== gateway || !this.#options.straight)) {
      const nodeArguments = this.#options.profile ? profileArguments(app.name) : [];
      await this.#startApp(app, this.#settings, { nodeArguments });
    }
  }

  /** Where clients connect: the gateway, or with `straight` the service itself, stream-store unless another one is named. */
  port({ straight = this.#options.straight, owner = service.name } = {}) {
    return this.#settings.ports[straight ? owner : gateway.name];
  }

  /** Process ids of what serves a client, for the CPU table. */
  pids({ owner = service.name } = {}) {
    const pid = (name) => this.#children.get(`bench-${name}`).pid;
    const front = this.#options.straight ? {} : { gateway: pid(gateway.name) };
    return { service: pid(owner), ...front, redis: pid('redis') };
  }

  /** A stream that does not exist yet, as clients name it; it is deleted by `clean`. */
  newStream() {
    this.#streamCount += 1;
    const name = `bench-${this.#streamCount}`;
    this.#keys.add(`default:${name}`);
    return name;
  }

  /** Entries ever added to a stream. */
  async entriesAdded(stream) {
    const info = await this.redis.send('XINFO', 'STREAM', `default:${stream}`).catch(() => []);
    const at = info.findIndex((item) => String(item) === 'entries-added');
    return at < 0 ? 0 : Number(info[at + 1]);
  }

  /** Deletes what was measured with, and starts a new append-only file, so that every measurement meets the same Redis. */
  async clean() {
    const keys = [...this.#keys];
    this.#keys.clear();
    for (let start = 0; start < keys.length; start += 1000)
      await this.redis.send('UNLINK', ...keys.slice(start, start + 1000));
    if (this.#options.aof) {
      await this.redis.send('CONFIG', 'SET', 'appendonly', 'no');
      await this.redis.send('CONFIG', 'SET', 'appendonly', 'yes');
    }
    const busy = /aof_rewrite_in_progress:1|aof_rewrite_scheduled:1|lazyfree_pending_objects:[1-9]|loading:1/;
    for (;;) {
      const info = `${await this.redis.send('INFO', 'persistence')}${await this.redis.send('INFO', 'memory')}`;
      if (!busy.test(info)) return;
      await delay(pollMs);
    }
  }

  /**
   * All apps once more, in strict mode on the same Redis, started at the first use: `{ port, pids, token }`, with a token that allows
   * everything.
   */
  strict() {
    this.#strict ??= this.#startStrict();
    return this.#strict;
  }

  /**
   * A fresh service on the same Redis for as long as `use` takes, which gets `{ port, pid }`: stream-store unless another one is named, with
   * settings of its own.
   */
  async withSpareService(use, { owner = service.name, environment = {} } = {}) {
    const port = await freePort();
    const app = apps.find(({ name }) => name === owner);
    const settings = { ...this.#settings, ports: { ...this.#settings.ports, [owner]: port } };
    const child = await this.#startApp(app, settings, { name: 'bench-spare', environment });
    try {
      return await use({ port, pid: child.pid });
    } finally {
      await child.stop(stopWithinMs);
    }
  }

  /**
   * A worker that stays until the end, started at its first use: what is compared with a service that has run for minutes must not have
   * to compile its hot path each time.
   */
  async standing(options) {
    const { name } = options;
    if (!this.#standing.has(name)) this.#standing.set(name, await startWorker(options));
    return this.#standing.get(name);
  }

  /** The path of `redis-benchmark`. Throws a `Refusal` when it is not installed. */
  redisBenchmark() {
    const path = findRedisTool(this.#redis, 'redis-benchmark');
    if (path) return path;
    throw new Refusal(
      `redis-benchmark is not installed beside ${this.#redis.bin}: it gives the limit (Debian: redis-tools)`,
    );
  }

  /**
   * What has ended by itself since the last call, with its last words: what was measured then is worth nothing. Resolves once it
   * serves again.
   */
  async crashes() {
    const found = [...this.#crashes];
    this.#crashes.clear();
    const deadline = Date.now() + startTimeoutMs;
    for (const [name] of found) {
      while (this.#children.get(name)?.isReady === false && Date.now() < deadline) await delay(pollMs);
    }
    return found.map(([name, words]) => `${name} crashed: ${words}`);
  }

  async stop() {
    this.redis?.close();
    for (const worker of this.#standing.values()) await worker.end();
    for (const child of [...this.#children.values()].toReversed()) await child.stop(stopWithinMs);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #startStrict() {
    const ports = await freePorts();
    const settings = { ...this.#settings, ports, authMode: 'strict' };
    const { admins, password } = await prepareAccess(this.#environment(settings), []);
    const started = new Map();
    for (const app of apps) started.set(app, await this.#startApp(app, settings, { name: `bench-strict-${app.name}` }));
    const body = new URLSearchParams({ username: admins[0], password });
    const answer = await fetch(`http://127.0.0.1:${ports[gateway.name]}/token`, { method: 'POST', body });
    if (!answer.ok) throw new Refusal(`no token: ${answer.status} ${await answer.text()}`);
    const { access_token: token } = await answer.json();
    const pids = { ...this.pids(), service: started.get(service).pid, gateway: started.get(gateway).pid };
    return { port: ports[gateway.name], pids, token };
  }

  async #startApp(app, settings, { nodeArguments = [], name = `bench-${app.name}`, environment = {} } = {}) {
    const script = join(root, 'apps', app.name, 'dist/main.js');
    if (!existsSync(script)) throw new Refusal(`${app.name} is not built: ${script} is missing`);
    const url = appUrl(settings, app.name);
    return await this.#startChild({
      name,
      command: process.execPath,
      args: [...(app.nodeArguments ?? []), ...nodeArguments, script],
      cwd: root,
      env: { ...app.environment, ...this.#environment(settings), ...environment },
      isReady: async (signal) => (await statusOf(`${url}${app.readyPath}`, signal)) === 200,
    });
  }

  /** Defaults only: what the caller's shell sets for its own Sluice must not change what is measured. */
  #environment(settings) {
    const plain = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SLUICE|REDIS)_/.test(name)));
    const portVariables = apps.map((app) => [app.portVariable, String(settings.ports[app.name])]);
    const own = {
      [ptgDoor.portVariable]: 'off',
      SLUICE_STREAM_STORE_RECORDINGS_PATH: join(this.#folder, 'recordings'),
    };
    const env = { ...plain, ...own, ...Object.fromEntries(portVariables), ...this.#options.environment };
    return appEnvironment(settings, `redis://127.0.0.1:${this.redisPort}`, env);
  }

  async #startChild(spec) {
    const words = [];
    const child = new ManagedChild(spec, {
      report: () => this.#crashes.set(spec.name, child.lastWords.join(' ') || words.slice(-3).join(' ')),
      onLine: ({ line, isStderr }) => this.#onLine(spec.name, words, line, isStderr),
      onSpawn: (pid) => this.#notes.write(`${spec.name}-${process.pid}`, pid),
      onGone: () => this.#notes.remove(`${spec.name}-${process.pid}`),
    });
    this.#children.set(spec.name, child);
    child.start();
    const deadline = Date.now() + startTimeoutMs;
    while (!child.isReady) {
      if (child.failures > 0 || Date.now() > deadline) {
        throw new Refusal(`${spec.name} does not start:\n${words.join('\n')}`);
      }
      await delay(pollMs);
    }
    return child;
  }

  #onLine(name, words, line, isStderr) {
    words.push(line);
    if (words.length > 20) words.shift();
    const note = noteworthy(line, isStderr);
    if (note && this.#options.verbose) say(`${style.dim(name)} ${note.text}`);
  }

  #leaveNothing() {
    for (const child of this.#children.values()) {
      child.kill();
      this.#notes.remove(`${child.name}-${process.pid}`);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A free port for each app. */
async function freePorts() {
  const ports = {};
  for (const { name } of apps) ports[name] = await freePort();
  return ports;
}

/** Removes what runs that were killed have left on the disk, and all profiles but the newest. */
function clearAway() {
  const runs = stateFolder('bench');
  for (const name of readdirSync(runs)) {
    const pid = Number(/^run-(\d+)-/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) rmSync(join(runs, name), { recursive: true, force: true });
  }
  const profiles = readdirSync(profileFolder()).sort().slice(0, -keptProfiles);
  for (const name of profiles) rmSync(join(profileFolder(), name), { force: true });
}

/** Where `--profile` leaves the profiles. */
export function profileFolder() {
  const folder = join(stateFolder('bench'), 'profiles');
  mkdirSync(folder, { recursive: true });
  return folder;
}

function profileArguments(name) {
  const file = `${new Date().toISOString().replaceAll(/[:.]/g, '')}.${name}.cpuprofile`;
  return ['--cpu-prof', `--cpu-prof-dir=${profileFolder()}`, `--cpu-prof-name=${file}`, '--cpu-prof-interval=500'];
}
