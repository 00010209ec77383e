import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inState, root, stateDir, stateFolder } from '../setup/paths.mjs';
import { Refusal, say, style, withProgress } from '../setup/progress.mjs';
import { prepareAccess } from './access.mjs';
import { demoDevices, frontDoor } from './apps.mjs';
import { ManagedChild } from './child.mjs';
import { LogFile, noteworthy } from './logs.mjs';
import { PidNotes } from './pids.mjs';
import { statusOf } from './ready.mjs';
import { redisSpec } from './redis.mjs';
import { appEnvironment, appUrl } from './settings.mjs';

const startTimeoutMs = 60_000;
const hopelessAfter = 3;

/** How long each rank may take to stop before it is killed; together they stay under five seconds. */
const stopBudgetsMs = { device: 500, front: 1400, service: 1400, redis: 1200 };

/**
 * Everything that one `npm start` runs on this machine. `up` resolves when all of it is ready; `down` stops it in order,
 * each rank before what it stands on; `kill` ends it at once.
 */
export class Instance {
  #settings;
  #options;
  #notes = new PidNotes();
  #logs = [];
  #isStopping = false;
  #ranks;
  #access = null;

  /** `redis` is what `findRedis` gave, or null when `REDIS_URL` names a running server. */
  constructor({ settings, options, redis }) {
    this.#settings = settings;
    this.#options = options;
    const front = options.apps.filter((app) => app.name === frontDoor);
    const services = options.apps.filter((app) => app.name !== frontDoor);
    this.#ranks = {
      redis: redis ? [this.#child(redisSpec(redis, settings.redis, stateFolder('data')))] : [],
      service: services.map((app) => this.#child(this.#appSpec(app))),
      front: front.map((app) => this.#child(this.#appSpec(app))),
      device: options.demo ? demoDevices.map((device) => this.#child(this.#deviceSpec(device))) : [],
    };
  }

  get redisUrl() {
    return this.#settings.redis.url ?? `redis://127.0.0.1:${this.#settings.redis.port}`;
  }

  /** What `prepareAccess` gave; null in open mode, and before `up`. */
  get access() {
    return this.#access;
  }

  /** The processes by name; the names are those of the apps, `redis`, and `demo-…`. */
  get children() {
    return Object.values(this.#ranks).flat();
  }

  async up() {
    const { redis, service, front, device } = this.#ranks;
    await withProgress('starting', async () => {
      await startAll(redis);
      if (this.#settings.authMode === 'strict') await this.#prepareAccess();
      await startAll([...service, ...front]);
      await startAll(device);
    });
  }

  async down() {
    this.#isStopping = true;
    for (const rank of ['device', 'front', 'service', 'redis']) {
      await Promise.all(this.#ranks[rank].map((child) => child.stop(stopBudgetsMs[rank])));
    }
    for (const log of this.#logs) log.close();
  }

  kill() {
    for (const child of this.children) {
      child.kill();
      this.#notes.remove(child.name);
    }
  }

  /** Restarts one app, after a rebuild. */
  async restart(name) {
    const [rank, child] = Object.entries(this.#ranks)
      .flatMap(([key, children]) => children.map((candidate) => [key, candidate]))
      .find(([, candidate]) => candidate.name === name);
    await child.restart(stopBudgetsMs[rank]);
  }

  async #prepareAccess() {
    const env = appEnvironment(this.#settings, this.redisUrl);
    this.#access = await prepareAccess(env, this.#options.demo ? demoDevices : []);
  }

  #appSpec(app) {
    const url = appUrl(this.#settings, app.name);
    return {
      ...nodeSpec(app.name, [`apps/${app.name}/dist/main.js`], app.nodeArguments),
      env: { ...app.environment, ...recordingsFolder(app), ...appEnvironment(this.#settings, this.redisUrl) },
      isReady: async (signal) => (await statusOf(`${url}${app.readyPath}`, signal)) === 200,
    };
  }

  #deviceSpec(device) {
    const { tls } = this.#settings;
    // A given certificate may be for other names than this machine's: then the devices go to the service behind the front door.
    const url = appUrl(this.#settings, tls && !tls.isOwn ? 'stream-store' : frontDoor);
    const trust = tls?.isOwn ? { NODE_EXTRA_CA_CERTS: tls.certificate } : {};
    const keyOf = () => this.#access?.keys[device];
    return {
      ...nodeSpec(`demo-${device}`, ['apps/cli/dist/main.js', 'demo', device]),
      // Its key is known only when it is started.
      get env() {
        const key = keyOf();
        return { ...process.env, ...trust, SLUICE_URL: url, ...(key === undefined ? {} : { SLUICE_TOKEN: key }) };
      },
      isReady: async () => true,
    };
  }

  #child(spec) {
    const log = new LogFile(spec.name);
    this.#logs.push(log);
    return new ManagedChild(spec, {
      report: (text) => say(`${style.yellow('!')} ${text}`),
      onLine: ({ line, isStderr }) => this.#onLine(spec.name, log, line, isStderr),
      onSpawn: (pid) => this.#notes.write(spec.name, pid),
      onGone: () => this.#notes.remove(spec.name),
    });
  }

  #onLine(name, log, line, isStderr) {
    log.write(line);
    if (this.#isStopping) return;
    const note = noteworthy(line, isStderr);
    if (this.#options.verbose) say(`${style.dim(name)} ${line}`);
    else if (note) say(`${style.dim(name)} ${note.level === 'stderr' ? '' : `${note.level}: `}${note.text}`);
  }
}

function nodeSpec(name, args, nodeArguments = []) {
  const script = join(root, args[0]);
  if (!existsSync(script))
    throw new Refusal(`${name} cannot be started: ${script} is missing, although the build went well`);
  return { name, command: process.execPath, args: [...nodeArguments, script, ...args.slice(1)], cwd: root };
}

/** Recordings lie in the state folder unless the environment has a place for them. */
function recordingsFolder({ name }, env = process.env) {
  const isGiven = env.SLUICE_STREAM_STORE_RECORDINGS_PATH || env.RECORDING_PATH;
  return name === 'stream-store' && !isGiven
    ? { SLUICE_STREAM_STORE_RECORDINGS_PATH: join(stateDir, 'recordings') }
    : {};
}

async function startAll(children) {
  for (const child of children) child.start();
  const deadline = Date.now() + startTimeoutMs;
  while (!children.every((child) => child.isReady)) {
    const misconfigured = children.find((child) => child.isMisconfigured);
    if (misconfigured) throw new Refusal(misconfigured.lastWords.join('\n'));
    const hopeless = children.find((child) => child.failures >= hopelessAfter);
    if (hopeless)
      throw new Refusal(
        `${hopeless.name} does not start: it ended ${hopeless.failures} times. ${whereToLook(hopeless)}`,
      );
    if (Date.now() > deadline) {
      const late = children.find((child) => !child.isReady);
      throw new Refusal(`${late.name} is not ready after ${startTimeoutMs / 1000} s. ${whereToLook(late)}`);
    }
    await delay(20);
  }
}

function whereToLook(child) {
  const words = child.lastWords.map((line) => `\n    ${line}`).join('');
  return `Its log is ${inState(`logs/${child.name}.log`)}${words}`;
}
