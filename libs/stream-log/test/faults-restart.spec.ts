import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { startRedis, uniqueName, waitFor, type RedisServer } from '@sluice/testing';
import { StreamLog } from '../src/index.js';
import { Collector, KEEP_ALL } from './collector.js';
import { Followers, Load, findDisorder, findDoubled, findLost, findOvertaking, readAll } from './load.js';

jest.setTimeout(90_000);

const KEYS = Array.from({ length: 10 }, (_, n) => `default:s${n}`);
/** What Redis may hold back while an fsync stalls; the kill itself costs nothing that was written. */
const EVERYSEC_MS = 2_000;
const KILLS = 3;
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing.close();
});

async function start(appendfsync: 'always' | 'everysec'): Promise<{ redis: RedisServer; log: StreamLog }> {
  const redis = await startRedis({ appendonly: true, appendfsync });
  open.push({ close: () => redis.stop() });
  const log = await StreamLog.connect({ url: redis.url, durability: { kind: appendfsync }, retention: KEEP_ALL });
  open.push(log);
  return { redis, log };
}

describe('Redis killed under load', () => {
  test('with fsync always: nothing acknowledged is lost, nothing is delivered twice, and everybody goes on', async () => {
    const { redis, log } = await start('always');
    const followers = new Followers(log, KEYS);
    await followers.ready();
    const load = new Load(log, KEYS);
    load.start();
    for (let kill = 0; kill < KILLS; kill++) {
      await load.waitForMore(300);
      await redis.kill('SIGKILL');
      await redis.restart();
      await load.waitForMore(300);
    }
    await load.stop();
    const stored = await readAll(log, KEYS);
    await followers.catchUp(stored);
    expect(findLost(load, stored)).toEqual([]);
    for (const [key, entries] of stored) {
      expect(findDoubled(entries)).toEqual([]);
      expect(findOvertaking(entries)).toBeNull();
      const { ids, gaps, resets, failures } = followers.of(key);
      expect(ids).toEqual(entries.map(({ id }) => id));
      expect([gaps, resets, failures]).toEqual([[], [], []]);
    }
    expect(load.codes().filter((code) => !['OUTCOME_UNKNOWN', 'LOG_UNAVAILABLE'].includes(code))).toEqual([]);
    expect(load.codes()).toContain('OUTCOME_UNKNOWN');
  });

  test('with fsync everysec: nothing is lost beyond the promise, and a follower that saw it is told of the reset', async () => {
    const { redis, log } = await start('everysec');
    const followers = new Followers(log, KEYS);
    await followers.ready();
    const load = new Load(log, KEYS);
    load.start();
    const killedAtMs: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      await load.waitForMore(1_000);
      killedAtMs.push(Date.now());
      await redis.kill('SIGKILL');
      await redis.restart();
      await load.waitForMore(1_000);
    }
    await load.stop();
    const stored = await readAll(log, KEYS);
    await followers.catchUp(stored);
    const isCovered = (atMs: number): boolean =>
      killedAtMs.some((killMs) => atMs > killMs - EVERYSEC_MS && atMs <= killMs + 100);
    expect(findLost(load, stored).filter(({ atMs }) => !isCovered(atMs))).toEqual([]);
    for (const [key, entries] of stored) {
      const { ids, gaps } = followers.of(key);
      expect(findDoubled(entries)).toEqual([]);
      expect(findDisorder(ids)).toBeNull();
      expect(gaps).toEqual([]);
      const delivered = new Set(ids);
      expect(entries.filter(({ id }) => !delivered.has(id))).toEqual([]);
    }
  });
});

describe('Redis that is away', () => {
  test('refuses pushes within seconds, by name, and takes them when it is back', async () => {
    const { redis, log } = await start('always');
    const key = uniqueName('away');
    await log.append(key, Buffer.from('before'));
    await redis.kill('SIGKILL');
    await waitFor(() =>
      log.assertReachable().then(
        () => false,
        () => true,
      ),
    );
    await expect(log.append(key, Buffer.from('lost'))).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
      message: expect.stringContaining(key),
    });
    await redis.restart();
    await waitFor(() => log.append(key, Buffer.from('after')));
    const entries = (await readAll(log, [key])).get(key) ?? [];
    expect(entries.map(({ payload }) => payload)).toEqual(['before', 'after']);
  });

  test('holds a short outage back instead of refusing: entries wait and are stored once', async () => {
    const { redis, log } = await start('always');
    const key = uniqueName('short');
    await log.append(key, Buffer.from('0'));
    await redis.kill('SIGKILL');
    await waitFor(() =>
      log.assertReachable().then(
        () => false,
        () => true,
      ),
    );
    const outcomes = Array.from({ length: 20 }, (_, n) => log.append(key, Buffer.from(String(n + 1))));
    await redis.restart();
    await Promise.all(outcomes);
    const entries = (await readAll(log, [key])).get(key) ?? [];
    expect(entries.map(({ payload }) => payload)).toEqual(Array.from({ length: 21 }, (_, n) => String(n)));
  });

  test('that only hangs gets its reads and writes answered when it goes on', async () => {
    const { redis, log } = await start('everysec');
    const key = uniqueName('hang');
    const collector = new Collector();
    await log.follow(key, { after: '$' }, collector).ready;
    await redis.kill('SIGSTOP');
    const outcomes = Array.from({ length: 100 }, (_, n) => log.append(key, Buffer.from(String(n))));
    await redis.kill('SIGCONT');
    const ids = await Promise.all(outcomes);
    await waitFor(() => collector.ids.length === ids.length);
    expect(collector.ids).toEqual(ids);
  });
});

describe('FLUSHALL', () => {
  test('resets the followers, who go on with what is written after it', async () => {
    const { redis, log } = await start('everysec');
    const followers = new Followers(log, KEYS);
    await followers.ready();
    await Promise.all(KEYS.flatMap((key) => ['a', 'b', 'c'].map((payload) => log.append(key, Buffer.from(payload)))));
    await waitFor(() => KEYS.every((key) => followers.of(key).ids.length === 3));
    await redis.command('FLUSHALL');
    await Promise.all(KEYS.map((key) => log.append(key, Buffer.from('d'))));
    await waitFor(() => KEYS.every((key) => followers.of(key).ids.length === 4));
    for (const key of KEYS) {
      const { ids, payloads, resets } = followers.of(key);
      expect(payloads).toEqual(['a', 'b', 'c', 'd']);
      expect(resets).toEqual([{ key, after: ids[2], next: ids[3] }]);
    }
  });
});
