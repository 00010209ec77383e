import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, type Service } from '../src/index.js';
import { slowGate, startSample } from './support/sample.js';

let service: Service;
let url: string;

beforeAll(async () => {
  ({ service, url } = await startSample());
});

afterAll(async () => {
  await service.close();
});

/** A request with headers that `fetch` does not let one set. */
async function raw(
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}${path}`, { headers, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject).end();
  });
}

describe('a service', () => {
  it('answers live, ready and health, and says which check fails', async () => {
    expect(await (await fetch(`${url}/health/live`)).json()).toEqual({ status: 'live' });
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    let isReady = false;
    service.readiness.add('redis', () => ({ ready: isReady, detail: 'as the test says' }));
    service.readiness.addSystem('beyond', () => Promise.reject(new Error('gone')));
    const failing = await fetch(`${url}/health/ready`);
    expect(failing.status).toBe(503);
    expect(await failing.json()).toMatchObject({
      status: 'not ready',
      checks: { redis: { ready: false, detail: 'as the test says' } },
    });
    isReady = true;
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const system = await fetch(`${url}/health`);
    expect(system.status).toBe(503);
    expect(await system.json()).toMatchObject({
      checks: { redis: { ready: true }, beyond: { ready: false, detail: 'gone' } },
    });
  });

  it('counts requests in Prometheus text', async () => {
    await (await fetch(`${url}/things`)).text();
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toMatch(/sluice_http_requests_total\{method="GET",status="200",service="sample"\} \d+/);
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('serves its OpenAPI document and page without any network', async () => {
    const document = (await (await fetch(`${url}/api-docs/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(document.paths)).toContain('/things');
    const page = await (await fetch(`${url}/api-docs`)).text();
    expect(page).toContain('swagger-ui');
    expect(page).not.toMatch(/(src|href)="https?:/);
  });

  it('refuses a large body without cutting the connection that is still sending', async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    const bytes = 8 * 1024 * 1024;
    socket.write(`POST /things HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${bytes}\r\n`);
    socket.write('content-type: application/json\r\n\r\n');
    socket.write(Buffer.alloc(bytes));
    socket.write('GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    await once(socket, 'close');
    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
  });

  it('takes good queries, with or without a trailing slash', async () => {
    expect(await (await fetch(`${url}/things?limit=7`)).json()).toEqual({ limit: 7, host: '127.0.0.1' });
    expect((await fetch(`${url}/things/`)).status).toBe(200);
  });

  it.each([
    ['/things?limit=0', 'GET', 400, 'INVALID_PARAMETER', /limit.*got 0/],
    ['/things?limit=many', 'GET', 400, 'INVALID_PARAMETER', /limit.*got "many"/],
    ['/things?colour=red', 'GET', 400, 'INVALID_PARAMETER', /colour is not a known parameter/],
    ['/things/%ff', 'GET', 400, 'INVALID_PARAMETER', /%FF/i],
    ['/nothing', 'GET', 404, 'NOT_FOUND', /GET \/nothing/],
    ['/things', 'DELETE', 405, 'METHOD_NOT_ALLOWED', /only GET, HEAD, POST/],
    ['/things', 'POST', 507, 'LOG_FULL', /no room/],
  ])('refuses %s %s with %i %s in one shape', async (path, method, status, code, message) => {
    const response = await fetch(`${url}${path}`, { method });
    const body = (await response.json()) as { error: Record<string, unknown> };
    expect(response.status).toBe(status);
    expect(body.error).toMatchObject({
      code,
      message: expect.stringMatching(message),
      requestId: response.headers.get('x-request-id'),
    });
  });

  it('refuses a body above the limit and takes one just under it', async () => {
    const post = async (bytes: number): Promise<Response> =>
      fetch(`${url}/things`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `"${'x'.repeat(bytes - 2)}"`,
      });
    const refused = await post(1024 * 1024 + 1);
    expect(refused.status).toBe(413);
    expect(await refused.text()).toContain('larger than 1048576 bytes');
    expect((await post(1024 * 1024)).status).toBe(507);
  });

  it('keeps the message of its own faults to itself', async () => {
    const response = await fetch(`${url}/things/broken`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });

  it('lets a dialect answer errors in its own shape, also for unknown paths', async () => {
    const dialect = {
      owns: (path: string) => path.startsWith('/old/'),
      reply: () => ({ status: 418, body: { detail: 'Not Found' } }),
    };
    const other = await startSample({}, { dialects: [dialect] });
    const response = await fetch(`${other.url}/old/x`);
    expect([response.status, await response.json()]).toEqual([418, { detail: 'Not Found' }]);
    await other.service.close();
  });
});

describe('request ids', () => {
  it('are made anew for strangers, also when they send one', async () => {
    const { headers } = await raw('/things', { 'x-request-id': 'forged' });
    expect(headers['x-request-id']).toMatch(/^[\w-]+$/);
    expect(headers['x-request-id']).not.toBe('forged');
  });

  it('are kept from a trusted proxy, unless they are not fit for a log', async () => {
    const behind = await startSample({}, { isBehindGateway: true });
    const [saved, here] = [url, behind.url];
    url = here;
    expect((await raw('/things', { 'x-request-id': 'req-1' })).headers['x-request-id']).toBe('req-1');
    expect((await raw('/things', { 'x-request-id': 'a b"c' })).headers['x-request-id']).not.toBe('a b"c');
    url = saved;
    await behind.service.close();
  });
});

describe('web pages', () => {
  it.each(['http://localhost:3000', 'https://127.0.0.1', 'http://[::1]:8080', 'http://app.localhost'])(
    'of loopback origin %s may read',
    async (origin) => {
      const { headers } = await raw('/things', { origin });
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        vary: 'Origin',
      });
      expect(headers['access-control-expose-headers']).toContain('x-last-entry-id');
    },
  );

  it.each(['https://evil.example', 'null', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example'])(
    'of foreign origin %s may neither read nor write',
    async (origin) => {
      expect((await raw('/things', { origin })).headers['access-control-allow-origin']).toBeUndefined();
      const write = await raw('/things', { origin }, 'POST');
      expect([write.status, JSON.parse(write.body)]).toMatchObject([403, { error: { code: 'FOREIGN_ORIGIN' } }]);
      expect((await raw('/things', { origin, 'access-control-request-method': 'PUT' }, 'OPTIONS')).status).toBe(403);
    },
  );

  it('of other sites may not embed what is here; following a link to it is fine', async () => {
    const embedded = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    expect((await raw('/things', embedded)).status).toBe(403);
    expect((await raw('/things', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status).toBe(200);
    expect((await raw('/things', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' })).status).toBe(200);
  });

  it('get their preflight answered with what they asked for', async () => {
    const asked = {
      origin: 'http://localhost:3000',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'x-one, x-two',
    };
    const { status, body, headers } = await raw('/anything', asked, 'OPTIONS');
    expect([status, body]).toEqual([200, 'OK']);
    expect(headers).toMatchObject({
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS',
      'access-control-allow-headers': 'x-one, x-two',
      'access-control-max-age': '600',
    });
  });

  it('may do as with the original when `*` is set: any origin, echoed when a cookie came along', async () => {
    const open = await startSample({ SLUICE_CORS_ORIGINS: '*' });
    const saved = url;
    url = open.url;
    const plain = await raw('/things', { origin: 'https://any.example' });
    expect(plain.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-credentials': 'true',
    });
    const cookie = await raw('/things', { origin: 'https://any.example', cookie: 'a=b' }, 'POST');
    expect(cookie.status).toBe(507);
    expect(cookie.headers).toMatchObject({ 'access-control-allow-origin': 'https://any.example', vary: 'Origin' });
    url = saved;
    await open.service.close();
  });
});

describe('host names', () => {
  it.each(['evil.example', 'evil.example:80', '192.168.1.4', 'localhost.evil.example'])(
    '%s is not served (DNS rebinding)',
    async (host) => {
      const { status, body } = await raw('/things', { host });
      expect([status, body]).toEqual([403, expect.stringContaining('SLUICE_ALLOWED_HOSTS')]);
    },
  );

  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1:8000', '[::1]:8000', 'a.localhost'])('%s is served', async (host) => {
    expect((await raw('/things', { host })).status).toBe(200);
  });

  it('are served when listed', async () => {
    const listed = await startSample({ SLUICE_ALLOWED_HOSTS: 'lab.example' });
    const saved = url;
    url = listed.url;
    expect((await raw('/things', { host: 'lab.example:8000' })).status).toBe(200);
    expect((await raw('/things', { host: 'lab.example:8000', origin: 'http://lab.example:8000' }, 'POST')).status).toBe(
      507,
    );
    expect((await raw('/things', { host: 'other.example' })).status).toBe(403);
    url = saved;
    await listed.service.close();
  });
});

describe('listening beyond loopback', () => {
  it('is refused with both ways out named, and done when it was asked for', async () => {
    await expect(startSample({ SLUICE_HOST: '0.0.0.0' })).rejects.toThrow(ConfigError);
    await expect(startSample({ SLUICE_HOST: '0.0.0.0' })).rejects.toThrow(/SLUICE_ALLOW_ANONYMOUS=1.*127\.0\.0\.1/);
    const open = await startSample({ SLUICE_HOST: '0.0.0.0', SLUICE_ALLOW_ANONYMOUS: '1' });
    await open.service.close();
  });
});

describe('a stopping service', () => {
  it('finishes the requests it has, takes no new connections, and is not ready', async () => {
    const stopping = await startSample();
    const slow = fetch(`${stopping.url}/things/slow`);
    const idle = await fetch(`${stopping.url}/things`);
    await idle.text();
    const closed = stopping.service.close();
    expect(stopping.service.readiness.isStopping).toBe(true);
    await expect(fetch(`${stopping.url}/things`)).rejects.toThrow();
    slowGate.resolve();
    expect(await (await slow).text()).toBe('done');
    await closed;
  });

  it('cuts what does not end within the time for draining', async () => {
    const stuck = await startSample({ SLUICE_DRAIN_TIMEOUT_MS: '50' });
    const slow = fetch(`${stuck.url}/things/slow`);
    const cut = expect(slow).rejects.toThrow();
    await fetch(`${stuck.url}/things`);
    await stuck.service.close();
    await cut;
  });
});
