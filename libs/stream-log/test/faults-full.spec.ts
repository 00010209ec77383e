import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startRedis, uniqueName, waitFor, type RedisServer } from '@sluice/testing';
import { StreamAdmin, StreamLog } from '../src/index.js';
import { Collector, KEEP_ALL } from './collector.js';

const ENTRY = Buffer.alloc(50_000, 1);
/** Writes though there is no memory for it. */
const ADD_ALL_THE_SAME = "#!lua flags=allow-oom\nreturn redis.call('XADD', KEYS[1], '*', 'd', 'more')";
let redis: RedisServer;
let log: StreamLog;
let admin: StreamAdmin;

beforeAll(async () => {
  redis = await startRedis({ maxmemory: '30mb' });
  log = await StreamLog.connect({ url: redis.url, durability: { kind: 'everysec' }, retention: KEEP_ALL });
  admin = await StreamAdmin.connect({ url: redis.url });
});
afterAll(async () => {
  await admin?.close();
  await log?.close();
  await redis?.stop();
});
afterEach(() => redis.command('FLUSHALL'));

/** Appends until Redis is full; resolves with how many entries it took. */
async function fill(key: string): Promise<number> {
  for (let count = 0; ; count += 20) {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => log.append(key, ENTRY)));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    for (const { reason } of refused)
      expect(reason).toMatchObject({ code: 'LOG_FULL', message: expect.stringContaining(key) });
    if (refused.length > 0) return count + 20 - refused.length;
  }
}

describe('Redis without memory', () => {
  test('refuses pushes by name, stores nothing of them, and takes them again when there is room', async () => {
    const key = uniqueName('full');
    const stored = await fill(key);
    expect(await redis.command('XLEN', key)).toBe(stored);
    await expect(log.append(key, ENTRY)).rejects.toMatchObject({ code: 'LOG_FULL', status: 507, closeCode: 1013 });
    await expect(log.appendAll(key, [{ payload: ENTRY }])).rejects.toMatchObject({ code: 'LOG_FULL' });
    await redis.command('XTRIM', key, 'MAXLEN', 10);
    await expect(log.append(key, ENTRY)).resolves.toBeDefined();
    expect(await redis.command('XLEN', key)).toBe(11);
  });

  test('still serves followers, late ones too, and reads of the past', async () => {
    const key = uniqueName('read');
    const early = new Collector();
    await log.follow(key, { after: '0-0' }, early).ready;
    const stored = await fill(key);
    await waitFor(() => early.ids.length === stored);
    const late = new Collector();
    log.follow(key, { after: '0-0' }, late);
    await waitFor(() => late.ids.length === stored);
    expect(late.ids).toEqual(early.ids);
    expect(await log.reader.range(key, { start: '-', end: '+', count: 5 })).toHaveLength(5);
    expect((await admin.info(key)).length).toBe(stored);
    expect((await admin.list()).streams).toHaveLength(1);
  });

  test('serves them also far above its bound, where it does not even queue reads for a transaction', async () => {
    const key = uniqueName('over');
    const stored = await fill(key);
    await redis.command('CONFIG', 'SET', 'maxmemory', '10mb');
    try {
      const late = new Collector();
      log.follow(key, { after: '0-0' }, late);
      await waitFor(() => late.ids.length === stored || late.failures.length > 0);
      expect([late.ids.length, late.gaps, late.failures]).toEqual([stored, [], []]);
      const live = new Collector();
      await log.follow(key, { after: '$' }, live).ready;
      const added = await redis.command('EVAL', ADD_ALL_THE_SAME, 1, key);
      await waitFor(() => live.ids.length > 0 || live.failures.length > 0);
      expect([live.ids, live.failures]).toEqual([[added], []]);
      await waitFor(() => late.ids.length === stored + 1);
    } finally {
      await redis.command('CONFIG', 'SET', 'maxmemory', '30mb');
    }
  });

  test('lets retention be set and streams be deleted, which is how room is made', async () => {
    const key = uniqueName('trim');
    await fill(key);
    await expect(admin.retention.set(key, { maxEntries: 5, maxAgeMs: null, maxBytes: null })).resolves.toBeDefined();
    expect(await redis.command('XLEN', key)).toBe(5);
    await expect(log.append(key, ENTRY)).resolves.toBeDefined();
    await fill(key);
    expect(await admin.deleteStream(key)).toBe(true);
    // Redis frees a deleted stream in the background.
    await waitFor(() => log.append(key, ENTRY));
  });
});
