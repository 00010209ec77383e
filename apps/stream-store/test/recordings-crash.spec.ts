import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, startRedis, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { askRecordings, recordedEntries } from './support/recordings.js';

let redis: RedisServer;
let writer: Redis;
let dir: string;
const apps: RunningApp[] = [];

beforeAll(async () => {
  redis = await startRedis();
  writer = new Redis(redis.url);
  dir = await mkdtemp(join(tmpdir(), 'sluice-rec-'));
});

afterEach(async () => {
  for (const app of apps.splice(0)) await app.kill('SIGKILL');
});

afterAll(async () => {
  writer.disconnect();
  await redis.stop();
  await rm(dir, { recursive: true, force: true });
});

async function startStore(): Promise<RunningApp> {
  const app = await startApp('stream-store', {
    REDIS_URL: redis.url,
    SLUICE_STREAM_STORE_RECORDINGS_PATH: dir,
    SLUICE_STREAM_STORE_RECORDINGS_MIN_FREE_BYTES: '0',
    SLUICE_LOG_LEVEL: 'warn',
  });
  apps.push(app);
  return app;
}

/** Appends numbered entries as another program would, until told to stop; nothing is trimmed. */
function pour(key: string): { stop(): Promise<string[]>; readonly sent: () => number } {
  const ids: string[] = [];
  let goesOn = true;
  const done = (async () => {
    while (goesOn) {
      const pipeline = writer.pipeline();
      for (let at = 0; at < 20; at += 1) pipeline.xadd(key, '*', 'd', `${ids.length + at}`);
      for (const [, id] of (await pipeline.exec()) ?? []) ids.push(String(id));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return ids;
  })();
  return {
    sent: () => ids.length,
    stop: () => {
      goesOn = false;
      return done;
    },
  };
}

async function numbersOf(name: string, folder: string): Promise<number[]> {
  return (await recordedEntries(dir, name, folder)).map((entry) => Number(entry.split(' ')[1]));
}

describe('a recording whose process is killed', () => {
  it('goes on in the next one under load, with every entry once', async () => {
    const first = await startStore();
    const load = pour('default:load');
    await waitFor(() => load.sent() > 200);
    expect((await askRecordings(first.url, 'PUT', '/start?rec_id=killed')).status).toBe(200);
    const sentAtStart = load.sent();
    for (let round = 0, app = first; round < 2; round += 1) {
      const sent = load.sent();
      await waitFor(
        async () => load.sent() > sent + 1500 && (await readdir(join(dir, 'raw', 'killed'))).includes('load'),
      );
      await app.kill('SIGKILL');
      app = await startStore();
    }
    const last = apps.at(-1) as RunningApp;
    expect((await askRecordings(last.url, 'GET', '/current')).body).toBe('killed');
    const sentAtStop = load.sent();
    await waitFor(async () => (await askRecordings(last.url, 'PUT', '/stop')).body === 1);
    await load.stop();
    const numbers = await numbersOf('killed', 'load');
    expect(numbers[0]).toBeLessThanOrEqual(sentAtStart);
    expect(numbers).toEqual(numbers.map((_number, at) => (numbers[0] as number) + at));
    expect(numbers.at(-1)).toBeGreaterThanOrEqual(sentAtStop - 1);
    expect((await readdir(join(dir, 'raw', 'killed', 'load'))).filter((file) => !file.endsWith('.zip'))).toEqual([]);
  }, 120_000);

  it('is taken over by another process while the first one is gone, and ended through any of them', async () => {
    const [first, second] = [await startStore(), await startStore()];
    await askRecordings(first.url, 'PUT', '/start?rec_id=handed');
    const load = pour('cam:handed');
    await waitFor(() => load.sent() > 500);
    // Through a process that does not write it: nothing that was sent before the call is missing.
    const sent = load.sent();
    expect((await askRecordings(second.url, 'PUT', '/stop?rec_id=handed')).body).toBe(1);
    expect((await numbersOf('handed', 'cam:handed')).at(-1)).toBeGreaterThanOrEqual(sent - 1);
    await askRecordings(first.url, 'PUT', '/start?rec_id=handed-on');
    const sentAtStart = load.sent();
    await first.kill('SIGKILL');
    await waitFor(
      async () => (await readdir(join(dir, 'raw', 'handed-on')).catch((): string[] => [])).includes('cam:handed'),
      {
        timeoutMs: 25_000,
      },
    );
    expect((await askRecordings(second.url, 'PUT', '/stop')).body).toBe(1);
    await load.stop();
    const numbers = await numbersOf('handed-on', 'cam:handed');
    expect(numbers[0]).toBeLessThanOrEqual(sentAtStart);
    expect(numbers).toEqual(numbers.map((_number, at) => (numbers[0] as number) + at));
  }, 90_000);

  it('is left whole by one that stops in order, and goes on in the next', async () => {
    // Known before: streams of other programs are found by a slow scan.
    await writer.xadd('default:orderly', '*', 'd', '0');
    const first = await startStore();
    await askRecordings(first.url, 'PUT', '/start?rec_id=orderly');
    const one = await writer.xadd('default:orderly', '*', 'd', '1');
    await waitFor(async () => (await readdir(join(dir, 'raw', 'orderly'))).includes('orderly'));
    await first.kill('SIGTERM');
    expect(await recordedEntries(dir, 'orderly', 'orderly')).toEqual([`${one} 1`]);
    const two = await writer.xadd('default:orderly', '*', 'd', '2');
    const second = await startStore();
    await waitFor(async () =>
      (await readFile(join(dir, 'raw', 'orderly', '.sluice', 'manifest.jsonl'), 'utf8')).includes('resumed'),
    );
    expect((await askRecordings(second.url, 'PUT', '/stop')).body).toBe(1);
    expect(await recordedEntries(dir, 'orderly', 'orderly')).toEqual([`${one} 1`, `${two} 2`]);
  }, 60_000);
});
