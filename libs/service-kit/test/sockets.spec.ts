import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { type Connection, type Service, binaryFrame, textFrame } from '../src/index.js';
import { accepted, startSample } from './support/sample.js';

let service: Service;
let base: string;

beforeAll(async () => {
  let url: string;
  ({ service, url } = await startSample());
  base = url.replace('http', 'ws');
});

afterAll(async () => {
  await service.close();
});

async function open(
  path: string,
  options: ConstructorParameters<typeof WebSocket>[2] = {},
  protocols: string[] = [],
): Promise<{ client: WebSocket; server: Connection }> {
  const client = new WebSocket(`${base}${path}`, protocols, options);
  await once(client, 'open');
  const server = accepted.at(-1);
  if (server === undefined) throw new Error('not accepted');
  return { client, server };
}

/** What a refused upgrade is answered with. */
async function refusal(
  path: string,
  options: ConstructorParameters<typeof WebSocket>[2] = {},
): Promise<{ status: number; body: string }> {
  const client = new WebSocket(`${base}${path}`, options);
  client.on('error', () => undefined);
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, import('node:http').IncomingMessage];
  let body = '';
  for await (const part of response.setEncoding('utf8')) body += String(part);
  return { status: response.statusCode ?? 0, body };
}

async function nextMessage(client: WebSocket): Promise<{ data: Buffer; isBinary: boolean }> {
  const [data, isBinary] = (await once(client, 'message')) as [Buffer, boolean];
  return { data, isBinary };
}

async function closing(client: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await once(client, 'close')) as [number, Buffer];
  return { code, reason: reason.toString() };
}

/** A WebSocket handshake by hand, for what no client library does. */
async function rawSocket(path: string, extra = ''): Promise<Socket> {
  const { hostname, port } = new URL(base);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
      `sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${extra}\r\n`,
  );
  return socket;
}

describe('an upgrade', () => {
  it('reaches the route of its path, with decoded parts', async () => {
    const { client } = await open('/echo/a%20b%2Fc%C3%A9');
    client.send('hi');
    expect((await nextMessage(client)).data.toString()).toBe('a b/cé: hi');
    client.close();
    await closing(client);
  });

  it.each([
    ['an unknown path', '/echo/a/b', 403, 'NO_SOCKET_HERE'],
    ['a path part that is not percent-encoded rightly', '/echo/%E0%A4%A', 403, 'NO_SOCKET_HERE'],
    ['a parameter that its route refuses', '/echo/a?bad=1', 403, 'INVALID_PARAMETER'],
  ])('is refused as plain HTTP before the handshake for %s', async (_title, path, status, code) => {
    const { status: got, body } = await refusal(path);
    expect([got, (JSON.parse(body) as { error: { code: string } }).error.code]).toEqual([status, code]);
  });

  it('is refused to pages of foreign origins and foreign host names, and open to loopback ones', async () => {
    expect((await refusal('/echo/a', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await refusal('/echo/a', { origin: 'null' })).status).toBe(403);
    expect((await refusal('/echo/a', { headers: { host: 'evil.example' } })).status).toBe(403);
    const { client } = await open('/echo/a', { origin: 'http://localhost:3000' });
    client.terminate();
  });

  it('confirms the subprotocol that is served, and none when none is', async () => {
    const { client } = await open('/echo/a', {}, ['other', 'sluice.v1']);
    expect(client.protocol).toBe('sluice.v1');
    client.terminate();
    const unknown = new WebSocket(`${base}/echo/a`, ['other']);
    const [error] = (await once(unknown, 'error')) as [Error];
    expect(error.message).toContain('no subprotocol');
  });

  it('compresses only when asked to in the address', async () => {
    const plain = await open('/echo/a', { perMessageDeflate: true });
    expect(plain.client.extensions).toBe('');
    const compressed = await open('/echo/a?compress=1', { perMessageDeflate: true });
    expect(compressed.client.extensions).toContain('permessage-deflate');
    plain.client.terminate();
    compressed.client.terminate();
  });

  it.each([
    ['offered', '', true],
    ['offered', '?compress=0', false],
    ['never', '?compress=1', false],
  ])('under SLUICE_COMPRESSION=%s and with "%s" compresses: %s', async (setting, query, isCompressed) => {
    const sample = await startSample({ SLUICE_COMPRESSION: setting });
    const client = new WebSocket(`${sample.url.replace('http', 'ws')}/echo/a${query}`, { perMessageDeflate: true });
    await once(client, 'open');
    expect(client.extensions).toBe(isCompressed ? 'permessage-deflate' : '');
    client.terminate();
    await sample.service.close();
  });

  it('to anything but WebSocket is an offer that is ignored', async () => {
    const { hostname, port } = new URL(base);
    const socket = connect(Number(port), hostname);
    socket.end('GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: h2c\r\n\r\n');
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toMatch(/^HTTP\/1\.1 200/);
    socket.destroy();
  });
});

describe('messages', () => {
  it('of 16 MiB are taken, and a byte more closes with 1009', async () => {
    const { client } = await open('/echo/a', { maxPayload: 2 ** 25 });
    client.send(Buffer.alloc(16 * 1024 * 1024, 7));
    expect((await nextMessage(client)).data.length).toBe(16 * 1024 * 1024);
    client.send(Buffer.alloc(16 * 1024 * 1024 + 1));
    expect(await closing(client)).toMatchObject({ code: 1009 });
  });

  it('come whole and in order whatever their size, with pings between them and in any number of reads', async () => {
    const { client } = await open('/echo/a', { maxPayload: 2 ** 25 });
    const sizes = [0, 5, 4096, 4097, 20_000, 16_383, 65_536, 1_000_000, 7, 2 * 2 ** 20, 2 * 2 ** 20 + 1, 300_000, 1];
    const sent = sizes.map((size, at) => Buffer.alloc(size, Buffer.from([at, 1, 2, 3, 4, 5, 6])));
    const got: Buffer[] = [];
    const done = new Promise<void>((resolve) => {
      client.on('message', (data: Buffer) => got.push(data) === sent.length && resolve());
    });
    for (const payload of sent) {
      client.send(payload);
      client.ping();
    }
    await done;
    expect(got.map((data, at) => data.equals(sent[at] as Buffer))).toEqual(sent.map(() => true));
    client.terminate();
  });

  it('leave in order whatever their size, text and binary, by any number of writes', async () => {
    const { client, server } = await open('/echo/a');
    const sizes = [0, 1, 125, 126, 20_000, 65_535, 65_536, 3, 300_000, 16_384, 10, 10];
    const got: string[] = [];
    client.on('message', (data: Buffer, isBinary) =>
      got.push(`${isBinary ? 'b' : 't'}${data.length}:${data[0] ?? '-'}`),
    );
    for (const [at, size] of sizes.entries()) {
      const payload = Buffer.alloc(size, 65 + at);
      server.writer.write(at % 2 === 0 ? binaryFrame(payload) : textFrame(payload));
    }
    void server.close(1000, 'done');
    await closing(client);
    expect(got).toEqual(sizes.map((size, at) => `${at % 2 === 0 ? 'b' : 't'}${size}:${size === 0 ? '-' : 65 + at}`));
  });

  it('written as frames reach compressing sockets too', async () => {
    const { client, server } = await open('/echo/a?compress=1', { perMessageDeflate: true });
    server.writer.write([...textFrame('x'.repeat(5000)), ...binaryFrame(Buffer.from([1, 2]))]);
    expect((await nextMessage(client)).data.toString()).toBe('x'.repeat(5000));
    expect((await nextMessage(client)).isBinary).toBe(true);
    client.terminate();
  });

  it('to a reader that does not read are counted until it does', async () => {
    const { client, server } = await open('/echo/a');
    client.pause();
    const drained = new Promise<void>((resolve) => {
      server.writer.onDrain(resolve);
    });
    const frames = binaryFrame(Buffer.alloc(4 * 1024 * 1024));
    for (let at = 0; at < 8; at++) server.writer.write(frames);
    expect(server.writer.bufferedBytes).toBeGreaterThan(32 * 1024 * 1024);
    let received = 0;
    client.on('message', (data: Buffer) => (received += data.length));
    client.resume();
    await drained;
    expect(server.writer.bufferedBytes).toBe(0);
    void server.close(1000, '');
    await closing(client);
    expect(received).toBe(32 * 1024 * 1024);
  });

  it('that are small and taken at once tell so as well', async () => {
    const { client, server } = await open('/echo/a');
    const drained = new Promise<void>((resolve) => {
      server.writer.onDrain(resolve);
    });
    server.writer.write(textFrame('x'));
    await drained;
    client.terminate();
  });
});

describe('the end of a connection', () => {
  it('comes with code and reason, after everything written and settled before', async () => {
    const { client, server } = await open('/echo/a');
    server.settleWith(async () => {
      await new Promise(setImmediate);
      server.writer.write(textFrame('late ack'));
    });
    const message = nextMessage(client);
    void server.close(1008, 'é'.repeat(100));
    expect((await message).data.toString()).toBe('late ack');
    expect(await closing(client)).toEqual({ code: 1008, reason: 'é'.repeat(61) });
  });

  it('asked for by the client is answered after what is in flight for it', async () => {
    const { client, server } = await open('/echo/a');
    server.settleWith(async () => {
      await new Promise(setImmediate);
      server.writer.write(textFrame('late ack'));
    });
    const message = nextMessage(client);
    client.close(1000, 'bye');
    expect((await message).data.toString()).toBe('late ack');
    expect(await closing(client)).toMatchObject({ code: 1000 });
  });

  it('of a peer that ended its half is a 1001 after what is in flight for it', async () => {
    const socket = await rawSocket('/echo/a');
    await once(socket, 'data');
    accepted.at(-1)?.settleWith(async () => {
      await new Promise(setImmediate);
      accepted.at(-1)?.writer.write(textFrame('late ack'));
    });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.end();
    await once(socket, 'end');
    const bytes = Buffer.concat(chunks);
    expect(bytes.subarray(2, 10).toString()).toBe('late ack');
    expect([bytes[10], bytes.readUInt16BE(12)]).toEqual([0x88, 1001]);
  });

  it('of a client that vanishes in the middle of a frame frees the connection', async () => {
    const socket = await rawSocket('/echo/a');
    await once(socket, 'data');
    const server = accepted.at(-1);
    const before = service.upgrades.openConnections;
    socket.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 3, 4, 9]));
    socket.resetAndDestroy();
    if (server?.ws.readyState !== WebSocket.CLOSED) await once(server?.ws as WebSocket, 'close');
    expect(service.upgrades.openConnections).toBe(before - 1);
  });

  it('at shutdown is a 1001 with a reason, and new upgrades are refused', async () => {
    const other = await startSample();
    const client = new WebSocket(`${other.url.replace('http', 'ws')}/echo/a`);
    await once(client, 'open');
    const closed = closing(client);
    await other.service.close();
    expect(await closed).toEqual({ code: 1001, reason: 'the server is shutting down' });
  });
});

describe('the heartbeat', () => {
  it('cuts a peer that answers no ping, and keeps an idle one that does', async () => {
    const other = await startSample({ SLUICE_HEARTBEAT_MS: '60' });
    const saved = base;
    base = other.url.replace('http', 'ws');
    const idle = await open('/echo/idle');
    const dead = await open('/echo/dead', { autoPong: false });
    await closing(dead.client);
    await once(idle.client, 'ping');
    await once(idle.client, 'ping');
    expect(idle.client.readyState).toBe(WebSocket.OPEN);
    base = saved;
    await other.service.close();
  });

  it('keeps a slow reader that never answers as long as its backlog shrinks, and cuts it after', async () => {
    const other = await startSample({ SLUICE_HEARTBEAT_MS: '60' });
    const saved = base;
    base = other.url.replace('http', 'ws');
    const socket = await rawSocket('/echo/slow');
    await once(socket, 'data');
    base = saved;
    const total = 48 * 1024 * 1024;
    for (let sent = 0; sent < total; sent += 1024 * 1024)
      accepted.at(-1)?.writer.write(binaryFrame(Buffer.alloc(1024 * 1024)));
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), received % 3);
    });
    await once(socket, 'end');
    socket.destroy();
    expect(received).toBeGreaterThanOrEqual(total);
    await other.service.close();
  });
});
