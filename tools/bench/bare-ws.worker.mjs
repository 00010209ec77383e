// The socket limits: the `ws` library with nothing behind it, in one of three roles.
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { payloadOf } from './frames.mjs';
import { serveJob } from './jobs.mjs';
import { RedisConnection } from './redis-connection.mjs';

const bufferedBytes = 1024 * 1024;
const maxPayload = 16 * 1024 * 1024;
const pollMs = 2;

class BareServer {
  server = null;

  async open() {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, maxPayload });
    this.server = server;
    await new Promise((resolve) => server.once('listening', resolve));
    server.on('connection', (socket, request) => this.accept(socket, request));
    return { port: server.address().port };
  }

  async close() {
    for (const socket of this.server.clients) socket.terminate();
  }
}

/** Counts messages. `run` resolves once `expected` have come. */
class Sink extends BareServer {
  #bytes = 0;

  accept(socket) {
    socket.on('message', (data) => {
      this.#bytes += data.length;
    });
  }

  /** Resolves with the bytes so far, at once. */
  async run() {
    return { bytes: this.#bytes };
  }
}

/** Sends to all connections as fast as each takes it, `perWrite` messages a write, and closes them after `seconds`. */
class Fanout extends BareServer {
  #job;
  #payload;
  #sent = 0;
  #raw = new Map();

  constructor(job) {
    super();
    this.#job = job;
    this.#payload = payloadOf(job.payloadBytes);
  }

  accept(socket, { socket: raw }) {
    this.#raw.set(socket, raw);
  }

  /** Resolves with the messages handed to all connections together. */
  async run() {
    const stopAt = performance.now() + this.#job.seconds * 1000;
    const sockets = [...this.server.clients];
    while (performance.now() < stopAt) {
      const some = sockets.filter((socket) => socket.bufferedAmount < bufferedBytes);
      for (const socket of some) this.#send(socket);
      if (some.length === 0) await new Promise((resolve) => this.#raw.get(sockets[0]).once('drain', resolve));
      else await new Promise(setImmediate);
    }
    for (const socket of sockets) socket.close(1000);
    while (this.server.clients.size > 0) await delay(pollMs);
    return { sent: this.#sent };
  }

  #send(socket) {
    const { perWrite } = this.#job;
    const raw = this.#raw.get(socket);
    raw.cork();
    for (let count = 0; count < perWrite; count += 1) socket.send(this.#payload, { binary: true });
    raw.uncork();
    this.#sent += perWrite;
  }
}

/** Answers each message with itself, after one XADD and one XREAD of it: the shortest way that keeps the promise. */
class Echo extends BareServer {
  #job;
  #writer;
  #reader;
  #last = '0-0';

  constructor(job) {
    super();
    this.#job = job;
  }

  async open() {
    this.#writer = await RedisConnection.open(this.#job.redisPort);
    this.#reader = await RedisConnection.open(this.#job.redisPort);
    return await super.open();
  }

  accept(socket) {
    const { key } = this.#job;
    let turn = Promise.resolve();
    socket.on('message', (data) => {
      const added = this.#writer.send('XADD', key, '*', 'd', data);
      turn = turn.then(async () => {
        await added;
        const [[, entries]] = await this.#reader.send('XREAD', 'COUNT', 1, 'STREAMS', key, this.#last);
        const [[id, fields]] = entries;
        this.#last = id;
        socket.send(fields[1], { binary: true });
      });
    });
  }
}

const roles = { sink: Sink, fanout: Fanout, echo: Echo };

serveJob((job) => new roles[job.role](job));
