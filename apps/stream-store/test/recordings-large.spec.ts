import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApp, startRedis, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { BEARER, askRecordings } from './support/recordings.js';
import { TestSocket } from './support/socket.js';

/** Each run of the tests shows with a fourth of a gigabyte that memory does not grow with a recording; `SLUICE_TEST_RECORDING_BYTES` asks for more. */
const BYTES = Number(process.env['SLUICE_TEST_RECORDING_BYTES'] ?? 250_000_000);
const ENTRY_BYTES = 100_000;
/** Above what the service has before it does anything. */
const MAX_GROWTH_BYTES = 200 * 1024 * 1024;
const ENTRIES_KEPT = 5_000;
/** Entries of this size in a finished zip. */
const ENTRIES_PER_ZIP = 95;

let redis: RedisServer;
let writer: Redis;
let app: RunningApp;
let dir: string;

beforeAll(async () => {
  redis = await startRedis();
  writer = new Redis(redis.url);
  dir = await mkdtemp(join(tmpdir(), 'sluice-rec-'));
  app = await startApp('stream-store', {
    REDIS_URL: redis.url,
    SLUICE_STREAM_STORE_RECORDINGS_PATH: dir,
    SLUICE_LOG_LEVEL: 'warn',
  });
});

afterAll(async () => {
  await app.kill();
  writer.disconnect();
  await redis.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Most memory that the process ever had, in bytes; null where the system does not say. */
async function peakRss(): Promise<number | null> {
  const status = await readFile(`/proc/${app.process.pid}/status`, 'utf8').catch(() => '');
  const peak = /VmHWM:\s+(\d+) kB/.exec(status);
  return peak === null ? null : Number(peak[1]) * 1024;
}

it('is recorded and replayed with memory that does not grow with it', async () => {
  const idle = await peakRss();
  await askRecordings(app.url, 'PUT', '/start?rec_id=large');
  const payload = Buffer.alloc(ENTRY_BYTES, 'x');
  const count = Math.ceil(BYTES / ENTRY_BYTES);
  for (let sent = 0; sent < count; sent += 100) {
    const pipeline = writer.pipeline();
    for (let at = sent; at < Math.min(count, sent + 100); at += 1) {
      pipeline.xadd('default:main', 'MAXLEN', '~', ENTRIES_KEPT, '*', 'd', payload);
    }
    await pipeline.exec();
    // The writer of a test has no pace of its own: it must not leave the recorder behind what Redis keeps.
    await waitFor(async () => sent - (await zipCount()) * ENTRIES_PER_ZIP < ENTRIES_KEPT / 2);
  }
  expect((await askRecordings(app.url, 'PUT', '/stop')).body).toBe(1);
  const { body } = await askRecordings(app.url, 'GET', '/large');
  expect((body as { size_mb: number }).size_mb).toBeGreaterThan((count * ENTRY_BYTES) / 1024 / 1024);
  await writer.del('default:main');
  const socket = await TestSocket.open(
    `${app.url.replace('http', 'ws')}/ptg/recordings/replay?rec_id=large&fullspeed=1&prefix=again:`,
    {
      headers: BEARER,
    },
  );
  let replayed = 0;
  const ended = socket.closed;
  while (socket.ws.readyState === socket.ws.OPEN || socket.pending > 0) {
    const frame = await socket.next().catch(() => null);
    if (frame?.text !== null && frame !== null) {
      replayed += (JSON.parse(frame.text as string) as { updates: { main?: number } }).updates.main ?? 0;
    }
  }
  expect((await ended).code).toBe(1000);
  expect(replayed).toBe(count);
  const peak = await peakRss();
  if (peak === null || idle === null) return;
  const [from, to] = [idle, peak].map((bytes) => Math.round(bytes / 1024 / 1024));
  process.stderr.write(`memory ${from} MiB idle, ${to} MiB at most over ${count * ENTRY_BYTES} bytes\n`);
  expect(peak - idle).toBeLessThan(MAX_GROWTH_BYTES);
}, 300_000);

async function zipCount(): Promise<number> {
  const files = await readdir(join(dir, 'raw', 'large', 'main')).catch((): string[] => []);
  return files.filter((file) => file.endsWith('.zip')).length;
}
