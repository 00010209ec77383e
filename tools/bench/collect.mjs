import { openPuller } from './pullers.mjs';

/** Receives on every connection until the server closes it. */
export class Collect {
  #job;
  #sockets = [];
  #open;
  #ended = Promise.withResolvers();

  constructor(job) {
    this.#job = job;
    this.#open = job.connections;
    this.#ended.promise.catch(() => {});
  }

  async open() {
    const { connections, port, payloadBytes } = this.#job;
    const hooks = { onFailure: (error) => this.#onEnd(error) };
    const pull = { port, path: '/', encoding: 'plain', entryBytes: payloadBytes };
    this.#sockets = await Promise.all(Array.from({ length: connections }, () => openPuller(pull, hooks)));
  }

  /** Resolves with `{ delivered, seconds }`. */
  async run() {
    const startedAt = performance.now();
    await this.#ended.promise;
    const delivered = this.#sockets.reduce((total, { counter }) => total + counter.entries, 0);
    return { delivered, seconds: (performance.now() - startedAt) / 1000 };
  }

  async close() {
    for (const socket of this.#sockets) socket.close();
  }

  #onEnd(error) {
    this.#open -= 1;
    if (!error.message.startsWith('the server closed: 1000')) this.#ended.reject(error);
    else if (this.#open === 0) this.#ended.resolve();
  }
}
