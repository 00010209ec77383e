// The hop of the REST limit: node:http in front, undici behind, bodies and headers passed on as they are.
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { serveJob } from './jobs.mjs';

/** Headers of one connection, which a hop does not pass on. */
const ownHeaders = new Set(['connection', 'keep-alive', 'transfer-encoding']);

class BareHop {
  #server;
  #pool;

  constructor({ port }) {
    this.#pool = new Pool(`http://127.0.0.1:${port}`, { connections: 64, pipelining: 1 });
  }

  async open() {
    this.#server = createServer((request, response) => this.#pass(request, response));
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return { port: this.#server.address().port };
  }

  async run() {}

  async close() {
    this.#server.closeAllConnections();
    await this.#pool.destroy();
  }

  #pass(request, response) {
    const { method, url: path } = request;
    const headers = request.rawHeaders.filter((_, index, all) => !ownHeaders.has(all[index & ~1].toLowerCase()));
    const dispatch = (body) => this.#pool.dispatch({ method, path, headers, body }, new Answer(response));
    if (method === 'GET') return dispatch(null);
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => dispatch(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
  }
}

/** Passes one answer back. */
class Answer {
  #response;

  constructor(response) {
    this.#response = response;
  }

  onRequestStart() {}

  onResponseStart(_controller, status, headers) {
    const passed = Object.entries(headers).filter(([name]) => !ownHeaders.has(name));
    this.#response.writeHead(status, Object.fromEntries(passed));
  }

  onResponseData(_controller, chunk) {
    this.#response.write(chunk);
  }

  onResponseEnd() {
    this.#response.end();
  }

  onResponseError() {
    this.#response.destroy();
  }
}

serveJob((job) => new BareHop(job));
