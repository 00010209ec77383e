import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startRedis, waitFor, type RedisServer } from '@sluice/testing';
import { StreamLog } from '../src/index.js';
import { Collector, KEEP_ALL } from './collector.js';

const MIB = 1024 * 1024;
/** Four of a megabyte are asked for at a time, as XREAD counts entries and not bytes. */
const MOST_AT_ONCE_BYTES = 8 * MIB;
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

test('a follower that is far behind reads large entries a few at a time, from its first read on', async () => {
  const entries = 40;
  for (let n = 0; n < entries; n++) await log.append('large', Buffer.alloc(MIB, n));
  const collector = new Collector();
  const follower = log.follow('large', { after: '0-0' }, collector);
  await waitFor(() => collector.ids.length === entries);
  follower.close();
  expect(Math.max(...collector.batches.map(({ bytes }) => bytes))).toBeLessThanOrEqual(MOST_AT_ONCE_BYTES);
});

test('small entries are read by the thousand', async () => {
  await Promise.all(Array.from({ length: 5_000 }, () => log.append('small', Buffer.from('x'))));
  const collector = new Collector();
  const follower = log.follow('small', { after: '0-0' }, collector);
  await waitFor(() => collector.ids.length === 5_000);
  follower.close();
  expect(collector.batches.length).toBeLessThanOrEqual(10);
});

test('the bounds of nothing, of an emptied stream and of something else are told apart', async () => {
  await log.append('emptied', Buffer.from('x'), { id: '5-1' });
  await redis.command('XTRIM', 'emptied', 'MAXLEN', 0);
  await redis.command('SET', 'text', 'x');
  expect(await log.reader.bounds('nothing')).toMatchObject({ exists: false, lastGeneratedId: '0-0' });
  expect(await log.reader.bounds('emptied')).toMatchObject({
    exists: true,
    length: 0,
    firstId: null,
    lastGeneratedId: '5-1',
  });
  await expect(log.reader.bounds('text')).rejects.toMatchObject({ code: 'WRONG_KEY_TYPE' });
});
