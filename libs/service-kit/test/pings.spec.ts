import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { type Connection, type Service, binaryFrame } from '../src/index.js';
import { accepted, startSample } from './support/sample.js';

const MIB = 1024 * 1024;
let service: Service;
let url: URL;

beforeAll(async () => {
  // No ping of its own among what it writes.
  const sample = await startSample({ SLUICE_HEARTBEAT_MS: '3600000' });
  ({ service } = sample);
  url = new URL(sample.url);
});

afterAll(async () => {
  await service.close();
});

/** A WebSocket by hand, of which nothing is read after the handshake. */
async function openUnread(): Promise<{ client: Socket; server: Connection }> {
  const client = connect({ host: url.hostname, port: Number(url.port) });
  client.on('error', () => undefined);
  client.write(
    'GET /echo/a HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await once(client, 'data');
  client.pause();
  return { client, server: accepted.at(-1) as Connection };
}

/** A ping of 125 bytes, with a mask of zeros. */
function ping(byte: number): Buffer {
  return Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125, byte)]);
}

describe('pings', () => {
  it('are each answered as long as the answers are read', async () => {
    const client = new WebSocket(`${url.href.replace('http', 'ws')}echo/a`);
    await once(client, 'open');
    let answers = 0;
    const done = new Promise<void>((resolve) => {
      client.on('pong', () => {
        answers += 1;
        if (answers === 5000) resolve();
      });
    });
    for (let sent = 0; sent < 5000; sent++) client.ping(String(sent));
    await done;
    expect(client.readyState).toBe(WebSocket.OPEN);
    client.terminate();
  });

  it('of a peer that is behind with reading wait, and the latest of them is answered', async () => {
    const { client, server } = await openUnread();
    server.writer.write(binaryFrame(Buffer.alloc(16 * MIB)));
    server.writer.flush();
    expect(server.raw.writableNeedDrain).toBe(true);
    const { bytesWritten } = server.raw;
    const seen = new Promise<void>((resolve) => {
      let pings = 0;
      server.ws.on('ping', () => (pings += 1) === 900 && resolve());
    });
    for (let sent = 0; sent < 900; sent++) client.write(ping(sent === 899 ? 7 : 1));
    await seen;
    expect(server.raw.bytesWritten).toBe(bytesWritten);
    expect(server.isOpen).toBe(true);
    const tail: Buffer[] = [];
    client.on('data', (chunk: Buffer) => tail.push(chunk));
    client.resume();
    await once(server.raw, 'drain');
    client.end();
    await once(client, 'close');
    const all = Buffer.concat(tail).subarray(16 * MIB + 10);
    expect(all.subarray(0, 127)).toEqual(Buffer.concat([Buffer.from([0x8a, 125]), Buffer.alloc(125, 7)]));
    expect(all[127]).toBe(0x88);
  });

  it('without end of a peer that reads nothing end the connection, and gather no memory until then', async () => {
    const { client, server } = await openUnread();
    const flood = Buffer.concat(Array.from({ length: 1000 }, () => ping(1)));
    let most = 0;
    server.ws.on('ping', () => (most = Math.max(most, server.raw.writableLength)));
    while (server.isOpen) {
      if (!client.write(flood)) await Promise.race([once(client, 'drain'), once(server.ws, 'close')]);
    }
    expect(most).toBeLessThan(MIB);
    client.destroy();
  });
});
