import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type ClientHttp2Session, constants } from 'node:http2';
import { get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { WebSocket } from 'ws';
import { startGateway, type TestGateway } from './support/gateway.js';
import { answerOf, ask, openHttp2 } from './support/http2-client.js';
import { StandIn } from './support/upstream.js';

interface Echo {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly rawHeaders: string[];
  readonly bytes: number;
}

let folder: string;
let store: StandIn;
let gateway: TestGateway;
let ca: string;
let session: ClientHttp2Session;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  store = await StandIn.start();
  gateway = await startTls();
  ca = readFileSync(join(folder, 'certificate.pem'), 'utf8');
  session = await openHttp2(gateway.url, ca);
});

afterAll(async () => {
  session.destroy();
  await gateway.close();
  await store.kill();
  rmSync(folder, { recursive: true });
});

async function startTls(environment: Record<string, string> = {}): Promise<TestGateway> {
  const own = { SLUICE_TLS: 'self-signed', SLUICE_TLS_FOLDER: folder };
  return startGateway(`http://127.0.0.1:${store.port}`, { ...own, ...environment });
}

function echoOf(body: Buffer): Echo {
  return JSON.parse(body.toString()) as Echo;
}

/** One request over HTTP/1.1 and TLS. */
async function getOverHttp1(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const request = get(url, { ca, agent: false, headers });
  const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  let text = '';
  for await (const part of response) text += String(part);
  return { status: response.statusCode, text };
}

async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), { ca });
  await once(socket, 'open');
  return socket;
}

async function tlsSocket(options: object = {}): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port: gateway.port, ca, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

describe('both doors over TLS', () => {
  it('speak HTTP/1.1, tell the service so, and keep the key to themselves', async () => {
    const front = await getOverHttp1(`${gateway.url}/data/a%2Fb?x=1`);
    expect(JSON.parse(front.text)).toMatchObject({
      url: '/data/a%2Fb?x=1',
      headers: { host: `127.0.0.1:${gateway.port}`, 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1' },
    });
    const ptg = await getOverHttp1(`${gateway.ptgUrl}/data/a`);
    expect(JSON.parse(ptg.text)).toMatchObject({ url: '/ptg/data/a', headers: { 'x-forwarded-proto': 'https' } });
    expect(statSync(join(folder, 'self-signed.pem')).mode & 0o777).toBe(0o600);
    expect(ca).not.toContain('PRIVATE');
  });

  it('speak HTTP/2 where the client asks for it, with nothing of it left for the service', async () => {
    const { status, body, headers } = await ask(session, {
      ':path': '/data/caf%C3%A9?x=%20',
      'x-one': 'a',
      cookie: ['a=1', 'b=2'],
    });
    const echo = echoOf(body);
    expect([status, headers['x-echo'], headers['connection']]).toEqual([200, 'yes', undefined]);
    expect(echo).toMatchObject({
      url: '/data/caf%C3%A9?x=%20',
      headers: { host: `127.0.0.1:${gateway.port}`, cookie: 'a=1; b=2', 'x-one': 'a', 'x-forwarded-proto': 'https' },
    });
    expect(echo.rawHeaders.filter((text) => text.startsWith(':'))).toEqual([]);
    const ptg = await openHttp2(gateway.ptgUrl, ca);
    expect(echoOf((await ask(ptg, { ':path': '/streams' })).body).url).toBe('/ptg/streams');
    expect((await ask(ptg, { ':path': '/health/live' })).body.toString()).toBe('{"status":"live"}');
    ptg.destroy();
  });

  it.each(['url', 'ptgUrl'] as const)('carry WebSockets both ways, whatever their size (%s)', async (door) => {
    const socket = await openSocket(`${gateway[door]}/data/a/push`);
    const sizes = [0, 100, 70_000, 5_000_000, 300_000];
    const got: number[] = [];
    const done = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        got.push(data.length);
        if (got.length === sizes.length) resolve();
      });
    });
    for (const size of sizes) socket.send(Buffer.alloc(size, 1));
    await done;
    expect(got).toEqual(sizes);
    const closed = once(socket, 'close');
    socket.close(1000, 'bye');
    expect((await closed)[0]).toBe(1000);
  });

  it('take TLS 1.2 and 1.3, and nothing older', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await tlsSocket({ minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).toBe(version);
      socket.destroy();
    }
    const old = connectTls({
      host: '127.0.0.1',
      port: gateway.port,
      ca,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    expect(
      await new Promise((resolve) => old.once('error', () => resolve('refused')).once('secureConnect', resolve)),
    ).toBe('refused');
  });

  it('tell a client that speaks plain HTTP what to do, and cut whoever speaks neither', async () => {
    const response = await fetch(gateway.url.replace('https', 'http'));
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { code: 'MALFORMED_REQUEST', message: expect.stringContaining('https://') } },
    ]);
    const stranger = connect(gateway.port, '127.0.0.1');
    stranger.write(Buffer.from([0, 1, 2]));
    stranger.on('error', () => undefined);
    await once(stranger, 'close');
    const silent = connect(gateway.port, '127.0.0.1');
    silent.end();
    silent.resume();
    await once(silent, 'close');
  });

  it('refuse broken requests of HTTP/1.1 in our words', async () => {
    const socket = await tlsSocket();
    socket.write('nonsense\r\n\r\n');
    let text = '';
    for await (const part of socket) text += String(part);
    expect(text).toMatch(/^HTTP\/1\.1 400[^]*MALFORMED_REQUEST/);
  });
});

describe('HTTP/2', () => {
  it('is refused for foreign hosts and pages as HTTP/1.1 is', async () => {
    const foreign = await ask(session, { ':path': '/data/a', ':authority': 'evil.example' });
    expect([foreign.status, foreign.body.toString()]).toEqual([403, expect.stringContaining('FOREIGN_ORIGIN')]);
    // The host that counts is the authority.
    const hidden = await ask(session, { ':path': '/data/a', ':authority': 'evil.example', host: 'localhost' });
    expect(hidden.status).toBe(403);
    const page = await ask(session, { ':path': '/data/a', ':method': 'POST', origin: 'https://evil.example' });
    expect(page.status).toBe(403);
    const read = await ask(session, { ':path': '/data/a', origin: 'http://localhost:3000' });
    expect([read.status, read.headers['x-echo']]).toEqual([200, 'yes']);
  });

  it('carries uploads of known and unknown size, and many requests at a time', async () => {
    const upload = async (bytes: number, headers: object = {}): Promise<number> => {
      const sent = { ':path': '/data/a', ':method': 'POST', ...headers };
      return echoOf((await ask(session, sent, Buffer.alloc(bytes, 1))).body).bytes;
    };
    expect(await upload(3)).toBe(3);
    expect(await upload(0)).toBe(0);
    expect(await upload(1000, { 'content-length': 1000 })).toBe(1000);
    expect(await upload(3_000_000)).toBe(3_000_000);
    expect(await Promise.all(Array.from({ length: 100 }, async (_, n) => upload(n * 10)))).toEqual(
      Array.from({ length: 100 }, (_, n) => n * 10),
    );
  });

  it('refuses bodies above the limit, and takes those just below it', async () => {
    const other = await startTls({ SLUICE_API_GATEWAY_MAX_BODY_BYTES: '100000' });
    const client = await openHttp2(other.url, ca);
    const post = { ':path': '/data/a', ':method': 'POST' };
    expect((await ask(client, post, Buffer.alloc(100_000))).status).toBe(200);
    const large = await ask(client, post, Buffer.alloc(100_001));
    expect([large.status, large.body.toString()]).toEqual([413, expect.stringContaining('MESSAGE_TOO_LARGE')]);
    expect((await ask(client, { ':path': '/data/a' })).status).toBe(200);
    client.destroy();
    await other.close();
  });

  it('refuses heads that are too large, and takes those just below', async () => {
    const head = (bytes: number) => ({ ':path': '/data/a', 'x-long': 'x'.repeat(bytes) });
    expect((await ask(session, head(15_000))).status).toBe(200);
    await expect(ask(session, head(17_000))).rejects.toThrow(/NGHTTP2_ENHANCE_YOUR_CALM/);
  });

  it('ends the request at the service when the client gives up, and never makes half a body a whole one', async () => {
    const ended: string[] = [];
    store.answers.set('/data/half', (request) => {
      request.on('error', () => undefined);
      request.resume();
      request.once('end', () => ended.push('whole'));
      request.once('close', () => ended.push('closed'));
    });
    const upload = session.request({ ':path': '/data/half', ':method': 'POST' });
    upload.on('error', () => undefined);
    upload.write(Buffer.alloc(200_000));
    const small = session.request({ ':path': '/data/half', ':method': 'POST', 'content-length': 1000 });
    small.on('error', () => undefined);
    small.write(Buffer.alloc(500));
    await waitFor(async () => (await activeRequests()) === 2);
    // Closed, Node's client would end the body in good order first.
    upload.destroy(new Error('gives up'));
    small.destroy(new Error('gives up'));
    await waitFor(async () => (await activeRequests()) === 0);
    await waitFor(() => ended.length > 0);
    expect(ended).toEqual(['closed']);
  });

  it('tells the client that an answer is not whole when the service breaks off', async () => {
    store.answers.set('/data/broken', (_request, response) => {
      response.write('begun');
      setImmediate(() => response.destroy());
    });
    const stream = session.request({ ':path': '/data/broken' });
    await expect(answerOf(stream)).rejects.toThrow(/NGHTTP2_INTERNAL_ERROR/);
  });

  it('streams events as they come, and ends them in good order when the gateway stops', async () => {
    store.answers.set('/v1/live', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    });
    const other = await startTls();
    const client = await openHttp2(other.url, ca);
    const stream = client.request({ ':path': '/v1/live' });
    const goneAway = once(client, 'goaway');
    const [chunk] = (await once(stream, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('data: 1\n\n');
    const ended = once(stream, 'end');
    await other.close();
    await ended;
    expect((await goneAway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
    expect(client.closed).toBe(true);
  });

  it('answers what is under way when the gateway stops, and takes nothing more', async () => {
    const gate = Promise.withResolvers<void>();
    let waiting = 0;
    store.answers.set('/data/slow', (_request, response) => {
      waiting += 1;
      void gate.promise.then(() => response.end('done'));
    });
    const other = await startTls();
    const client = await openHttp2(other.url, ca);
    const answer = ask(client, { ':path': '/data/slow' });
    await waitFor(() => waiting === 1);
    const closing = other.close();
    await once(client, 'goaway');
    gate.resolve();
    expect((await answer).body.toString()).toBe('done');
    await closing;
  });

  it('is cut when the time to stop is up', async () => {
    store.answers.set('/data/never', () => undefined);
    const other = await startTls({ SLUICE_DRAIN_TIMEOUT_MS: '50' });
    const client = await openHttp2(other.url, ca);
    client.on('error', () => undefined);
    const stream = client.request({ ':path': '/data/never' });
    stream.on('error', () => undefined);
    const closed = once(client, 'close');
    await waitFor(async () => store.openConnections > 0);
    await other.close();
    await closed;
  });
});

async function activeRequests(): Promise<number> {
  const text = await gateway.service.metrics.text();
  return Number(/sluice_gateway_active_requests\{[^}]*\} (\d+)/.exec(text)?.[1]);
}
