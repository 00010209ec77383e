import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRedis, uniqueName, type RedisServer } from '@sluice/testing';
import { WebSocket } from 'ws';
import { prepareAccess } from '../src/first-start.js';
import { AccessSystem } from './support/access.js';
import { startGateway } from './support/gateway.js';

/** The sample token of the original's README, which expired long ago and whose key is public. */
const EXPIRED =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJwdGciLCJleHAiOjE2NTI1NDU3MTl9.8S6dal-Q97TfJZG7rYLQWe5n3IovU9qCmtPYo7voNN4';
const NOT_AUTHENTICATED = { detail: 'Not authenticated' };

describe('open mode', () => {
  let open: AccessSystem;

  beforeAll(async () => {
    open = await AccessSystem.start('open');
  });
  afterAll(() => open.stop());

  const sources = (token: string): [string, RequestInit, string][] => [
    ['header', { headers: { authorization: `Bearer ${token}` } }, ''],
    ['query', {}, `?token=${token}`],
    ['cookie, quoted', { headers: { cookie: `authorization="Bearer ${token}"` } }, ''],
    ['cookie, plain', { headers: { cookie: `authorization=Bearer ${token}` } }, ''],
  ];

  it('wants some bearer on the routes that the ptg dialect protects, from any of its places', async () => {
    for (const base of [`${open.url}/ptg`, open.gateway.ptgUrl]) {
      for (const token of ['garbage', EXPIRED, open.admin.token]) {
        for (const [source, init, query] of sources(token)) {
          const response = await fetch(`${base}/streams${query}`, init);
          expect([source, token, response.status]).toEqual([source, token, 200]);
        }
      }
      for (const headers of [{}, { authorization: 'Basic YTph' }, { authorization: 'Bearer ' }]) {
        const response = await fetch(`${base}/streams`, { headers: headers as Record<string, string> });
        expect([response.status, response.headers.get('www-authenticate'), await response.json()]).toEqual([
          401,
          'Bearer',
          NOT_AUTHENTICATED,
        ]);
      }
    }
  });

  it('gives tokens as soon as it answers, although its connection to Redis is just being made', async () => {
    const fresh = await startGateway(open.store.url, { REDIS_URL: open.redis.url });
    try {
      const body = new URLSearchParams({ username: 'early', password: 'early' });
      expect((await fetch(`${fresh.url}/token`, { method: 'POST', body })).status).toBe(200);
    } finally {
      await fresh.close();
    }
  });

  it('opens sockets of the ptg dialect for some bearer, and refuses others with 401 before the handshake', async () => {
    for (const [source, init, query] of sources('garbage')) {
      const url = `${open.gateway.ws}/ptg/data/${uniqueName()}/pull${query}`;
      const socket = new WebSocket(url, { headers: (init.headers ?? {}) as Record<string, string> });
      await once(socket, 'open');
      socket.terminate();
      expect(source).toBeTruthy();
    }
    const socket = new WebSocket(`${open.gateway.ws}/ptg/data/${uniqueName()}/pull`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('401');
  });

  it('asks for nothing on the routes of redis-streamer, our own, and the open ones of the ptg dialect', async () => {
    const paths = [
      '/data/x?last_entry_id=0',
      '/v1/streams',
      '/v1/me',
      '/ptg/ping',
      '/ptg/metrics',
      '/health/live',
      '/metrics',
    ];
    for (const path of paths) expect([path, (await open.fetch(path)).status]).toEqual([path, 200]);
  });

  it('knows whose a token is, and calls everybody else anonymous, or anon', async () => {
    const subjectOf = async (as?: string): Promise<unknown> =>
      ((await (await open.fetch('/v1/me', { as })).json()) as { subject: string }).subject;
    expect(await subjectOf()).toBe('anonymous');
    expect(await subjectOf(EXPIRED)).toBe('anon');
    expect(await subjectOf(open.admin.token)).toBe('admin');
    const { token } = await open.signIn('test', 'test');
    expect(await subjectOf(token)).toBe('test');
  });
});

describe('the first start of strict mode', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  const prepare = (devices: readonly string[] = []): ReturnType<typeof prepareAccess> =>
    prepareAccess({ REDIS_URL: redis.url, SLUICE_AUTH_MODE: 'strict', SLUICE_LOG_LEVEL: 'silent' }, devices);

  it('makes one administrator, also of several at the same time, and none later', async () => {
    const all = await Promise.all([prepare(), prepare(), prepare()]);
    expect(all.map(({ admins }) => admins)).toEqual([['admin'], ['admin'], ['admin']]);
    expect(all.filter(({ password }) => password !== null)).toHaveLength(1);
    expect(await prepare()).toEqual({ admins: ['admin'], password: null, keys: {} });
  });

  it('gives each device a key of its own, in place of the one before', async () => {
    const { keys: first } = await prepare(['host', 'camera']);
    const { keys: second } = await prepare(['host', 'camera']);
    const secrets = [first, second].flatMap((keys) => Object.values(keys));
    expect(new Set(secrets).size).toBe(4);
    expect(Object.keys(second)).toEqual(['host', 'camera']);
  });
});
