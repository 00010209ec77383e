import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisServer, startRedis } from '@sluice/testing';
import { startGateway, type TestGateway } from './support/gateway.js';
import { ask, openHttp2 } from './support/http2-client.js';

let folder: string;
let redis: RedisServer;
let gateway: TestGateway;
let front: ClientHttp2Session;
let ptg: ClientHttp2Session;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  redis = await startRedis();
  gateway = await startGateway('http://127.0.0.1:1', {
    REDIS_URL: redis.url,
    SLUICE_TLS: 'self-signed',
    SLUICE_TLS_FOLDER: folder,
  });
  const ca = readFileSync(join(folder, 'certificate.pem'), 'utf8');
  [front, ptg] = [await openHttp2(gateway.url, ca), await openHttp2(gateway.ptgUrl, ca)];
});

afterAll(async () => {
  front.destroy();
  ptg.destroy();
  await gateway.close();
  await redis.stop();
  rmSync(folder, { recursive: true });
});

describe("the gateway's own answers over HTTP/2", () => {
  it('are pages, files, redirects and errors as over HTTP/1.1', async () => {
    const page = await ask(front, { ':path': '/', accept: 'text/html' });
    expect([page.status, page.body.toString()]).toEqual([200, expect.stringContaining('<title>Sluice</title>')]);
    expect((await ask(front, { ':path': '/page/page.js' })).status).toBe(200);
    expect((await ask(front, { ':path': '/api-docs' })).status).toBe(200);
    const unknown = await ask(front, { ':path': '/page/nothing' });
    expect([unknown.status, unknown.body.toString()]).toEqual([404, expect.stringContaining('NOT_FOUND')]);
    const wrong = await ask(front, { ':path': '/health', ':method': 'DELETE' });
    expect([wrong.status, wrong.headers['allow']]).toEqual([405, expect.stringContaining('GET')]);
    const away = await ask(front, { ':path': '/data/a' });
    expect([away.status, away.body.toString()]).toEqual([503, expect.stringContaining('SERVICE_UNAVAILABLE')]);
  });

  it.each([
    ['the front door', '/token', () => front],
    ['the ptg path', '/ptg/token', () => front],
    ['the ptg door', '/token', () => ptg],
  ])('log in at %s (%s), with a cookie that only goes back over TLS', async (_door, path, session) => {
    const head = { ':path': path, ':method': 'POST', 'content-type': 'application/x-www-form-urlencoded' };
    const { status, headers, body } = await ask(session(), head, Buffer.from('username=ann&password=ann'));
    expect([status, JSON.parse(body.toString())]).toMatchObject([200, { token_type: 'bearer' }]);
    expect(String(headers['set-cookie'])).toMatch(/^authorization="Bearer .*; HttpOnly; .*; Secure$/);
    const refused = await ask(session(), head, Buffer.from('username=ann&password=bob'));
    expect(refused.status).toBe(401);
  });
});
