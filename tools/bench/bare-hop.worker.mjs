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
    this.#server = createServer((request, response) => void this.#pass(request, response));
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return { port: this.#server.address().port };
  }

  async run() {}

  async close() {
    this.#server.closeAllConnections();
    await this.#pool.destroy();
  }

  async #pass(request, response) {
    const { method, url: path, headers } = request;
    try {
      const body = method === 'GET' ? null : request;
      const passed = Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.has(name)));
      await this.#pool.stream(
        { method, path, headers: passed, body, opaque: response },
        ({ statusCode, headers: answer }) => {
          response.writeHead(
            statusCode,
            Object.fromEntries(Object.entries(answer).filter(([name]) => !ownHeaders.has(name))),
          );
          return response;
        },
      );
    } catch {
      response.destroy();
    }
  }
}

serveJob((job) => new BareHop(job));
