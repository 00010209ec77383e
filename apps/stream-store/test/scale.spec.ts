import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, startRedis, uniqueName, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';
import { type Socket } from 'node:net';
import { metric } from './support/metrics.js';
import { clientFrame, rawSocket } from './support/raw-socket.js';

// The service runs as a process of its own here: its memory is what is looked at.
const MIB = 1024 * 1024;
let redis: RedisServer;
let app: RunningApp;
let sockets: Socket[] = [];

beforeEach(async () => {
  redis = await startRedis();
  app = await startApp('stream-store', { REDIS_URL: redis.url, SLUICE_LOG_LEVEL: 'warn' });
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await app.kill();
  await redis.stop();
});

async function open(count: number, path: (n: number) => string): Promise<void> {
  for (let n = 0; n < count; n += 250) {
    const batch = Array.from({ length: Math.min(250, count - n) }, (_, at) => rawSocket(app.url, path(n + at)));
    sockets.push(...(await Promise.all(batch)));
  }
}

function residentBytes(): Promise<number> {
  return metric(app.url, 'process_resident_memory_bytes');
}

/** The figure is part of what a run shows. */
function show(what: string, bytes: number): void {
  process.stdout.write(`      ${what}: ${(bytes / MIB).toFixed(0)} MiB\n`);
}

/** A Redis that is silent for longer than 4 s is given up as dead; this one hardly gets on. */
async function breathe(): Promise<void> {
  await redis.kill('SIGCONT');
  await redis.kill('SIGSTOP');
}

/** For a machine that has much else to do. */
const SLOW = { timeoutMs: 70_000 };

describe('memory of the service stays bounded', () => {
  it('with 1000 readers that take nothing of a fast stream (96)', async () => {
    const sid = uniqueName('s');
    await open(1000, () => `/data/${sid}/pull?block=0`);
    for (const socket of sockets) socket.pause();
    const idle = await residentBytes();
    const payload = Buffer.alloc(20_000, 1);
    let most = 0;
    for (let n = 0; n < 3000; n++) {
      await redis.command('XADD', `default:${sid}`, 'MAXLEN', '~', 1000, '*', 'd', payload);
      if (n % 500 === 499) most = Math.max(most, await residentBytes());
    }
    await waitFor(async () => (await metric(app.url, 'sluice_store_slow_followers')) === 1000);
    most = Math.max(most, await residentBytes());
    show('1000 readers that take nothing of 60 MB, above idle', most - idle);
    expect(most - idle).toBeLessThan(200 * MIB);
  }, 90_000);

  it('with 1000 writers that send faster than Redis takes', async () => {
    const sid = uniqueName('s');
    await open(1000, (n) => `/data/${sid}${n}/push?header=0`);
    // A new stream is admitted by Redis before anything of it is taken.
    for (const socket of sockets) socket.write(clientFrame(2, Buffer.from('first')));
    const keys = Array.from(sockets, (_, n) => `default:${sid}${n}`);
    await waitFor(async () => (await redis.command('EXISTS', ...keys)) === 1000);
    const idle = await residentBytes();
    await redis.kill('SIGSTOP');
    const breathing = setInterval(() => void breathe(), 2_000);
    const frame = clientFrame(2, Buffer.alloc(20_000, 1));
    const burst = Buffer.concat(Array.from({ length: 20 }, () => frame));
    for (const socket of sockets) socket.write(burst);
    // 400 MB are offered; what is not read stays in the sockets of the clients.
    let most = 0;
    try {
      await waitFor(async () => {
        most = Math.max(most, await residentBytes());
        return (await metric(app.url, 'sluice_store_inflight_bytes')) > 60 * MIB;
      }, SLOW);
      for (let n = 0; n < 10; n++) most = Math.max(most, await residentBytes());
    } finally {
      clearInterval(breathing);
    }
    show('1000 writers with 400 MB for a Redis that hangs, above idle', most - idle);
    expect(most - idle).toBeLessThan(600 * MIB);
    await redis.kill('SIGCONT');
    await waitFor(async () => (await metric(app.url, 'sluice_store_inflight_bytes')) === 0, { timeoutMs: 60_000 });
    expect(await metric(app.url, 'sluice_store_open_sockets')).toBe(1000);
  }, 150_000);

  it('with 10,000 idle readers, each of which still gets what comes', async () => {
    const sid = uniqueName('s');
    const before = await residentBytes();
    await open(10_000, (n) => `/data/${sid}${n}/pull?block=60000`);
    expect(await metric(app.url, 'sluice_store_followers')).toBe(10_000);
    const idle = await residentBytes();
    show('10,000 idle readers', idle - before);
    expect(idle - before).toBeLessThan(600 * MIB);
    for (const n of [0, 4_999, 9_999]) {
      const arrived = new Promise<string>((resolve) => {
        sockets[n]?.once('data', (chunk) => resolve(chunk.toString('latin1')));
      });
      await redis.command('XADD', `default:${sid}${n}`, '*', 'd', `for ${n}`);
      expect(await arrived).toContain(`for ${n}`);
    }
    for (const socket of sockets) socket.destroy();
    await waitFor(async () => (await metric(app.url, 'sluice_store_followers')) === 0);
  }, 120_000);
});
