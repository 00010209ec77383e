import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { WebSocket } from 'ws';
import { startGateway, type TestGateway } from './support/gateway.js';
import { answerOf, ask, openHttp2 } from './support/http2-client.js';
import { StandIn } from './support/upstream.js';

const MIB = 1024 * 1024;

let folder: string;
let store: StandIn;
let gateway: TestGateway;
let ca: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  store = await StandIn.start();
  gateway = await startGateway(`http://127.0.0.1:${store.port}`, {
    SLUICE_TLS: 'self-signed',
    SLUICE_TLS_FOLDER: folder,
  });
  ca = readFileSync(join(folder, 'certificate.pem'), 'utf8');
});

afterAll(async () => {
  await gateway.close();
  await store.kill();
  rmSync(folder, { recursive: true });
});

async function withSession(use: (session: ClientHttp2Session) => Promise<void>): Promise<void> {
  const session = await openHttp2(gateway.url, ca);
  session.on('error', () => undefined);
  await use(session);
  session.destroy();
}

async function openSocket(): Promise<{ socket: WebSocket; atService: WebSocket }> {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/data/a/push`, { ca });
  await once(socket, 'open');
  return { socket, atService: store.webSockets.at(-1) as WebSocket };
}

/** A frame of HTTP/2. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Compressed head of `GET https://localhost/data/held`. */
const HEAD = Buffer.from('\x82\x87\x04\x0a/data/held\x01\x09localhost', 'latin1');

describe('a WebSocket over TLS', () => {
  it('is read only as fast as the service reads, and loses nothing by it', async () => {
    const { socket, atService } = await openSocket();
    atService.removeAllListeners('message');
    let got = 0;
    atService.on('message', (data: Buffer) => (got += data.length));
    atService.pause();
    const total = 64 * MIB;
    for (let sent = 0; sent < total; sent += MIB) socket.send(Buffer.alloc(MIB));
    await waitFor(() => socket.bufferedAmount < total);
    expect(socket.bufferedAmount).toBeGreaterThan(total / 2);
    atService.resume();
    await waitFor(() => got === total);
    socket.terminate();
  });

  it('is written only as fast as the client reads, and loses nothing by it', async () => {
    const { socket, atService } = await openSocket();
    let got = 0;
    socket.on('message', (data: Buffer) => (got += data.length));
    socket.pause();
    const total = 64 * MIB;
    for (let sent = 0; sent < total; sent += MIB) atService.send(Buffer.alloc(MIB));
    await waitFor(() => atService.bufferedAmount < total);
    expect(atService.bufferedAmount).toBeGreaterThan(total / 2);
    socket.resume();
    await waitFor(() => got === total);
    socket.terminate();
  });

  it('ends at the service when the client vanishes, and at the client when the service does', async () => {
    const first = await openSocket();
    const ended = once(first.atService, 'close');
    first.socket.terminate();
    await ended;
    const second = await openSocket();
    const closed = once(second.socket, 'close');
    second.atService.terminate();
    expect((await closed)[0]).toBe(1006);
  });

  it('carries everything that was sent before the client ended its half', async () => {
    const halfOpen = { host: '127.0.0.1', port: gateway.port, ca, allowHalfOpen: true };
    const raw = connectTls(halfOpen);
    await once(raw, 'secureConnect');
    const before = store.webSockets.length;
    raw.write(
      'GET /data/a/push HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n' +
        'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await once(raw, 'data');
    const atService = store.webSockets[before] as WebSocket;
    let got = 0;
    atService.on('message', () => (got += 1));
    const closed = once(atService, 'close');
    const message = Buffer.from([0x82, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    raw.end(Buffer.concat(Array.from({ length: 20_000 }, () => message)));
    raw.resume();
    await closed;
    expect(got).toBe(20_000);
    raw.destroy();
  });
});

describe('HTTP/2 under pressure', () => {
  it('reads an answer only as fast as its client does', async () => {
    let written = 0;
    const total = 64 * MIB;
    store.answers.set('/data/large', (_request, response) => {
      const write = (): void => {
        while (written < total) {
          written += MIB;
          if (!response.write(Buffer.alloc(MIB))) {
            response.once('drain', write);
            return;
          }
        }
        response.end();
      };
      write();
    });
    await withSession(async (session) => {
      const slow = session.request({ ':path': '/data/large' });
      await once(slow, 'response');
      await withSession(async (other) => {
        expect((await ask(other, { ':path': '/data/a' })).status).toBe(200);
      });
      expect(written).toBeLessThan(total / 2);
      let got = 0;
      slow.on('data', (chunk: Buffer) => (got += chunk.length));
      await once(slow, 'end');
      expect(got).toBe(total);
    });
  });

  it('reads an upload only as fast as the service does, while others of the connection go on', async () => {
    const gate = Promise.withResolvers<void>();
    store.answers.set('/data/lazy', (request, response) => {
      let bytes = 0;
      void gate.promise.then(() => {
        request.on('data', (chunk: Buffer) => (bytes += chunk.length));
        request.on('end', () => response.end(String(bytes)));
      });
    });
    await withSession(async (session) => {
      const upload = session.request({ ':path': '/data/lazy', ':method': 'POST' });
      const total = 48 * MIB;
      let sent = 0;
      const send = (): void => {
        while (sent < total) {
          sent += MIB / 4;
          if (!upload.write(Buffer.alloc(MIB / 4))) {
            upload.once('drain', send);
            return;
          }
        }
        upload.end();
      };
      send();
      const post = { ':path': '/data/a', ':method': 'POST' };
      expect((await ask(session, post, Buffer.alloc(300_000))).status).toBe(200);
      expect(sent).toBeLessThan(total / 2);
      gate.resolve();
      expect((await answerOf(upload)).body.toString()).toBe(String(total));
    });
  });

  it('ends a connection that opens requests only to reset them, and others do not notice', async () => {
    store.answers.set('/data/held', () => undefined);
    await withSession(async (innocent) => {
      const flood = connectTls({ host: '127.0.0.1', port: gateway.port, ca, ALPNProtocols: ['h2'] });
      flood.on('error', () => undefined);
      await once(flood, 'secureConnect');
      flood.resume();
      flood.write(Buffer.concat([PREFACE, frame(4, 0, 0, Buffer.alloc(0))]));
      const ended = once(flood, 'close');
      for (let id = 1; id < 20_000; id += 2) {
        flood.write(Buffer.concat([frame(1, 5, id, HEAD), frame(3, 0, id, Buffer.from([0, 0, 0, 8]))]));
      }
      await ended;
      expect((await ask(innocent, { ':path': '/data/a' })).status).toBe(200);
    });
    await waitFor(async () => /sluice_gateway_active_requests\{[^}]*\} 0\n/.test(await gateway.service.metrics.text()));
  });

  it('ends a connection that its client has ended', async () => {
    const halfOpen = { host: '127.0.0.1', port: gateway.port, ca, ALPNProtocols: ['h2'], allowHalfOpen: true };
    const raw = connectTls(halfOpen);
    await once(raw, 'secureConnect');
    raw.resume();
    raw.end(Buffer.concat([PREFACE, frame(4, 0, 0, Buffer.alloc(0))]));
    await once(raw, 'close');
  });

  it('answers HEAD, empty answers and several cookies as HTTP/1.1 does', async () => {
    store.answers.set('/data/cookies', (_request, response) => {
      response.setHeader('set-cookie', ['a=1; HttpOnly', 'b=2']);
      response.setHeader('vary', ['Origin', 'Accept']);
      response.writeHead(204).end();
    });
    await withSession(async (session) => {
      const empty = await ask(session, { ':path': '/data/cookies' });
      expect([empty.status, empty.headers['set-cookie'], empty.headers['vary'], empty.body.length]).toEqual([
        204,
        ['a=1; HttpOnly', 'b=2'],
        'Origin, Accept',
        0,
      ]);
      const head = await ask(session, { ':path': '/data/a', ':method': 'HEAD' });
      expect([head.status, head.headers['x-echo'], head.body.length]).toEqual([200, 'yes', 0]);
      expect((await ask(session, { ':path': '*', ':method': 'OPTIONS' })).status).toBeGreaterThanOrEqual(400);
      const tunnel = session.request({ ':method': 'CONNECT', ':authority': 'localhost:80' });
      expect((await answerOf(tunnel)).status).toBe(405);
    });
  });
});

describe('a gateway on TLS that stops', () => {
  it('ends kept-alive connections at rest, half-made ones, and answers what is under way over HTTP/1.1', async () => {
    const gate = Promise.withResolvers<void>();
    let waiting = 0;
    store.answers.set('/data/slow', (_request, response) => {
      waiting += 1;
      void gate.promise.then(() => response.end('done'));
    });
    const other = await startGateway(`http://127.0.0.1:${store.port}`, {
      SLUICE_TLS: 'self-signed',
      SLUICE_TLS_FOLDER: folder,
      // What does not end by itself would outlast the test.
      SLUICE_DRAIN_TIMEOUT_MS: '600000',
    });
    const open = async (head: string): Promise<{ text: () => string; closed: Promise<unknown> }> => {
      const socket = connectTls({ host: '127.0.0.1', port: other.port, ca });
      let text = '';
      socket.setEncoding('latin1').on('data', (part: string) => (text += part));
      socket.write(head);
      const closed = once(socket, 'close');
      await once(socket, 'secureConnect');
      return { text: () => text, closed };
    };
    const rest = await open('GET /data/a HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await waitFor(() => rest.text().endsWith('}'));
    const slow = await open('GET /data/slow HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await waitFor(() => waiting === 1);
    const silent = connect(other.port, '127.0.0.1');
    await once(silent, 'connect');
    const gone = once(silent.resume(), 'close');
    const closing = other.close();
    await rest.closed;
    gate.resolve();
    await slow.closed;
    expect(slow.text()).toContain('done');
    await gone;
    await closing;
  });
});
