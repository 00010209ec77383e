import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startRedis, waitFor, type RedisServer } from '@sluice/testing';
import { StreamLog, type Follower } from '../src/index.js';
import { Collector, KEEP_ALL } from './collector.js';

jest.setTimeout(60_000);

const WRITES = 200;
let redis: RedisServer;
let log: StreamLog;

beforeAll(async () => {
  redis = await startRedis();
  log = await StreamLog.connect({ url: redis.url, durability: { kind: 'everysec' }, retention: KEEP_ALL });
});
afterAll(async () => {
  await log?.close();
  await redis?.stop();
});

/** How often Redis was asked for entries until now. */
async function readCommands(): Promise<number> {
  const stats = String(await redis.command('INFO', 'commandstats'));
  const calls = (name: string): number => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  return calls('xread') + calls('xlen') + calls('xrange') + calls('xrevrange');
}

/** Follows so many streams, writes to ten of them, and tells how many reads that cost Redis. */
async function costOfTenActive(prefix: string, streams: number): Promise<number> {
  const collector = new Collector();
  const followers: Follower[] = [];
  for (let n = 0; n < streams; n++) followers.push(log.follow(`${prefix}:${n}`, { after: '$' }, collector));
  await Promise.all(followers.map((follower) => follower.ready));
  // The reads that arm the notices come after `ready`.
  let last = -1;
  await waitFor(async () => last === (last = await readCommands()), { intervalMs: 300, timeoutMs: 30_000 });
  const before = await readCommands();
  for (let n = 0; n < WRITES; n++) {
    await log.append(`${prefix}:${n % 10}`, Buffer.from('x'));
    await waitFor(() => collector.ids.length > n, { intervalMs: 1 });
  }
  const after = await readCommands();
  for (const follower of followers) follower.close();
  return after - before;
}

test('ten thousand idle followed streams cost Redis no more commands a write than none', async () => {
  const few = await costOfTenActive('few', 10);
  const many = await costOfTenActive('many', 10_000);
  expect(few).toBeLessThanOrEqual(4 * WRITES);
  // Beside the reads of woken streams there is the slow sweep: a few reads a second, each over many streams.
  expect(many).toBeLessThanOrEqual(few * 1.2 + 50);
});

test('a follower that is gone leaves nothing that costs', async () => {
  const collector = new Collector();
  const follower = log.follow('gone:1', { after: '$' }, collector);
  await follower.ready;
  follower.close();
  const before = await readCommands();
  await redis.command('XADD', 'gone:1', '*', 'd', 'x');
  await log.append('gone:1', Buffer.from('x'));
  expect((await readCommands()) - before).toBeLessThanOrEqual(1);
  expect(collector.ids).toEqual([]);
  expect(log.stats().streams).toBe(0);
});
