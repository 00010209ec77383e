import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tokens, UserDirectory } from '@sluice/service-kit';
import { startApp, startRedis, waitFor, type RedisServer } from '@sluice/testing';
import { TestGateway } from './support/gateway.js';
import { lab } from './support/lab.js';
import { StreamClient } from './support/socket.js';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(async () => {
  await redis?.stop();
});

const named = (application: string): Record<string, string> => ({ SLUICE_CHANNEL_GATEWAY_APPLICATION: application });

describe('the shutdown control', () => {
  it('answers, lets waiting requests go with an empty list, and ends the process with 0', async () => {
    const app = await startApp('channel-gateway', { REDIS_URL: redis.url, ...named('shutdown') });
    const waiting = fetch(`${app.url}/api/v1/next/controls`).then((response) => response.json());
    await waitFor(async () =>
      (await (await fetch(`${app.url}/metrics`)).text()).includes('waiting_requests{service="channel-gateway"} 1'),
    );
    const socket = await StreamClient.open(app.url);
    await socket.sync({ action: 'subscribe', channel: 'controls' });
    const lists = fetch(`${app.url}/api/v1/next/basket/A`).then((response) => response.json());
    const response = await fetch(`${app.url}/api/v1/controls/shutdown`, { method: 'POST' });
    expect(await response.json()).toMatchObject([{ name: 'shutdown', status: 'ok' }]);
    expect(await waiting).toMatchObject([{ name: 'shutdown' }]);
    expect(Array.isArray(await lists)).toBe(true);
    await waitFor(() => !app.isRunning);
    expect([app.process.exitCode, socket.closedWith]).toEqual([0, 1001]);
  });

  it('is not there where it is not mounted', async () => {
    const gateway = await TestGateway.start({ application: lab(), redis, environment: named('none') });
    try {
      expect((await gateway.post('/controls/shutdown')).status).toBe(404);
      expect((await gateway.get('/controls/heartbeat')).status).toBe(404);
      expect((await gateway.get('/controls/')).body).toEqual([]);
    } finally {
      await gateway.close();
    }
  });
});

describe('requests that wait', () => {
  it('are cheap: 10,000 of them are answered by one tick, and those that go leave nothing behind', async () => {
    const gateway = await TestGateway.start({ application: lab(), redis, environment: named('waiting') });
    try {
      const { waiters } = gateway.viewOf('input');
      const seen: string[] = [];
      // The ones the socket layer would hold: what costs is the waiter.
      for (let count = 0; count < 10_000; count++) waiters.add(null, (json) => seen.push(String(json)));
      const abort = new AbortController();
      const gone = gateway.get('/next/sides/LEFT', { signal: abort.signal }).catch(() => 'gone');
      await waitFor(() => gateway.viewOf('sides').waiters.has('LEFT'));
      abort.abort();
      expect(await gone).toBe('gone');
      await waitFor(() => !gateway.viewOf('sides').waiters.has('LEFT'));
      const waiting = Array.from({ length: 300 }, () => gateway.list('/next/input'));
      await waitFor(async () =>
        ((await gateway.get('//metrics')).body as string).includes('waiting_requests{service="channel-gateway"} 300'),
      );
      await gateway.post('/send/input', { x: 1 });
      expect((await Promise.all(waiting)).every(([one]) => one?.['x'] === 1)).toBe(true);
      expect(new Set(seen).size).toBe(1);
      expect(seen).toHaveLength(10_000);
    } finally {
      await gateway.close();
    }
  });

  it('have a bound, which is told', async () => {
    const environment = { ...named('bound'), SLUICE_CHANNEL_GATEWAY_MAX_WAITERS: '1' };
    const gateway = await TestGateway.start({ application: lab(), redis, environment });
    try {
      const first = gateway.list('/next/input');
      await waitFor(() => gateway.viewOf('input').waiters.has(null));
      expect((await gateway.get('/next/input')).status).toBe(429);
      await gateway.post('/send/input', { x: 1 });
      expect(await first).toMatchObject([{ x: 1 }]);
      expect((await gateway.get('/next/input?timeout=0')).body).toEqual([]);
    } finally {
      await gateway.close();
    }
  });
});

describe('the document', () => {
  it('describes what is served from the types of its records', async () => {
    const gateway = await TestGateway.start({ redis, environment: named('document') });
    try {
      const document = (await gateway.get('//openapi.json')).body as Record<string, unknown>;
      expect(Object.keys(document).sort()).toEqual(['components', 'info', 'openapi', 'paths']);
      expect(document['info']).toMatchObject({
        title: 'Gateway',
        version: '2.9.0',
        contact: { name: expect.any(String) },
      });
      const paths = document['paths'] as Record<string, Record<string, Record<string, unknown>>>;
      const text = JSON.stringify(document);
      expect(Object.keys(paths)).toEqual(
        expect.arrayContaining([
          '/api/v1/last/',
          '/api/v1/last/basket',
          '/api/v1/last/basket/{key}',
          '/api/v1/lookup/example/{id}',
          '/api/v1/lookup/id/{id}',
          '/api/v1/send/example',
          '/api/v1/controls/shutdown',
        ]),
      );
      expect(text).not.toContain('example-list');
      const type = 'csp_gateway.server.demo.omnibus.ExampleData';
      expect(paths['/api/v1/last/example']?.['get']?.['type_']).toBe(type);
      expect(paths['/api/v1/last/basket']?.['get']).not.toHaveProperty('type_');
      expect(paths['/api/v1/last/basket/{key}']?.['get']?.['type_']).toBe(type);
      expect(paths['/api/v1/controls/stats']?.['get']?.['type_']).toBe('csp_gateway.utils.web.controls.Controls');
      const { schemas } = document['components'] as { schemas: Record<string, { properties: object }> };
      expect(Object.keys(schemas)).toEqual(
        expect.arrayContaining([
          'ExampleData-Input',
          'ExampleData-Output',
          'Error404',
          'HTTPValidationError',
          'ValidationError',
        ]),
      );
      expect(Object.keys(schemas['ExampleData-Output']?.properties ?? {}).slice(0, 3)).toEqual([
        'id',
        'timestamp',
        'x',
      ]);
      for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
        expect(schemas).toHaveProperty([String(name)]);
    } finally {
      await gateway.close();
    }
  });
});

describe('in strict mode', () => {
  it('each channel and key asks for its right, in lists, requests and sockets', async () => {
    const environment = { ...named('strict'), SLUICE_AUTH_MODE: 'strict' };
    const gateway = await TestGateway.start({ application: lab(), redis, environment });
    try {
      await waitFor(async () => (await fetch(`${gateway.url}/health/ready`)).ok);
      const [users, tokens] = [gateway.service.app.get(UserDirectory), gateway.service.app.get(Tokens)];
      const scopes = ['channel:read=input', 'channel:read=sides/LEFT', 'channel:write=sides/LEFT'];
      await users.add({ name: 'ada', password: 'correct horse', scopes }, 'test');
      const { token } = await tokens.issue('ada', {});
      expect((await gateway.get('/last/input')).status).toBe(403);
      expect((await gateway.get('//openapi.json')).status).toBe(200);
      await expect(StreamClient.open(gateway.url)).rejects.toThrow(/^403 .*unauthorized/);
      const headers = { token };
      const as = (path: string, init: RequestInit = {}): ReturnType<TestGateway['get']> =>
        gateway.get(path, { ...init, headers });
      expect((await as('/last/')).body).toEqual(['input', 'sides']);
      expect((await as('/last/input')).status).toBe(200);
      expect((await as('/last/lists')).body).toEqual({ detail: 'unauthorized', status_code: 403 });
      expect((await as('/last/sides')).status).toBe(403);
      expect((await as('/last/sides/LEFT')).status).toBe(200);
      expect((await as('/last/sides/RIGHT')).status).toBe(403);
      expect((await as('/send/sides', { method: 'POST', body: '{"LEFT":{}}' })).status).toBe(403);
      expect((await as('/send/sides/LEFT', { method: 'POST', body: '{"id":"mine"}' })).status).toBe(200);
      expect((await as('/lookup/id/mine')).status).toBe(200);
      expect((await as('/stream')).body).toEqual(['input', 'sides/LEFT', 'heartbeat']);
      const socket = await StreamClient.open(gateway.url, `/api/v1/stream?token=${token}`);
      expect(await socket.sync({ action: 'subscribe', channel: 'lists' })).toMatchObject({ ok: false });
      expect(await socket.sync({ action: 'subscribe', channel: 'sides', key: 'RIGHT' })).toMatchObject({ ok: false });
      expect(await socket.sync({ action: 'subscribe', channel: 'sides' })).toMatchObject({ ok: true });
      expect(await socket.sync({ action: 'send', channel: 'input', data: { x: 1 } })).toMatchObject({ ok: false });
      expect(await socket.sync({ action: 'send', channel: 'sides', key: 'LEFT', data: { x: 1 } })).toMatchObject({
        ok: true,
      });
      expect(await socket.next('sides')).toMatchObject({ key: 'LEFT' });
      await socket.close();
    } finally {
      await gateway.close();
    }
  });

  it('a socket ends with 4401 when its token is taken back or expires, or loses a right, and another one goes on', async () => {
    const environment = { ...named('ending'), SLUICE_AUTH_MODE: 'strict' };
    const gateway = await TestGateway.start({ application: lab(), redis, environment });
    try {
      const [users, tokens] = [gateway.service.app.get(UserDirectory), gateway.service.app.get(Tokens)];
      const scopes = ['channel:read=input', 'channel:write=input'];
      await users.add({ name: 'bea', password: 'correct horse', scopes }, 'test');
      await users.add({ name: 'cid', password: 'correct horse', scopes }, 'test');
      const open = async (token: string): Promise<StreamClient> => {
        const socket = await StreamClient.open(gateway.url, `/api/v1/stream?token=${token}`);
        expect(await socket.sync({ action: 'subscribe', channel: 'input' })).toMatchObject({ ok: true });
        return socket;
      };
      const [revoked, kept] = [await tokens.issue('bea', {}), await tokens.issue('bea', {})];
      const [first, second] = [await open(revoked.token), await open(kept.token)];
      const third = await open((await tokens.issue('bea', { lifetimeSeconds: 4 })).token);
      const fourth = await open((await tokens.issue('cid', {})).token);
      await tokens.revoke(revoked.tokenId, 'bea');
      await waitFor(() => first.closedWith !== null);
      await users.setScopes('cid', ['channel:read=lists'], 'test');
      await waitFor(() => fourth.closedWith !== null);
      await waitFor(() => third.closedWith !== null, { timeoutMs: 20_000 });
      expect([first, third, fourth].map(({ closedWith }) => closedWith)).toEqual([4401, 4401, 4401]);
      expect(await second.sync({ action: 'send', channel: 'input', data: { x: 9 } })).toMatchObject({ ok: true });
      expect(await second.next('input')).toMatchObject({ data: [{ x: 9 }] });
      await second.close();
    } finally {
      await gateway.close();
    }
  });
});
