import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKeys, UserDirectory } from '@sluice/service-kit';
import { startRedis, type RedisServer } from '@sluice/testing';
import { itWithin, TestGateway } from './support/gateway.js';
import { lab } from './support/lab.js';

const REFUSAL = { detail: 'unauthorized', status_code: 403 };

let redis: RedisServer;
let lone: TestGateway;

beforeAll(async () => {
  redis = await startRedis();
  lone = await TestGateway.start({
    isSuite: true,
    redis,
    application: lab({ channelsGraph: true, controls: { heartbeat: true } }),
    environment: { SLUICE_CHANNEL_GATEWAY_API_KEYS: 'test, other+key' },
  });
});
afterAll(async () => {
  await lone.close();
  await redis.stop();
});

const cookiesOf = (headers: Headers): string => headers.getSetCookie().join('\n');

describe('an application with keys of its own', () => {
  it.each([
    ['the query', '?token=test', {}],
    ['the header', '', { token: 'test' }],
    ['a cookie', '', { cookie: 'theme=dark; token=test' }],
    ['a cookie, behind a wrong header', '', { token: 'wrong', cookie: 'token=test' }],
    ['the second key, encoded', '?token=other%2Bkey', {}],
  ])('answers who has a key in %s', async (_where, query, headers: Record<string, string>) => {
    expect(await lone.get(`/last/input${query}`, { headers })).toMatchObject({ status: 200, body: [] });
  });

  it.each([
    ['none', '', {}],
    ['a wrong one', '?token=tes', {}],
    ['one in a header that is not for it', '', { 'x-api-key': 'test' }],
    ['a key as a bearer', '', { authorization: 'Bearer test' }],
    ['a very long one', '', { token: 'x'.repeat(10_000) }],
  ])('refuses who has %s, with 403 as JSON', async (_what, query, headers: Record<string, string>) => {
    for (const path of ['/last/input', '/last/', '/controls/heartbeat', '/stream', '/auth/login', '/auth/logout']) {
      expect(await lone.get(path + query, { headers })).toMatchObject({ status: 403, body: REFUSAL });
    }
    expect(await lone.get(`/send/input${query}`, { method: 'POST', headers, body: '{}' })).toMatchObject({
      status: 403,
      body: REFUSAL,
    });
    expect(await lone.list('/last/input?token=test')).toEqual([]);
  });

  it('leaves what is public to everybody, and says of unknown paths that there is nothing', async () => {
    for (const path of ['//openapi.json', '//ui-config', '//login', '//logout', '//health/ready']) {
      expect((await lone.get(path)).status).toBe(200);
    }
    for (const path of ['/nothing', '/last/nothing', '/send/doubled', '/state/nothing', '/field/nothing']) {
      expect(await lone.get(path)).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
    }
  });

  it('sends on to the path with the right slash before it asks for a key', async () => {
    const { status, headers } = await lone.get('/last?a=1');
    expect(status).toBe(307);
    expect(headers.get('location')).toMatch(/\/api\/v1\/last\/\?a=1$/);
  });

  it('shows a form in place of a page, and the page to who has a key', async () => {
    const refused = await lone.get('//channels_graph');
    expect(refused.status).toBe(403);
    expect(refused.headers.get('content-type')).toContain('text/html');
    expect(refused.body).toContain('type="password" name="token"');
    expect(await lone.get('//channels_graph?token=test')).toMatchObject({ status: 200 });
  });

  it('logs a browser in for as long as its cookie lives, and out again', async () => {
    const form = await lone.get('//login?token=other%2Bkey');
    expect(form.status).toBe(307);
    expect(form.headers.get('location')).toBe('/api/v1/auth/login?token=other%2Bkey');
    const login = await lone.get('/auth/login?token=other%2Bkey');
    expect([login.status, login.headers.get('location')]).toEqual([307, '/']);
    const set = cookiesOf(login.headers);
    expect(set).toMatch(
      /^token=other%2Bkey; HttpOnly; Max-Age=43200; Expires=[A-Z][a-z]{2}, .* GMT; Path=\/; SameSite=Lax$/,
    );
    const expires = Date.parse(/Expires=([^;]+)/.exec(set)?.[1] ?? '');
    expect(Math.abs(expires - Date.now() - 43_200_000)).toBeLessThan(60_000);
    const cookie = set.split(';', 1)[0] ?? '';
    expect((await lone.get('/last/input', { headers: { cookie } })).status).toBe(200);
    const logout = await lone.get('/auth/logout', { headers: { cookie } });
    expect([logout.status, logout.headers.get('location')]).toEqual([307, '/login']);
    expect(cookiesOf(logout.headers)).toContain('token=; HttpOnly; Max-Age=0; Expires=Thu, 01 Jan 1970');
  });

  it('lets a socket in with a key, and refuses its upgrade with 403 without one', async () => {
    await expect(lone.socket()).rejects.toThrow(`403 ${JSON.stringify(REFUSAL)}`);
    await expect(lone.socket('/api/v1/stream?token=wrong')).rejects.toThrow('403');
    const socket = await lone.socket('/api/v1/stream?token=test');
    expect(await socket.sync({ action: 'subscribe', channel: 'input' })).toMatchObject({ ok: true });
    await socket.close();
  });

  itWithin('leaves its own root to everybody', async () => {
    expect((await lone.get('//')).status).toBe(307);
  });

  itWithin('takes the keys and tokens of the system beside its own', async () => {
    const { secret } = await lone.service.app
      .get(ApiKeys)
      .create({ name: 'system', scopes: ['channel:read'], owner: 'test' });
    expect((await lone.get('/last/input', { headers: { authorization: `Bearer ${secret}` } })).status).toBe(200);
  });

  it('says in the document where keys go', async () => {
    const { body } = await lone.get('//openapi.json');
    const document = body as {
      readonly components: { readonly securitySchemes: object };
      readonly paths: Readonly<Record<string, { readonly get?: { readonly security?: readonly object[] } }>>;
    };
    expect(Object.keys(document).sort()).toEqual(['components', 'info', 'openapi', 'paths']);
    expect(document.components.securitySchemes).toEqual({
      APIKeyQuery: { type: 'apiKey', in: 'query', name: 'token' },
      APIKeyHeader: { type: 'apiKey', in: 'header', name: 'token' },
      APIKeyCookie: { type: 'apiKey', in: 'cookie', name: 'token' },
    });
    expect(document.paths['/api/v1/last/input']?.get?.security).toHaveLength(3);
  });
});

describe('keys and their options', () => {
  it('go under another name, with another message, in strict mode too, where nobody else is let in', async () => {
    const apiKeys = { keys: ['k'], name: 'lab-key', message: 'who are you' };
    const gateway = await TestGateway.start({
      redis,
      application: lab({ apiKeys }),
      environment: { SLUICE_AUTH_MODE: 'strict', SLUICE_CHANNEL_GATEWAY_APPLICATION: 'strict' },
    });
    try {
      expect((await gateway.get('/last/input?lab-key=k')).status).toBe(200);
      expect((await gateway.post('/send/input', { x: 1 }, { 'lab-key': 'k' })).status).toBe(200);
      const body = { detail: 'who are you', status_code: 403 };
      expect(await gateway.get('/last/input?token=k')).toMatchObject({ status: 403, body });
      const users = gateway.service.app.get(UserDirectory);
      await users.add({ name: 'ada', password: 'correct horse battery', scopes: ['channel:read'] }, 'test');
      const { secret } = await gateway.service.app
        .get(ApiKeys)
        .create({ name: 'reader', scopes: ['channel:read'], owner: 'ada' });
      expect((await gateway.get('/last/input', { headers: { authorization: `Bearer ${secret}` } })).status).toBe(200);
      expect((await gateway.post('/send/input', {}, { authorization: `Bearer ${secret}` })).status).toBe(403);
      const socket = await gateway.socket('/api/v1/stream?lab-key=k');
      expect(await socket.sync({ action: 'subscribe', channel: 'input' })).toMatchObject({ ok: true });
      await socket.close();
    } finally {
      await gateway.close();
    }
  });

  it('are refused at the start when they are none', async () => {
    const start = (apiKeys: object, keys?: string): Promise<TestGateway> =>
      TestGateway.start({
        redis,
        application: lab({ apiKeys }),
        environment: keys === undefined ? {} : { SLUICE_CHANNEL_GATEWAY_API_KEYS: keys },
      });
    await expect(start({ keys: [''] })).rejects.toThrow('1 to 1000 characters');
    await expect(start({ name: 'a b' })).rejects.toThrow('"a b"');
    await expect(start({}, 'a,,b')).rejects.toThrow('empty key');
  });

  it('without any, none is known but the one that was made', async () => {
    const gateway = await TestGateway.start({
      redis,
      application: lab(),
      environment: { SLUICE_CHANNEL_GATEWAY_API_KEYS: 'generate', SLUICE_CHANNEL_GATEWAY_APPLICATION: 'made' },
    });
    try {
      expect((await gateway.get('/last/input?token=generate')).status).toBe(403);
    } finally {
      await gateway.close();
    }
  });

  it('do not exist unless they are asked for: everybody is let in, and there is nothing to log in to', async () => {
    const gateway = await TestGateway.start({
      redis,
      application: lab(),
      environment: { SLUICE_CHANNEL_GATEWAY_APPLICATION: 'open' },
    });
    try {
      expect((await gateway.get('/last/input')).status).toBe(200);
      for (const path of ['//login', '//logout', '/auth/login', '/auth/logout']) {
        expect(await gateway.get(path)).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
      }
    } finally {
      await gateway.close();
    }
  });
});
