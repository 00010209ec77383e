import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { WebSocket } from 'ws';
import { MAX_MESSAGE_BYTES, type Connection, type Service, UpgradeRouter } from '../src/index.js';
import { UNFINISHED_BYTES } from '../src/sockets/unfinished.js';
import { accepted, startSample } from './support/sample.js';

const LARGE_AT_ONCE = UNFINISHED_BYTES.large / MAX_MESSAGE_BYTES;
const BINARY_FRAME = 0x82;

let service: Service;
let base: string;
let upgrades: UpgradeRouter;

beforeAll(async () => {
  let url: string;
  ({ service, url } = await startSample());
  base = url.replace('http', 'ws');
  upgrades = service.app.get(UpgradeRouter);
});

afterAll(async () => {
  await service.close();
});

async function open(path: string, compressed = false): Promise<{ client: WebSocket; server: Connection }> {
  const client = new WebSocket(`${base}${path}`, { perMessageDeflate: compressed ? { threshold: 0 } : false });
  await once(client, 'open');
  return { client, server: accepted.at(-1) as Connection };
}

/** Sends the head of a message and nothing of it. */
async function begin(bytes: number): Promise<WebSocket> {
  const { client } = await open('/echo/stopped');
  const head = Buffer.alloc(14);
  head.writeUInt16BE((BINARY_FRAME << 8) | 0xff, 0);
  head.writeBigUInt64BE(BigInt(bytes), 2);
  socketOf(client).write(head);
  return client;
}

function socketOf(client: WebSocket): Socket {
  return (client as unknown as { readonly _socket: Socket })._socket;
}

async function echo(client: WebSocket, message: Buffer): Promise<void> {
  client.send(message);
  const [answer] = (await once(client, 'message')) as [Buffer];
  expect(answer.equals(message)).toBe(true);
}

describe('messages that are not whole', () => {
  it('have room for all of each; those who keep it from others and do not come on are told so and cut', async () => {
    const stopped = await Promise.all(Array.from({ length: LARGE_AT_ONCE }, () => begin(MAX_MESSAGE_BYTES)));
    const closings = stopped.map((client) => once(client, 'close') as Promise<[number, Buffer]>);
    const { client: beside } = await open('/echo/beside');
    await echo(beside, randomBytes(1024 * 1024));
    expect(stopped.every((client) => client.readyState === WebSocket.OPEN)).toBe(true);
    const { client: waiting } = await open('/echo/waiting');
    await echo(waiting, randomBytes(MAX_MESSAGE_BYTES));
    const [[code, reason]] = (await Promise.all(closings)) as [[number, Buffer]];
    expect([code, reason.toString()]).toEqual([1013, expect.stringMatching(/^OVERLOADED: .*does not come on/)]);
    expect(upgrades.intake).toEqual({ unfinishedBytes: 0, waiting: 0, cut: LARGE_AT_ONCE, inflatingBytes: 0 });
    for (const client of [beside, waiting]) client.terminate();
  });

  it('stay as long as they like while nobody waits for their room', async () => {
    const cutBefore = upgrades.intake.cut;
    const client = await begin(MAX_MESSAGE_BYTES);
    const { client: other } = await open('/echo/other');
    for (let at = 0; at < 30; at++) {
      await echo(other, randomBytes(100_000));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect([upgrades.intake.cut, client.readyState]).toEqual([cutBefore, WebSocket.OPEN]);
    client.terminate();
    other.terminate();
  });
});

describe('compressed messages', () => {
  const SIZES = [0, 1, 100, 5_000, 70_000, 1_000_000];
  const MESSAGES = Array.from({ length: 60 }, (_, at) => Buffer.alloc(SIZES[at % SIZES.length] as number, at));

  /** Sends whole messages, messages of several frames, and pings between; resolves when all are on their way. */
  async function sendAll(client: WebSocket): Promise<void> {
    for (const [at, message] of MESSAGES.entries()) {
      if (at % 3 !== 0) client.send(message);
      else {
        client.send(message.subarray(0, message.length >> 1), { fin: false });
        client.ping();
        client.send(message.subarray(message.length >> 1));
      }
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    client.ping(undefined, undefined, () => resolve());
    await promise;
  }

  it.each(['a close frame', 'the end of the connection'])(
    'arrive in their order, also when their taker pauses at each, before %s',
    async (ending) => {
      const { client, server } = await open('/echo/packed?compress=1', true);
      const got: Buffer[] = [];
      server.ws.on('message', (data: Buffer) => {
        got.push(data);
        server.pause();
        setTimeout(() => server.resume(), 2);
      });
      const closed = once(client, 'close');
      await sendAll(client);
      if (ending === 'a close frame') client.close(1000);
      else socketOf(client).end();
      await closed;
      expect(got.map((one) => one.length)).toEqual(MESSAGES.map((one) => one.length));
      expect(got.every((one, at) => one.equals(MESSAGES[at] as Buffer))).toBe(true);
      expect(upgrades.intake.inflatingBytes).toBe(0);
    },
  );

  it('that are broken end their socket with 1002 or 1007 and give their room back', async () => {
    const { hostname, port } = new URL(base);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(
      `GET /echo/broken?compress=1 HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
        `sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n` +
        `sec-websocket-extensions: permessage-deflate\r\n\r\n`,
    );
    await once(socket, 'data');
    const frame = Buffer.concat([Buffer.from([0xc2, 0xfe, 1, 0, 0, 0, 0, 0]), Buffer.alloc(256, 0xff)]);
    socket.write(Buffer.concat([frame, frame, frame]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer[0]).toBe(0x88);
    socket.destroy();
    await waitFor(() => upgrades.intake.inflatingBytes === 0);
  });
});
