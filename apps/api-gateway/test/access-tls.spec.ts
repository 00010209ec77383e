import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRedis, temporaryDirectory, waitFor, type RedisServer } from '@sluice/testing';
import { startGateway, type TestGateway } from './support/gateway.js';
import { ask, openHttp2 } from './support/http2-client.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const BODY = 'username=test&password=test';

let redis: RedisServer;
let gateway: TestGateway | null = null;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await gateway?.close();
  await redis.stop();
});

async function restart(environment: Record<string, string>): Promise<TestGateway> {
  await gateway?.close();
  gateway = await startGateway('http://127.0.0.1:1', { REDIS_URL: redis.url, ...environment });
  return gateway;
}

async function cookieOver(url: string, headers: Record<string, string> = {}): Promise<string> {
  return waitFor(async () => {
    const response = await fetch(`${url}/token`, { method: 'POST', body: BODY, headers: { ...FORM, ...headers } });
    return response.headers.get('set-cookie');
  });
}

describe('the cookie of a log-in', () => {
  it('goes over TLS only, when it came over TLS', async () => {
    const folder = temporaryDirectory('access-tls');
    const { url } = await restart({ SLUICE_TLS: 'self-signed', SLUICE_TLS_FOLDER: folder });
    const session = await openHttp2(url, readFileSync(join(folder, 'certificate.pem'), 'utf8'));
    const headers = { ':method': 'POST', ':path': '/token', ...FORM };
    const answer = await waitFor(async () => {
      const got = await ask(session, headers, Buffer.from(BODY));
      return got.status === 200 ? got : null;
    });
    expect(String(answer.headers['set-cookie'])).toMatch(/^authorization="Bearer .*; SameSite=lax; Secure$/);
    session.destroy();
  });

  it('also when a trusted proxy says so, and not when anybody does', async () => {
    const forwarded = { 'x-forwarded-proto': 'https' };
    const trusting = await restart({ SLUICE_TRUSTED_PROXIES: 'loopback' });
    expect(await cookieOver(trusting.url, forwarded)).toMatch(/; Secure$/);
    expect(await cookieOver(trusting.url)).not.toContain('Secure');
    const { url } = await restart({});
    expect(await cookieOver(url, forwarded)).not.toContain('Secure');
  });
});
