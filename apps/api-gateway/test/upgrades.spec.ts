import { once } from 'node:events';
import { type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort, waitFor } from '@sluice/testing';
import { WebSocket, type ClientOptions } from 'ws';
import { startGateway, type TestGateway } from './support/gateway.js';
import { StandIn } from './support/upstream.js';

let store: StandIn;
let gateway: TestGateway;

beforeAll(async () => {
  store = await StandIn.start();
  gateway = await startGateway(`http://127.0.0.1:${store.port}`);
});

afterAll(async () => {
  await gateway.close();
  await store.kill();
});

async function open(path = '/data/a/push', base = gateway.ws): Promise<WebSocket> {
  const socket = new WebSocket(`${base}${path}`);
  await once(socket, 'open');
  return socket;
}

async function refusal(url: string, options: ClientOptions = {}): Promise<{ response: IncomingMessage; body: string }> {
  const socket = new WebSocket(url, options);
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  let body = '';
  for await (const part of response.setEncoding('utf8')) body += String(part);
  return { response, body };
}

async function closing(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return { code, reason: reason.toString() };
}

describe('a WebSocket through the gateway', () => {
  it('carries text and binary both ways, whatever their size', async () => {
    const socket = await open();
    const got: (string | number)[] = [];
    const sizes = [0, 100, 70_000, 5_000_000];
    const done = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer, isBinary) => {
        got.push(isBinary ? data.length : data.toString());
        if (got.length === sizes.length + 1) resolve();
      });
    });
    for (const size of sizes) socket.send(Buffer.alloc(size));
    socket.send('text');
    await done;
    expect(got).toEqual([...sizes, 'text']);
    socket.close(1000, 'bye');
    expect(await closing(socket)).toMatchObject({ code: 1000, reason: 'bye' });
  });

  it('shows the service the path, query, host and request id of the client', async () => {
    const socket = await open('/data/caf%C3%A9+b/pull?latest=1&x=%20');
    const request = store.upgrades.at(-1);
    expect(request?.url).toBe('/data/caf%C3%A9+b/pull?latest=1&x=%20');
    expect(request?.headers).toMatchObject({ host: `127.0.0.1:${gateway.port}`, 'x-forwarded-for': '127.0.0.1' });
    expect(request?.headers['x-request-id']).toMatch(/^[\w-]+$/);
    socket.terminate();
  });

  it('carries frames sent together with the handshake', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    const head =
      'GET /v1/socket HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
    socket.write(Buffer.concat([Buffer.from(head), Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])]));
    let text = '';
    while (!text.endsWith('hi')) text += String(((await once(socket, 'data')) as [Buffer])[0].toString('latin1'));
    expect(text).toMatch(/^HTTP\/1\.1 101/);
    socket.destroy();
  });

  it('is refused by the service in its own words', async () => {
    const { response, body } = await refusal(`${gateway.ws}/data/refused`);
    expect([response.statusCode, response.headers['x-why'], body]).toEqual([403, 'because', 'refused']);
  });

  it.each(['/nowhere', '/health', '/dat'])(
    'to %s, which has no service, is refused before the handshake',
    async (path) => {
      const { response, body } = await refusal(`${gateway.ws}${path}`);
      expect([response.statusCode, JSON.parse(body)]).toMatchObject([403, { error: { code: 'NO_SOCKET_HERE' } }]);
    },
  );

  it('from a page of a foreign origin or to a foreign host name never reaches the service', async () => {
    const before = store.upgrades.length;
    expect((await refusal(`${gateway.ws}/data/a/push`, { origin: 'https://evil.example' })).response.statusCode).toBe(
      403,
    );
    expect(
      (await refusal(`${gateway.ws}/data/a/push`, { headers: { host: 'evil.example' } })).response.statusCode,
    ).toBe(403);
    expect(store.upgrades.length).toBe(before);
  });

  it('ends at the service when the client vanishes, and at the client when the service does', async () => {
    const first = await open();
    const atService = store.webSockets.at(-1) as WebSocket;
    const ended = once(atService, 'close');
    first.terminate();
    await ended;
    const second = await open();
    const closed = closing(second);
    store.webSockets.at(-1)?.terminate();
    expect(await closed).toMatchObject({ code: 1006 });
    await waitFor(() =>
      gateway.service.metrics.text().then((text) => /sluice_gateway_open_sockets\{[^}]*\} 0\n/.test(text)),
    );
  });

  it('is read only as fast as the service reads', async () => {
    const socket = await open();
    const atService = store.webSockets.at(-1) as WebSocket;
    atService.pause();
    const total = 96 * 1024 * 1024;
    for (let sent = 0; sent < total; sent += 1024 * 1024) socket.send(Buffer.alloc(1024 * 1024));
    await waitFor(() => socket.bufferedAmount < total);
    expect(socket.bufferedAmount).toBeGreaterThan(total / 2);
    socket.terminate();
    atService.terminate();
  });
});

describe('a WebSocket to a service that is down', () => {
  it('is refused with 503 and its name before the handshake, and works when it is back', async () => {
    const port = await freePort();
    const other = await startGateway(`http://127.0.0.1:${port}`);
    const { response, body } = await refusal(`${other.ws}/data/a/push`);
    expect([response.statusCode, JSON.parse(body)]).toMatchObject([
      503,
      { error: { code: 'SERVICE_UNAVAILABLE', details: { service: 'stream-store' } } },
    ]);
    const back = await StandIn.start(port);
    (await open('/data/a/push', other.ws)).terminate();
    await back.kill();
    await other.close();
  });
});

describe('upgrades of one client', () => {
  it('are refused above their own limit, by name and with the time to wait', async () => {
    const other = await startGateway(`http://127.0.0.1:${store.port}`, { SLUICE_API_GATEWAY_UPGRADES_PER_SECOND: '1' });
    const sockets = [await open('/data/a/push', other.ws), await open('/data/a/push', other.ws)];
    const { response, body } = await refusal(`${other.ws}/data/a/push`);
    expect([response.statusCode, response.headers['retry-after']]).toEqual([429, '1']);
    expect(body).toContain('SLUICE_API_GATEWAY_UPGRADES_PER_SECOND');
    expect((await fetch(`${other.url}/data/a`)).status).toBe(200);
    for (const socket of sockets) socket.terminate();
    await other.close();
  });
});

describe('a stopping gateway', () => {
  it('half-closes its pipes, carries what the service still says, and is gone', async () => {
    const other = await startGateway(`http://127.0.0.1:${store.port}`);
    const socket = await open('/data/a/push', other.ws);
    const atService = store.webSockets.at(-1) as WebSocket & { _socket: NodeJS.EventEmitter };
    // The stand-in answers the end of its peer as our services do.
    atService._socket.prependOnceListener('end', () => {
      atService.send('last words');
      atService.close(1001, 'draining');
    });
    const message = once(socket, 'message');
    const closed = closing(socket);
    await other.close();
    expect(String(((await message) as [Buffer])[0])).toBe('last words');
    expect(await closed).toEqual({ code: 1001, reason: 'draining' });
  });

  it('cuts pipes that do not end in time', async () => {
    const other = await startGateway(`http://127.0.0.1:${store.port}`, { SLUICE_DRAIN_TIMEOUT_MS: '50' });
    const socket = await open('/data/a/push', other.ws);
    socket.pause();
    const atService = store.webSockets.at(-1) as WebSocket & { _socket: NodeJS.EventEmitter };
    atService._socket.removeAllListeners('end');
    await other.close();
    socket.resume();
    expect(await closing(socket)).toMatchObject({ code: 1006 });
  });
});
