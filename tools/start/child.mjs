import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { signalGroup } from '../setup/processes.mjs';
import { noteworthy } from './logs.mjs';

const keptLines = 5;
const readyPollMs = 50;

/** The exit code of an app that finds its configuration wrong: started again it would end the same way. */
const badConfiguration = 78;

/** How long to wait before each restart, and after how long a run counts as healthy again. */
const restartPolicy = { firstMs: 250, maxMs: 10_000, healthyAfterMs: 30_000 };

/**
 * A process that is kept running: started again with growing pauses when it ends by itself, each time with one report.
 * It leads a process group of its own, so that Ctrl-C in a terminal reaches it only through `stop`.
 *
 * `spec`: `{ name, command, args, cwd, env, isReady }`, where `isReady(signal)` resolves with true once it serves.
 * `hooks`: `report(text)` for one line to the reader, `onLine({ line, isStderr })`, `onSpawn(pid)`, `onGone()`.
 */
export class ManagedChild {
  #spec;
  #hooks;
  #policy;
  #process = null;
  #stopping = new AbortController();
  /** @type {Promise<string>} */
  #exited = Promise.resolve('');
  #failures = 0;
  #lastLines = [];
  #isReady = false;
  #exitCode = null;
  #isMisconfigured = false;
  /** @type {Promise<void>} */
  #loop = Promise.resolve();

  constructor(spec, hooks = {}, policy = restartPolicy) {
    this.#spec = spec;
    this.#hooks = hooks;
    this.#policy = { ...restartPolicy, ...policy };
  }

  get name() {
    return this.#spec.name;
  }

  get pid() {
    return this.#process?.pid ?? null;
  }

  get isReady() {
    return this.#isReady;
  }

  /** How often in a row it ended before it had run healthily. */
  get failures() {
    return this.#failures;
  }

  /** True when it ended because its configuration is wrong; it is not started again then. */
  get isMisconfigured() {
    return this.#isMisconfigured;
  }

  /** The last lines that it wrote to stderr, or as errors to its log. */
  get lastWords() {
    return [...this.#lastLines];
  }

  /** Starts it, and keeps it running until `stop`. Returns at once. */
  start() {
    this.#stopping = new AbortController();
    this.#loop = this.#keepRunning(this.#stopping.signal);
  }

  /** SIGTERM, then SIGKILL when it is still there after `withinMs`. Resolves when it is gone. */
  async stop(withinMs) {
    this.#stopping.abort();
    const child = this.#process;
    if (child) {
      signalGroup(child.pid, 'SIGTERM');
      const timer = setTimeout(() => this.kill(), withinMs);
      await this.#exited;
      clearTimeout(timer);
    }
    await this.#loop;
  }

  /** SIGKILL at once, to it and to all that it started. */
  kill() {
    this.#stopping.abort();
    if (this.#process) signalGroup(this.#process.pid, 'SIGKILL');
  }

  /** Stops it and starts it anew, which counts as no failure. */
  async restart(withinMs) {
    await this.stop(withinMs);
    this.#failures = 0;
    this.start();
  }

  async #keepRunning(signal) {
    while (!signal.aborted) {
      const startedAt = Date.now();
      const ending = await this.#runOnce(signal);
      this.#isMisconfigured = this.#exitCode === badConfiguration;
      if (signal.aborted || this.#isMisconfigured) return;
      this.#failures = Date.now() - startedAt >= this.#policy.healthyAfterMs ? 1 : this.#failures + 1;
      const pauseMs = Math.min(this.#policy.firstMs * 2 ** (this.#failures - 1), this.#policy.maxMs);
      this.#report(
        [`${this.name} ended (${ending}); starting it again in ${pauseMs / 1000} s`, ...this.#lastLines].join('\n    '),
      );
      await delay(pauseMs, null, { signal }).catch(() => {});
    }
  }

  async #runOnce(signal) {
    const { command, args, cwd, env, name } = this.#spec;
    this.#lastLines = [];
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const failed = new Promise((resolve) => child.once('error', (error) => resolve(error.message)));
    if (child.pid === undefined) return await failed;
    this.#process = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, killedBy) => {
        this.#exitCode = code;
        resolve(describeExit(code, killedBy));
      });
    });
    this.#hooks.onSpawn?.(child.pid);
    const ended = new AbortController();
    void this.#awaitReady(AbortSignal.any([signal, ended.signal]));
    const drained = Promise.all([this.#follow(child.stdout, false), this.#follow(child.stderr, true)]);
    const ending = await this.#exited;
    ended.abort();
    // What it started itself shares its group, and must not outlive it.
    signalGroup(child.pid, 'SIGKILL');
    this.#isReady = false;
    this.#process = null;
    // Something it started may hold its output open: its last words are waited for, but not long.
    await Promise.race([drained, delay(200)]);
    this.#hooks.onGone?.(name);
    return ending;
  }

  async #awaitReady(signal) {
    const startedAt = Date.now();
    while (!signal.aborted) {
      if (await this.#spec.isReady(signal).catch(() => false)) {
        this.#isReady = true;
        if (this.#failures > 0)
          this.#report(`${this.name} is back (ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
        return;
      }
      await delay(readyPollMs, null, { signal }).catch(() => {});
    }
  }

  async #follow(stream, isStderr) {
    for await (const line of createInterface({ input: stream })) {
      const note = noteworthy(line, isStderr);
      if (note && note.level !== 'warning') this.#lastLines = [...this.#lastLines, note.text].slice(-keptLines);
      this.#hooks.onLine?.({ line, isStderr });
    }
  }

  #report(text) {
    this.#hooks.report?.(text);
  }
}

function describeExit(code, signal) {
  return signal ? `killed by ${signal}` : `exit code ${code}`;
}
