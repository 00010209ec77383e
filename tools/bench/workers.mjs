import { fork } from 'node:child_process';
import { join } from 'node:path';

const endWithinMs = 2000;

/** A measurement that did not do what it claims: the line says so and shows no number. */
export class MeasurementFailure extends Error {}

/** A worker process with one job. `ready` is what it said when everything was open; `pid` is its process. */
class Worker {
  #child;
  #waiting = null;
  #messages = [];
  #exited;

  constructor(script, name) {
    this.name = name;
    this.#child = fork(join(import.meta.dirname, script), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message) => this.#take(message));
    this.#child.on('error', (error) => this.#take({ type: 'failed', reason: error.message }));
    this.#exited = new Promise((resolve) => {
      this.#child.on('exit', (code, signal) => {
        this.#take({ type: 'failed', reason: `ended with ${signal ?? `code ${code}`}` });
        resolve();
      });
    });
  }

  get pid() {
    return this.#child.pid;
  }

  tell(message) {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Resolves with the next message of that type. @throws MeasurementFailure when there is another or none in time */
  async next(type, withinMs) {
    const message = this.#messages.shift() ?? (await this.#arrival(type, withinMs));
    if (message.type === type) return message;
    throw new MeasurementFailure(`${this.name}: ${message.reason ?? `${message.type} came instead of ${type}`}`);
  }

  /** Runs the job: resolves with what it counted. */
  async run(withinMs) {
    this.tell({ type: 'go' });
    return await this.next('done', withinMs);
  }

  async end() {
    this.tell({ type: 'end' });
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endWithinMs);
    await this.#exited;
    clearTimeout(timer);
  }

  #arrival(type, withinMs) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting = null;
        resolve({ type: 'failed', reason: `not ${type} within ${withinMs / 1000} s` });
      }, withinMs);
      this.#waiting = (message) => {
        clearTimeout(timer);
        resolve(message);
      };
    });
  }

  #take(message) {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting) waiting(message);
    else this.#messages.push(message);
  }
}

/**
 * Starts a worker and gives it its job. Resolves once it is ready; whoever started it ends it, and it also ends by itself as soon
 * as this process is gone.
 */
export async function startWorker({ script, name, job, openWithinMs = 20_000 }) {
  const worker = new Worker(script, name);
  try {
    worker.tell({ type: 'job', job });
    worker.ready = await worker.next('ready', openWithinMs);
    return worker;
  } catch (error) {
    await worker.end();
    throw error;
  }
}

/** Starts a worker, passes it to `use` once it is ready, and ends it whatever happens. */
export async function withWorker(options, use) {
  const worker = await startWorker(options);
  try {
    return await use(worker);
  } finally {
    await worker.end();
  }
}
