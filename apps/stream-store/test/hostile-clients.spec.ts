import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName, waitFor } from '@sluice/testing';
import { randomBytes } from 'node:crypto';
import { metric } from './support/metrics.js';
import { clientFrame, rawSocket } from './support/raw-socket.js';
import { TestSocket } from './support/socket.js';
import { startStore, type Store } from './support/store.js';

let store: Store;

beforeAll(async () => {
  store = await startStore({ SLUICE_HEARTBEAT_MS: '200' });
});

afterAll(async () => {
  await store.close();
});

const TEXT = 1;
const BINARY = 2;

/** The service still works: a push arrives. */
async function assertHealthy(): Promise<void> {
  const sid = uniqueName('health');
  const pull = await TestSocket.open(`${store.ws}/data/${sid}/pull`);
  const push = await TestSocket.open(`${store.ws}/data/${sid}/push`);
  push.push([2], 'ok');
  expect((await pull.message()).payload.toString()).toBe('ok');
  await Promise.all([pull.close(), push.close()]);
}

async function openSockets(count: number): Promise<void> {
  await waitFor(async () => (await metric(store.url, 'sluice_store_open_sockets')) === count);
}

describe('a client that vanishes', () => {
  it('in the middle of a frame stores nothing of it and leaves nothing', async () => {
    const sid = uniqueName('cut');
    const socket = await rawSocket(store.url, `/data/${sid}/push`);
    const frame = clientFrame(BINARY, Buffer.alloc(5000, 1));
    socket.write(Buffer.concat([clientFrame(TEXT, Buffer.from('[5000]')), frame.subarray(0, 2500)]));
    await openSockets(1);
    socket.destroy();
    await openSockets(0);
    expect(await store.redis.command('EXISTS', `default:${sid}`)).toBe(0);
    await assertHealthy();
  });

  it('between header and payload stores nothing', async () => {
    const sid = uniqueName('cut');
    const socket = await TestSocket.open(`${store.ws}/data/${sid}/push`);
    socket.send('[3]');
    await socket.close();
    await openSockets(0);
    expect(await store.redis.command('EXISTS', `default:${sid}`)).toBe(0);
  });

  it('without a word is cut after its heartbeat, and its follower with it', async () => {
    const socket = await rawSocket(store.url, '/data/silent/pull?block=0');
    await store.followers(1);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('data', () => undefined);
    socket.on('end', () => socket.end());
    await ended;
    await store.followers(0);
  });

  it('by ending its half gets its acks and a close frame', async () => {
    const sid = uniqueName('half');
    const socket = await rawSocket(store.url, `/data/${sid}/push?header=0&ack=1`);
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    socket.end(clientFrame(BINARY, Buffer.from('x')));
    await new Promise((resolve) => socket.once('close', resolve));
    const [entry] = await store.entries(`default:${sid}`);
    const bytes = Buffer.concat(received);
    expect(bytes.toString('latin1')).toContain(`["${entry?.id}"]`);
    expect(bytes.indexOf(Buffer.from([0x03, 0xe9]))).toBeGreaterThan(0);
    await openSockets(0);
  });
});

describe('bytes without sense', () => {
  it('after the handshake end that socket and no other', async () => {
    for (let round = 0; round < 60; round++) {
      const path = ['/data/fuzz/push?ack=1', '/data/fuzz/pull', '/v1/socket', '/data/fuzz/push?header=0'][round % 4];
      const socket = await rawSocket(store.url, path as string);
      socket.on('data', () => undefined);
      socket.write(randomBytes(1 + Math.floor(Math.random() * 400)));
      socket.end();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await assertHealthy();
  });

  it.each(['/data/fuzz/push?ack=1', '/data/a+b/push', '/v1/socket'])(
    'in whole frames of %s are refused with a reason',
    async (path) => {
      for (let round = 0; round < 40; round++) {
        const socket = await TestSocket.open(store.ws + path, {}, path === '/v1/socket' ? ['sluice.v1'] : []);
        for (let n = 0; n < 6; n++) {
          const bytes = randomBytes(Math.floor(Math.random() * 60));
          if (Math.random() < 0.5) socket.send(bytes);
          else socket.send(mutate('[["a","5-0",3],["b",null,7]]'));
        }
        socket.ws.close();
        const { code, reason } = await socket.closed;
        expect([1003, 1005, 1007, 1008, 1011]).toContain(code);
        if (code !== 1005) expect(reason).not.toBe('');
      }
      await assertHealthy();
    },
  );
});

describe('frames that WebSocket does not allow', () => {
  it.each<[string, Buffer, number]>([
    ['text that is not UTF-8', clientFrame(TEXT, Buffer.from([0xff, 0xfe])), 1007],
    ['a frame without mask', Buffer.from([0x82, 1, 7]), 1002],
    ['an unknown opcode', clientFrame(5, Buffer.from('x')), 1002],
    ['a continuation of nothing', clientFrame(0, Buffer.from('x')), 1002],
  ])('like %s end the socket with %s and a reason', async (_title, frame, code) => {
    const socket = await rawSocket(store.url, '/data/never/push');
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    socket.write(frame);
    await waitFor(() => Buffer.concat(received)[0] === 0x88);
    const close = Buffer.concat(received);
    expect(close.readUInt16BE(2)).toBe(code);
    expect(close.length).toBeGreaterThan(10);
    socket.destroy();
    expect(await store.redis.command('EXISTS', 'default:never')).toBe(0);
  });
});

describe('writers that are too fast', () => {
  it('are not read while too much is unsettled, and lose nothing', async () => {
    const sid = uniqueName('flood');
    const socket = await TestSocket.open(`${store.ws}/data/${sid}/push?header=0&ack=1`);
    socket.send(Buffer.from('first'));
    await socket.json();
    await store.redis.kill('SIGSTOP');
    const messages = 60_000;
    for (let n = 0; n < messages; n++) socket.send(Buffer.from(String(n)));
    // The server stops reading: what it did not take stays with the client.
    await waitFor(() => store.log.inflightBytes > 0);
    await waitFor(() => socket.ws.bufferedAmount > 0 || store.log.inflightBytes < 4_000_000);
    await store.redis.kill('SIGCONT');
    const ids: string[] = [];
    while (ids.length < messages) ids.push(...(await socket.json<string[]>()));
    const { length } = await store.entries(`default:${sid}`);
    expect(new Set(ids).size).toBe(messages);
    expect(length).toBeGreaterThanOrEqual(1000);
    await socket.close();
  });
});

function mutate(text: string): string {
  const chars = [...text];
  for (let n = 0; n < 3; n++) {
    const at = Math.floor(Math.random() * chars.length);
    chars[at] = '[]",0123456789-*ab {}'[Math.floor(Math.random() * 21)] as string;
  }
  return chars.join('');
}
