// Loads an HTTP server where wrk is not installed: one request at a time on each of some kept connections.
import { Agent, request as send } from 'node:http';
import { serveJob } from './jobs.mjs';

class HttpLoad {
  #job;
  #agent;

  constructor(job) {
    this.#job = job;
    this.#agent = new Agent({ keepAlive: true, maxSockets: job.connections });
  }

  async open() {}

  /** Resolves with `{ count, seconds }`; rejects at the first answer that is none of success. */
  async run() {
    const startedAt = performance.now();
    const stopAt = startedAt + this.#job.seconds * 1000;
    const counts = await Promise.all(Array.from({ length: this.#job.connections }, () => this.#loop(stopAt)));
    const count = counts.reduce((sum, value) => sum + value, 0);
    return { count, seconds: (performance.now() - startedAt) / 1000 };
  }

  async close() {
    this.#agent.destroy();
  }

  async #loop(stopAt) {
    let count = 0;
    for (; performance.now() < stopAt; count += 1) await this.#once();
    return count;
  }

  #once() {
    const { port, request } = this.#job;
    const { method, path, body } = request;
    const headers = { ...request.headers, ...(body ? { 'content-length': Buffer.byteLength(body) } : {}) };
    return new Promise((resolve, reject) => {
      const sent = send({ host: '127.0.0.1', port, method, path, headers, agent: this.#agent }, (answer) => {
        answer.resume();
        answer.on('end', resolve);
        if (answer.statusCode >= 300) reject(new Error(`${method} ${path} answers ${answer.statusCode}`));
      });
      sent.on('error', reject);
      sent.end(body || undefined);
    });
  }
}

serveJob((job) => new HttpLoad(job));
