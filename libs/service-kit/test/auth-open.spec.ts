import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Service } from '../src/index.js';
import { SAMPLE_ROUTES } from './support/routes.js';
import { startSample } from './support/sample.js';

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
