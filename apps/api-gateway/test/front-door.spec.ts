import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  freePort,
  startApp,
  startRedis,
  uniqueName,
  waitFor,
  type RedisServer,
  type RunningApp,
} from '@sluice/testing';
import { WebSocket } from 'ws';
import { startGateway, type TestGateway } from './support/gateway.js';

let redis: RedisServer;
let store: RunningApp;
let registry: RunningApp;
let channels: RunningApp;
let gateway: TestGateway;

beforeAll(async () => {
  redis = await startRedis();
  store = await startApp('stream-store', { REDIS_URL: redis.url });
  registry = await startApp('registry', { REDIS_URL: redis.url });
  channels = await startApp('channel-gateway', { REDIS_URL: redis.url });
  gateway = await startGateway(store.url, {
    SLUICE_REGISTRY_URL: registry.url,
    SLUICE_CHANNEL_GATEWAY_URL: channels.url,
  });
});

afterAll(async () => {
  await gateway.close();
  await store.kill();
  await registry.kill();
  await channels.kill();
  await redis.stop();
});

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}${path}`, { headers, redirect: 'manual' });
}

describe('the front door', () => {
  it('greets programs as the original does, and shows people the page', async () => {
    const greeting = await get('/');
    expect([greeting.headers.get('content-type'), typeof (await greeting.json())]).toEqual([
      expect.stringContaining('application/json'),
      'string',
    ]);
    const page = await get('/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('<title>Sluice</title>');
  });

  it('keeps foreign code and frames off its pages', async () => {
    const { headers } = await get('/', { accept: 'text/html' });
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-request-id')).toBeTruthy();
  });

  it('serves no file outside its folders', async () => {
    for (const path of [
      '/page/../package.json',
      '/page/%2e%2e/package.json',
      '/page/..%2fpackage.json',
      '/api-docs/ui/..%2f..%2fws/package.json',
    ]) {
      expect((await get(path)).status).toBeGreaterThanOrEqual(400);
    }
  });

  it('is healthy when every service is, with the durability that holds', async () => {
    const response = await get('/health');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: 'ready',
      service: 'api-gateway',
      checks: {
        'stream-store': { ready: true, checks: { log: { ready: true, durability: 'everysec' } } },
        registry: { ready: true, checks: { index: { ready: true } } },
        'channel-gateway': { ready: true, checks: { log: { ready: true } } },
      },
    });
  });

  it('names the service that is not ready, while it stays ready itself', async () => {
    const other = await startGateway(`http://127.0.0.1:${await freePort()}`);
    const health = await fetch(`${other.url}/health`);
    expect([health.status, await health.json()]).toMatchObject([
      503,
      { status: 'not ready', checks: { 'stream-store': { ready: false, detail: 'not reachable' } } },
    ]);
    expect((await fetch(`${other.url}/health/ready`)).status).toBe(200);
    const document = (await (await fetch(`${other.url}/api-docs/openapi.json`)).json()) as {
      info: { description: string };
    };
    expect(document.info.description).toContain('stream-store is not reachable');
    await other.close();
  });

  it('has one document of all routes', async () => {
    const { paths } = (await (await get('/api-docs/openapi.json')).json()) as { paths: object };
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        '/health',
        '/metrics',
        '/data/{stream_id}',
        '/v1/streams',
        '/api/v1/last/example',
        '/api/v1/sql',
      ]),
    );
  });

  it('serves the channels at their own addresses, and redirects within them to itself', async () => {
    const list = await get('/api/v1/last/');
    expect([list.status, await list.json()]).toEqual([200, expect.arrayContaining(['example', 'basket'])]);
    const redirect = await get('/api/v1/last?x=1');
    expect([redirect.status, redirect.headers.get('location')]).toEqual([307, `${gateway.url}/api/v1/last/?x=1`]);
    expect(((await (await get('/openapi.json')).json()) as { openapi: string }).openapi).toBe('3.1.0');
    expect((await get('/docs')).status).toBe(200);
    const sent = await fetch(`${gateway.url}/api/v1/send/example`, { method: 'POST', body: '{"x":7}' });
    expect(await sent.json()).toMatchObject([{ x: 7 }]);
    const socket = new WebSocket(`${gateway.ws}/api/v1/stream`);
    await once(socket, 'open');
    socket.send(JSON.stringify({ action: 'subscribe', channel: 'heartbeat' }));
    expect(String(((await once(socket, 'message')) as [Buffer])[0])).toBe('{"channel":"heartbeat","data":"PING"}');
    socket.terminate();
  });

  it('counts what goes through it', async () => {
    await (await get('/v1/streams')).text();
    const text = await (await get('/metrics')).text();
    expect(text).toMatch(/sluice_http_requests_total\{method="GET",status="200",service="api-gateway"\} \d+/);
    expect(text).toContain('sluice_gateway_open_sockets');
    expect(text).not.toContain('default:');
  });
});

describe('entries pushed through the front door', () => {
  it('come back from it, byte for byte, with their headers readable for pages', async () => {
    const payload = Buffer.from([0, 1, 255, 254, 10, 13]);
    const form = new FormData();
    form.append('entries', new Blob([new Uint8Array(payload)]), 'x');
    const name = encodeURIComponent('café + ü/x');
    const ids = (await (await fetch(`${gateway.url}/data/${name}`, { method: 'POST', body: form })).json()) as string[];
    const read = await get(`/data/${name}?last_entry_id=0`, { origin: 'http://localhost:3000' });
    expect(Buffer.from(await read.arrayBuffer())).toEqual(payload);
    expect(read.headers.get('x-last-entry-id')).toBe(ids[0]);
    expect(read.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
    expect(read.headers.get('access-control-expose-headers')).toContain('x-offsets');
  });

  it('are refused in the words of the service when they are too large for it, to a client that is still sending', async () => {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    const bytes = 20 * 1024 * 1024;
    const path = `/v1/streams/default/${uniqueName('s')}/entries`;
    socket.write(`POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${bytes}\r\n\r\n`);
    socket.write(Buffer.alloc(bytes));
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    await once(socket, 'close');
    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 404']);
    expect(answer).toContain('MESSAGE_TOO_LARGE');
  });
});

describe('a gateway that is stopped', () => {
  it('lets sockets get their last acknowledgement and a close frame of the service, then ends with 0', async () => {
    const app = await startApp('api-gateway', { SLUICE_STREAM_STORE_URL: store.url });
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/data/${uniqueName('s')}/push?header=0&ack=1`);
    await once(socket, 'open');
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    const acks: unknown[] = [];
    socket.on('message', (data: Buffer) => acks.push(JSON.parse(data.toString())));
    for (let n = 0; n < 100; n++) socket.send(Buffer.from(`entry ${n}`));
    await waitFor(() => acks.length > 0);
    const ended = app.kill('SIGTERM');
    const [code] = await closed;
    expect(code).toBe(1001);
    expect(acks).toHaveLength(100);
    expect(await ended).toBe(0);
  });

  it('says at start which port is taken and which setting moves it', async () => {
    const app = await startApp(
      'api-gateway',
      { SLUICE_STREAM_STORE_URL: store.url },
      { port: gateway.port, waitUntilReady: false },
    );
    await waitFor(() => !app.isRunning);
    expect(app.output).toContain(
      `Port ${gateway.port} is taken by another process; SLUICE_API_GATEWAY_PORT moves api-gateway`,
    );
  });

  it('says at start which setting is unknown or wrong', async () => {
    const wrong = { SLUICE_HOTS: '1', SLUICE_API_GATEWAY_MAX_BODY_BYTES: 'much' };
    const app = await startApp('api-gateway', wrong, { waitUntilReady: false });
    await waitFor(() => !app.isRunning);
    expect(app.output).toContain('Configuration: SLUICE_HOTS is not a setting; did you mean SLUICE_HOST?');
    expect(app.output).toContain(
      'SLUICE_API_GATEWAY_MAX_BODY_BYTES must be a whole number of bytes of at least 1024, got "much"',
    );
  });
});
