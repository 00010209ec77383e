import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, startRedis, uniqueName, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';
import { readFile } from 'node:fs/promises';
import { deflateRawSync } from 'node:zlib';
import { connect, type Socket } from 'node:net';
import { metric } from './support/metrics.js';
import { rawSocket } from './support/raw-socket.js';
import { TestSocket } from './support/socket.js';

const MIB = 1024 * 1024;
const BINARY = 2;
const COMPRESSED = 0x40;
/** Bombs that fit into one read. */
const MESSAGES = 4;
const BOUND = 700 * MIB;
/** What is inflated passes through several hands on its way to Redis, and is collected late. */
const INFLATED_BOUND = 1000 * MIB;

let redis: RedisServer;
let store: RunningApp;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(async () => {
  store = await startApp('stream-store', { REDIS_URL: redis.url, SLUICE_HEARTBEAT_MS: '2000' });
});

afterEach(async () => {
  await store.kill('SIGKILL');
});

afterAll(async () => {
  await redis.stop();
});

/** Most memory that the process had at a time. */
async function peakBytes(): Promise<number> {
  const status = await readFile(`/proc/${store.process.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** The head of a masked frame; its mask changes nothing. */
function head(first: number, bytes: number): Buffer {
  const frame = Buffer.alloc(14);
  frame[0] = first;
  frame[1] = 0x80 | 127;
  frame.writeBigUInt64BE(BigInt(bytes), 2);
  return frame;
}

/** Sockets that each say the same and then nothing. */
async function hostile(count: number, path: string, extra: string, words: readonly Buffer[]): Promise<Socket[]> {
  const open = async (): Promise<Socket> => {
    const socket = await rawSocket(store.url, path, extra);
    socket.on('error', () => undefined);
    socket.resume();
    for (const word of words) socket.write(word);
    return socket;
  };
  return Promise.all(Array.from({ length: count }, open));
}

/** A push of 10 MiB, slice by slice. */
async function pushSlowly(sid: string, slices: number, pauseMs: number): Promise<void> {
  const socket = await rawSocket(store.url, `/data/${sid}/push?header=0`, '');
  const bytes = 10 * MIB;
  socket.write(head(0x80 | BINARY, bytes));
  for (let at = 0; at < slices; at++) {
    socket.write(Buffer.alloc(bytes / slices, 1));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await waitFor(async () => Number(await redis.command('XLEN', `default:${sid}`)) === 1, { timeoutMs: 60_000 });
  socket.destroy();
}

describe('sockets that begin large messages and stop', () => {
  it('take a bounded part of the memory, and a slow upload beside them arrives', async () => {
    const idle = await peakBytes();
    const early = pushSlowly(uniqueName('early'), 64, 40);
    const words = [head(0x80 | BINARY, 16 * MIB), Buffer.alloc(15.9 * MIB)];
    const sockets = await hostile(60, '/data/stopped/push?header=0', '', words);
    const late = pushSlowly(uniqueName('late'), 64, 20);
    await Promise.all([early, late]);
    const small = await TestSocket.open(`${store.url.replace('http', 'ws')}/data/stopped/push`);
    small.push([2], 'ok');
    await small.close();
    expect((await peakBytes()) - idle).toBeLessThan(BOUND);
    for (const socket of sockets) socket.destroy();
  });
});

describe('compressed messages that are a thousand times their size', () => {
  it('of 20 sockets take a bounded part of the memory, and others are served', async () => {
    const count = 20;
    const idle = await peakBytes();
    const bomb = deflateRawSync(Buffer.alloc(16 * MIB - 64), { finishFlush: 2 }).subarray(0, -4);
    const words = Array.from({ length: MESSAGES }, () => [head(0x80 | COMPRESSED | BINARY, bomb.length), bomb]).flat();
    const extension = 'sec-websocket-extensions: permessage-deflate; client_no_context_takeover\r\n';
    const sockets = await hostile(count, '/data/bomb/push?header=0&compress=1', extension, [Buffer.concat(words)]);
    const innocent = await TestSocket.open(`${store.url.replace('http', 'ws')}/data/beside/push?header=0&compress=1`, {
      perMessageDeflate: { threshold: 0 },
    });
    for (let at = 0; at < 100; at++) innocent.send(Buffer.alloc(2000, at));
    await waitFor(async () => Number(await redis.command('XLEN', 'default:beside')) >= 100, { timeoutMs: 60_000 });
    await redis.command('DEL', 'default:beside');
    const total = async (): Promise<number> => await metric(store.url, 'sluice_store_entries_in_total');
    await waitFor(async () => (await total()) >= count * MESSAGES + 100, {
      timeoutMs: 60_000,
      message: 'all of them are stored',
    });
    expect((await peakBytes()) - idle).toBeLessThan(INFLATED_BOUND);
    for (const socket of sockets) socket.destroy();
  });
});

describe('uploads that stop in the middle', () => {
  it.each([
    [
      'of a form',
      'multipart/form-data; boundary=b',
      '--b\r\ncontent-disposition: form-data; name="entries"; filename="e"\r\n\r\n',
    ],
    ['of an entry', 'application/octet-stream', ''],
  ])('%s take a bounded part of the memory, and others get through', async (_what, type, start) => {
    const idle = await peakBytes();
    const { hostname, port } = new URL(store.url);
    const path = type.startsWith('multipart') ? '/data/stopped/' : '/v1/streams/default/stopped/entries';
    const begin = (): Socket => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${16 * MIB}\r\n\r\n`,
      );
      socket.write(start);
      socket.write(Buffer.alloc(15 * MIB));
      return socket;
    };
    const sockets = Array.from({ length: 60 }, begin);
    await waitFor(async () => (await metric(store.url, 'sluice_http_received_bytes')) > 100 * MIB);
    const push = async (): Promise<boolean> => {
      const init = {
        method: 'POST',
        body: Buffer.alloc(8 * MIB),
        headers: { 'content-type': 'application/octet-stream' },
      };
      const response = await fetch(`${store.url}/v1/streams/default/beside/entries`, init);
      await response.arrayBuffer();
      return response.ok;
    };
    await waitFor(push, { timeoutMs: 20_000 });
    expect((await peakBytes()) - idle).toBeLessThan(BOUND);
    for (const socket of sockets) socket.destroy();
  });
});
