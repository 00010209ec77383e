import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { type Service } from '../src/index.js';
import { SAMPLE_ROUTES } from './support/routes.js';
import { startSample } from './support/sample.js';
import { startStrictSystem } from './support/strict.js';

describe('the table of routes', () => {
  it('keeps a service from starting that has a route without an entry, and names it', async () => {
    const routes = SAMPLE_ROUTES.filter(({ method, path }) => method !== 'POST' || path !== '/things');
    await expect(startSample({}, { routes })).rejects.toThrow('no entry for POST /things of sample');
  });

  it('keeps a service from starting that has a WebSocket without an entry, and names it', async () => {
    const routes = SAMPLE_ROUTES.filter(({ path }) => path !== '/echo/:name');
    await expect(startSample({}, { routes })).rejects.toThrow('no entry for WS /echo/:name of sample');
  });
});

describe('a route that wants a bearer in open mode', () => {
  let service: Service;
  let url: string;

  beforeAll(async () => {
    const routes = SAMPLE_ROUTES.map((rule) => (rule.path === '/things' ? { ...rule, wantsBearer: true } : rule));
    ({ service, url } = await startSample({}, { routes }));
  });

  afterAll(() => service.close());

  it.each<[string, string, Record<string, string>, number]>([
    ['no credential', '/things', {}, 401],
    ['another scheme', '/things', { authorization: 'Basic YTpi' }, 401],
    ['an empty bearer', '/things?token=', { authorization: 'Bearer ' }, 401],
    ['any bearer', '/things', { authorization: 'Bearer garbage' }, 200],
    ['a cookie', '/things', { cookie: 'authorization="Bearer garbage"' }, 200],
    ['the header token', '/things', { token: 'garbage' }, 200],
  ])('answers a request with %s', async (_title, path, headers, status) => {
    const response = await fetch(url + path, { headers });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      status,
      status === 401 ? 'Bearer' : null,
    ]);
  });

  it('refuses before the body is read', async () => {
    const response = await fetch(`${url}/things`, { method: 'POST', body: 'x'.repeat(5_000_000) });
    expect([response.status, await response.json()]).toMatchObject([401, { error: { code: 'UNAUTHENTICATED' } }]);
  });

  it('leaves other routes open to everybody', async () => {
    expect((await fetch(`${url}/things/broken`)).status).toBe(500);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  });
});

describe('a credential in open mode', () => {
  let system: Awaited<ReturnType<typeof startStrictSystem>>;

  beforeAll(async () => {
    system = await startStrictSystem({ SLUICE_AUTH_MODE: 'open' });
  });

  afterAll(() => system.close());

  const who = async (token: string): Promise<unknown> =>
    (await fetch(`${system.url}/things/who`, { headers: token === '' ? {} : { token } })).json();

  it('says who makes a request, and narrows nothing', async () => {
    const { users, tokens, apiKeys } = system;
    await users.add({ name: 'alice', password: 'wonderland', scopes: [] }, 'test');
    const { token, tokenId, expiresAtMs } = await tokens.issue('alice', { scopes: [] });
    const { secret } = await apiKeys.create({ name: 'camera', scopes: [], owner: 'alice' });
    const everything = { scopes: ['admin'], account: 'alice' };
    const alice = { subject: 'alice', kind: 'token', credentialId: tokenId, expiresAtMs, ...everything };
    expect([await who(token), await who(token)]).toEqual([alice, alice]);
    const camera = { subject: 'key:camera', kind: 'key', credentialId: 'camera', expiresAtMs: null, ...everything };
    expect(await who(secret)).toEqual(camera);
    const { token: development } = await tokens.issue('anybody', { isDevelopment: true });
    expect(await who(development)).toMatchObject({ subject: 'anybody', account: 'anybody', scopes: ['admin'] });
  });

  it('that is garbage or has expired is anon, and none at all anonymous', async () => {
    const { token, expiresAtMs } = await system.tokens.issue('alice', { lifetimeSeconds: 1 });
    expect(await who(token)).toMatchObject({ subject: 'alice' });
    await waitFor(() => Date.now() > expiresAtMs);
    expect(await who(token)).toMatchObject({ subject: 'anon', kind: 'unknown' });
    expect(await who('garbage')).toMatchObject({ subject: 'anon' });
    expect(await who(`sluice_${'x'.repeat(43)}`)).toMatchObject({ subject: 'anon' });
    expect(await who('')).toMatchObject({ subject: 'anonymous', kind: 'none', credentialId: null });
  });
});
