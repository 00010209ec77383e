import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, startRedis, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askRecordings, recordedEntries } from './support/recordings.js';

let redis: RedisServer;
let dir: string;
let apps: RunningApp[];

beforeAll(async () => {
  [redis, dir] = [await startRedis(), await mkdtemp(join(tmpdir(), 'sluice-rec-'))];
  // Streams of other programs that are there from the start are known at once.
  await redis.command('XADD', 'default:ended', '*', 'd', 'before');
  const environment = {
    REDIS_URL: redis.url,
    SLUICE_STREAM_STORE_RECORDINGS_PATH: dir,
    SLUICE_STREAM_STORE_RECORDINGS_MIN_FREE_BYTES: '0',
    SLUICE_LOG_LEVEL: 'warn',
  };
  apps = await Promise.all([startApp('stream-store', environment), startApp('stream-store', environment)]);
}, 60_000);

afterAll(async () => {
  await Promise.all(apps.map((app) => app.kill('SIGKILL')));
  await redis.stop();
  await rm(dir, { recursive: true, force: true });
});

async function noted(name: string): Promise<string[]> {
  const manifest = await readFile(join(dir, 'raw', name, '.sluice', 'manifest.jsonl'), 'utf8');
  return manifest
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type);
}

describe('two processes with one folder of recordings', () => {
  it.each([0, 1])('end a recording once, whichever is asked (process %i)', async (asked) => {
    const [writer, other] = [apps[asked] as RunningApp, apps[1 - asked] as RunningApp];
    const name = `ended-${asked}`;
    await askRecordings(writer.url, 'PUT', `/start?rec_id=${name}`);
    const id = String(await redis.command('XADD', 'default:ended', '*', 'd', 'x'));
    await waitFor(async () => (await noted(name)).includes('stream'));
    expect((await askRecordings(other.url, 'PUT', '/stop')).body).toBe(1);
    // The next recording is begun in the same round as any that is taken up once more by mistake.
    for (const { url } of apps) {
      expect((await askRecordings(url, 'PUT', `/start?rec_id=${name}-after`)).status).toBe(200);
      expect((await askRecordings(url, 'PUT', '/stop')).body).toBe(1);
    }
    expect(await noted(name)).toEqual(['started', 'stream', 'stopped']);
    expect(await recordedEntries(dir, name, 'ended')).toEqual([`${id} x`]);
    expect((await askRecordings(other.url, 'PUT', `/${name}/rename/${name}-new`)).body).toEqual([true, true]);
    expect(await readdir(join(dir, 'raw'))).not.toContain(name);
  });

  it('let nobody begin a recording that another one changes or deletes, and anybody afterwards', async () => {
    const [one, two] = apps.map(({ url }) => url) as [string, string];
    await askRecordings(one, 'PUT', '/start?rec_id=busy');
    for (const url of [one, two]) {
      expect((await askRecordings(url, 'PUT', '/busy/hide')).status).toBe(409);
      expect((await askRecordings(url, 'DELETE', '/busy')).status).toBe(409);
    }
    expect((await askRecordings(one, 'PUT', '/stop')).body).toBe(1);
    expect((await askRecordings(one, 'PUT', '/busy/rename/idle')).body).toEqual([true, true]);
    expect((await askRecordings(two, 'PUT', '/start?rec_id=busy')).body).toBe('busy');
    expect((await askRecordings(one, 'PUT', '/idle/rename/busy')).status).toBe(409);
    expect((await askRecordings(one, 'PUT', '/stop')).body).toBe(1);
    expect(await redis.command('KEYS', 'sluice:recordings:lease*')).toEqual([]);
  });

  it('end recordings of each other at once, without waiting for each other', async () => {
    const [one, two] = apps.map(({ url }) => url) as [string, string];
    for (let round = 0; round < 5; round += 1) {
      await askRecordings(one, 'PUT', `/start?rec_id=one-${round}&parallel=1`);
      await askRecordings(two, 'PUT', `/start?rec_id=two-${round}&parallel=1`);
      const stops = await Promise.all([
        askRecordings(two, 'PUT', `/stop?rec_id=one-${round}`),
        askRecordings(one, 'PUT', `/stop?rec_id=two-${round}`),
        askRecordings(one, 'PUT', `/stop?rec_id=one-${round}`),
      ]);
      expect(stops.map(({ status }) => status)).toEqual([200, 200, 200]);
    }
    expect(await redis.command('KEYS', 'sluice:recordings:*')).toEqual([]);
  }, 20_000);
});
