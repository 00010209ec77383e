import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES, findRule, type RouteRule } from '@sluice/contracts';
import { WebSocket } from 'ws';
import { AccessSystem } from './support/access.js';

/** Garbage, and what looks like a token but is signed with a key of nobody's. */
const FORGED = [
  { alg: 'HS256', typ: 'JWT', kid: 'x' },
  { sub: 'admin', exp: 4_102_444_800, iat: 1, jti: 'x', gen: 0 },
  'signature',
]
  .map((part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url'))
  .join('.');

/** The places of a credential, each with what a request carries there. */
const PLACES: Readonly<Record<string, (token: string) => { query?: string; headers?: Record<string, string> }>> = {
  query: (token) => ({ query: `token=${token}` }),
  header: (token) => ({ headers: { authorization: `Bearer ${token}` } }),
  cookie: (token) => ({ headers: { cookie: `authorization="Bearer ${token}"` } }),
};

let strict: AccessSystem;

beforeAll(async () => {
  strict = await AccessSystem.start('strict');
});
afterAll(() => strict.stop());

/** Services that run here. */
const SERVICES: readonly string[] = ['*', 'api-gateway', 'stream-store'];
const HERE = ROUTES.filter(({ service }) => SERVICES.includes(service));
const PROTECTED = HERE.filter(({ access }) => access !== 'public');
/** The pages of its own document, which a service behind the gateway has and the gateway itself has not. */
const OWN_PAGES = /^\/api-docs\/(\*|openapi\.yaml|swagger-ui-init\.js)$/;
const PUBLIC = HERE.filter(({ access, path }) => access === 'public' && !OWN_PAGES.test(path));
const shown = ({ method, path }: Pick<RouteRule, 'method' | 'path'>): string => `${method} ${path}`;

/** A path that fits a pattern. */
const example = (path: string): string => path.replaceAll(/:\w+/g, 'x').replace('*', 'x');

/** Asks without a body and without following anything; the status, and how to sign in. */
function ask(rule: Pick<RouteRule, 'method' | 'path'>, place: keyof typeof PLACES, token: string): Promise<unknown[]> {
  const { query, headers = {} } = PLACES[place]?.(token) ?? {};
  const url = `${strict.url}${example(rule.path)}${query === undefined ? '' : `?${query}`}`;
  if (rule.method === 'WS') return upgrade(url.replace('http', 'ws'), headers);
  return new Promise((resolve, reject) => {
    const asking = request(url, { method: rule.method, headers }, (response) => {
      resolve([response.statusCode, response.headers['www-authenticate']]);
      response.destroy();
    });
    asking.on('error', reject);
    asking.end();
  });
}

/** At the same time, so that what each has to wait for is waited for once. */
function askAll(rules: readonly RouteRule[], place: string, token: string): Promise<unknown[][]> {
  return Promise.all(rules.map(async (rule) => [shown(rule), ...(await ask(rule, place, token))]));
}

function upgrade(url: string, headers: Record<string, string>): Promise<unknown[]> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { headers });
    socket.on('open', () => {
      resolve([101, undefined]);
      socket.terminate();
    });
    socket.on('unexpected-response', (asking, response) => {
      resolve([response.statusCode, response.headers['www-authenticate']]);
      asking.destroy();
    });
    socket.on('error', () => undefined);
  });
}

describe('in strict mode', () => {
  it('every route of the documents is in the table', async () => {
    const { paths } = (await (await strict.fetch('/api-docs/openapi.json')).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({
        method: method.toUpperCase(),
        path: path.replaceAll(/\{(\w+)\}/g, ':$1'),
      })),
    );
    expect(routes.length).toBeGreaterThan(30);
    const unknown = routes.filter(({ method, path }) =>
      SERVICES.every((service) => findRule(ROUTES, { service, method, path }) === undefined),
    );
    expect(unknown).toEqual([]);
  });

  it.each(Object.keys(PLACES))('every protected route refuses a bad token in the %s with 401', async (place) => {
    for (const token of ['garbage', FORGED]) {
      expect(await askAll(PROTECTED, place, token)).toEqual(PROTECTED.map((rule) => [shown(rule), 401, 'Bearer']));
    }
  });

  it.each(Object.keys(PLACES))('a good token in the %s is let in, over REST and WebSocket', async (place) => {
    const { token } = strict.admin;
    const routes = [
      { method: 'GET', path: '/v1/streams' },
      { method: 'GET', path: '/v1/me' },
      { method: 'GET', path: '/data/x' },
      { method: 'GET', path: '/ptg/streams' },
    ] as const;
    for (const route of routes)
      expect([shown(route), ...(await ask(route, place, token))]).toEqual([shown(route), 200, undefined]);
    for (const path of ['/v1/socket', '/data/x/pull', '/data/x/push', '/ptg/data/x/pull', '/ptg/data/x/push']) {
      expect([path, ...(await ask({ method: 'WS', path }, place, token))]).toEqual([path, 101, undefined]);
    }
  });

  it('no protected route says anything without a token', async () => {
    expect(await askAll(PROTECTED, 'none', '')).toEqual(PROTECTED.map((rule) => [shown(rule), 401, 'Bearer']));
  });

  it('public routes ask for none, and a bad one does not matter to them', async () => {
    for (const place of ['none', 'header']) {
      const answers = await askAll(PUBLIC, place, FORGED);
      expect(answers.filter(([, status]) => status === 401)).toEqual([]);
    }
  });

  it('the query comes before the header, and the header before the cookie', async () => {
    const { token } = strict.admin;
    const header = { authorization: `Bearer ${token}` };
    const cookie = { cookie: `authorization="Bearer ${token}"` };
    const status = async (path: string, headers: Record<string, string>): Promise<number> =>
      (await strict.fetch(path, { headers })).status;
    expect(await status('/v1/me?token=garbage', { ...header, ...cookie })).toBe(401);
    expect(await status('/v1/me', { ...cookie, authorization: 'Bearer garbage' })).toBe(401);
    expect(await status(`/v1/me?token=${token}`, { authorization: 'Bearer garbage' })).toBe(200);
    expect(await status('/v1/me', { ...header, cookie: 'authorization="Bearer garbage"' })).toBe(200);
    for (const plain of [
      `authorization=Bearer ${token}`,
      `authorization=Bearer%20${token}`,
      `token=${token}`,
      `a=b; token="${token}"; c=d`,
    ]) {
      expect([plain, await status('/v1/me', { cookie: plain })]).toEqual([plain, 200]);
    }
    expect(await status('/v1/me', { token })).toBe(200);
    expect(await status('/v1/me', { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` })).toBe(401);
  });

  it('unknown paths are as closed as known ones', async () => {
    expect(await ask({ method: 'GET', path: '/v1/nothing' }, 'none', '')).toEqual([401, 'Bearer']);
    expect((await strict.fetch('/v1/nothing', { as: strict.admin.token })).status).toBe(404);
  });
});
