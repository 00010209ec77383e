// What the guard of a service takes to find out whose a request is, in a process of its own, as built: no HTTP, no socket.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import pino from 'pino';
import { root } from '../setup/paths.mjs';
import { serveJob } from './jobs.mjs';

const dist = (path) => import(join(root, 'libs', path));
const route = { method: 'GET', path: '/data/:stream_id' };
const tokens = 500;
const warmUp = 20_000;

class TokenChecks {
  #job;
  #access;
  #requests;

  constructor(job) {
    this.#job = job;
  }

  async open() {
    const { Access } = await dist('service-kit/dist/auth/access.js');
    const { defineConfig } = await dist('service-kit/dist/config/define-config.js');
    const { SERVICE_SETTINGS } = await dist('service-kit/dist/config/service-settings.js');
    const { ROUTES } = await dist('contracts/dist/index.js');
    const { redisUrl, algorithm } = this.#job;
    const settings = { SLUICE_AUTH_MODE: 'strict', SLUICE_AUTH_TOKEN_ALGORITHM: algorithm };
    const config = { ...defineConfig(SERVICE_SETTINGS).parse(settings), redisUrl };
    const log = pino({ level: 'silent' });
    const access = new Access({ service: 'stream-store', config, routes: ROUTES, log, addressOf: () => '' });
    this.#access = access;
    access.guard.addRoute(route.method, route.path);
    access.start();
    while (!access.check().ready) await new Promise((resolve) => setTimeout(resolve, 20));
    const name = `bench-${randomUUID()}`;
    await access.records.users.add({ name, password: randomUUID(), scopes: ['stream:read'] }, 'bench');
    const issued = await Promise.all(Array.from({ length: tokens }, () => access.records.tokens.issue(name)));
    this.#requests = issued.map(({ token }) => ({ url: '/data/x', headers: { authorization: `Bearer ${token}` } }));
    return {};
  }

  /** Resolves with `{ firstUs, knownUs }`: a token not seen before, and one that was. */
  async run() {
    const firstUs = await this.#measure(this.#requests);
    const [request] = this.#requests;
    await this.#measure(Array(warmUp).fill(request));
    return { firstUs, knownUs: await this.#measure(Array(this.#job.checks).fill(request)) };
  }

  async close() {
    await this.#access?.close();
  }

  async #measure(requests) {
    const { guard } = this.#access;
    const startedAt = performance.now();
    for (const request of requests) {
      const identity = guard.admit(request, route.method, route.path);
      if (identity instanceof Promise) await identity;
    }
    return ((performance.now() - startedAt) * 1000) / requests.length;
  }
}

serveJob((job) => new TokenChecks(job));
