import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startRedis, waitFor, type RedisServer } from '@sluice/testing';
import { StreamLog } from '../src/index.js';
import { KEEP_ALL } from './collector.js';

const KEY = 'default:a';
let redis: RedisServer;
let log: StreamLog;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());
beforeEach(async () => {
  await redis.command('FLUSHALL');
  log = await connect();
});
afterEach(() => log.close());

function connect(maxLen = -1): Promise<StreamLog> {
  const retention = { ...KEEP_ALL, maxLenFor: () => maxLen };
  return StreamLog.connect({ url: redis.url, durability: { kind: 'everysec' }, retention });
}

const entry = (text: string, id: string | null = null) => ({ payload: Buffer.from(text), id });

async function stored(): Promise<[id: string, payload: string][]> {
  const reply = (await redis.command('XRANGE', KEY, '-', '+')) as [string, string[]][];
  return reply.map(([id, fields]) => [id, fields[1] ?? '']);
}

describe('an append of several entries', () => {
  test('stores them in order with ids by Redis', async () => {
    const ids = await log.appendAll(KEY, [entry('1'), entry('2'), entry('3')]);
    expect(await stored()).toEqual([
      [ids[0], '1'],
      [ids[1], '2'],
      [ids[2], '3'],
    ]);
  });

  test('stores bytes and fields as they are', async () => {
    const payload = Buffer.from([0, 13, 10, 255]);
    await log.appendAll(KEY, [{ payload, fields: [['kind', Buffer.from('é')]] }]);
    expect(await stored()).toHaveLength(1);
    const raw = await redis.command('XRANGE', KEY, '-', '+');
    expect(JSON.stringify(raw)).toContain('"kind","é"');
  });

  test('takes explicit ids in all their forms', async () => {
    const big = '18446744073709551614-18446744073709551615';
    const ids = await log.appendAll(KEY, [
      entry('a', '5'),
      entry('b', '5-*'),
      entry('c', '5-7'),
      entry('d', '9-*'),
      entry('e', big),
      entry('f'),
    ]);
    expect(ids).toEqual(['5-0', '5-1', '5-7', '9-0', big, '18446744073709551615-0']);
    expect((await stored()).map(([id]) => id)).toEqual(ids);
  });

  test.each([
    ['an id not above the one before', ['5-1', '5-1'], 1, '5-1', '5-1'],
    ['an id below the one before', ['5-1', '6-1', '4-1'], 2, '4-1', '6-1'],
    ['a first id not above the last of the stream', ['3-1'], 0, '3-1', '3-1'],
    ['a numbered id of an older millisecond', ['5-1', '4-*'], 1, '4-*', '5-1'],
    ['an id below what Redis gave', [null, '5-1'], 1, '5-1', expect.any(String)],
    ['ids compared as numbers', ['10-1', '9-99'], 1, '9-99', '10-1'],
  ])('stores nothing of a push with %s, and names it', async (_title, ids, index, id, last) => {
    await redis.command('XADD', KEY, '3-1', 'd', 'there');
    const failure = log.appendAll(
      KEY,
      ids.map((given) => entry('x', given)),
    );
    await expect(failure).rejects.toMatchObject({
      code: 'ID_NOT_ABOVE_LAST',
      details: { index, id, last, stream: KEY },
    });
    expect(await stored()).toEqual([['3-1', 'there']]);
  });

  test('refuses ids that are none before anything is sent', async () => {
    await expect(log.appendAll(KEY, [entry('a'), entry('b', 'soon')])).rejects.toMatchObject({ code: 'INVALID_ID' });
    await expect(log.appendAll(KEY, [entry('a', '0-0')])).rejects.toMatchObject({ code: 'INVALID_ID' });
    expect(await stored()).toEqual([]);
  });

  test('trims by the retention', async () => {
    const trimming = await connect(100);
    await trimming.appendAll(
      KEY,
      Array.from({ length: 300 }, () => entry('x')),
    );
    expect((await stored()).length).toBeLessThan(300);
    await trimming.close();
  });

  test('takes its place among the pushes around it', async () => {
    const outcomes = [
      log.append(KEY, Buffer.from('1'), { id: '1-1' }),
      log.appendAll(KEY, [entry('2', '2-1'), entry('3', '3-1')]),
      log.append(KEY, Buffer.from('4'), { id: '4-1' }),
      log.appendAll(KEY, [entry('5', '5-1')], { idempotencyKey: 'five' }),
      log.append(KEY, Buffer.from('6'), { id: '6-1' }),
    ];
    expect((await Promise.all(outcomes)).flat()).toEqual(['1-1', '2-1', '3-1', '4-1', '5-1', '6-1']);
  });

  test('stores nothing when Redis is full, and works again when there is room', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(log.appendAll(KEY, [entry('a'), entry('b')])).rejects.toMatchObject({ code: 'LOG_FULL' });
    await expect(log.appendAll(KEY, [entry('a')], { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'LOG_FULL',
    });
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await stored()).toEqual([]);
    await log.appendAll(KEY, [entry('a')], { idempotencyKey: 'k' });
    expect(await stored()).toHaveLength(1);
  });

  test('refuses a key that is no stream', async () => {
    await redis.command('SET', KEY, 'text');
    await expect(log.appendAll(KEY, [entry('a')])).rejects.toMatchObject({ code: 'WRONG_KEY_TYPE' });
  });

  test('is not sent twice when the connection is lost: the outcome is unknown', async () => {
    await log.append(KEY, Buffer.from('opens the connection'));
    await redis.kill('SIGSTOP');
    const lost = log.appendAll(KEY, [entry('b')]);
    await new Promise((resolve) => setImmediate(resolve));
    await redis.restart();
    await expect(lost).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await log.append(KEY, Buffer.from('after'));
    expect((await stored()).map(([, payload]) => payload)).toEqual(['after']);
  });
});

describe('an idempotency key', () => {
  const once = { idempotencyKey: 'order 7' };

  test('stores the same entries once and answers with the same ids', async () => {
    const ids = await log.appendAll(KEY, [entry('1'), entry('2')], once);
    expect(await log.appendAll(KEY, [entry('1'), entry('2')], once)).toEqual(ids);
    expect(await stored()).toHaveLength(2);
  });

  test('holds when both pushes come at once', async () => {
    const pushes = Array.from({ length: 20 }, () => log.appendAll(KEY, [entry('1')], once));
    expect(new Set((await Promise.all(pushes)).map(String)).size).toBe(1);
    expect(await stored()).toHaveLength(1);
  });

  test('lets a lost push be sent again by itself', async () => {
    await log.append(KEY, Buffer.from('opens the connection'));
    await redis.kill('SIGSTOP');
    const pushes = Array.from({ length: 20 }, (_, n) =>
      log.appendAll(KEY, [entry(String(n))], { idempotencyKey: `push ${n}` }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await redis.restart();
    await Promise.all(pushes);
    expect((await stored()).map(([, payload]) => Number(payload))).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  test('is refused with other entries, and free on another stream', async () => {
    await log.appendAll(KEY, [entry('1')], once);
    await expect(log.appendAll(KEY, [entry('2')], once)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    await expect(log.appendAll(KEY, [entry('1', '5-1')], once)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    await expect(log.appendAll('default:b', [entry('2')], once)).resolves.toHaveLength(1);
    expect(await stored()).toHaveLength(1);
  });

  test('also answers a push with explicit ids again', async () => {
    const push = [entry('1', '5-1'), entry('2', '6-1')];
    expect(await log.appendAll(KEY, push, once)).toEqual(['5-1', '6-1']);
    expect(await log.appendAll(KEY, push, once)).toEqual(['5-1', '6-1']);
  });

  test('is forgotten when its time is over, and with its stream', async () => {
    await log.appendAll(KEY, [entry('1')], { ...once, rememberMs: 30 });
    await waitFor(async () => ((await redis.command('KEYS', 'sluice:idem*')) as string[]).length === 0);
    await log.appendAll(KEY, [entry('2')], once);
    expect(await stored()).toHaveLength(2);
    await redis.command('DEL', KEY);
    await log.appendAll(KEY, [entry('3')], once);
    expect((await stored()).map(([, payload]) => payload)).toEqual(['3']);
  });

  test('is not remembered when nothing was stored', async () => {
    await redis.command('XADD', KEY, '9-1', 'd', 'there');
    await expect(log.appendAll(KEY, [entry('1', '5-1')], once)).rejects.toMatchObject({ code: 'ID_NOT_ABOVE_LAST' });
    await expect(log.appendAll(KEY, [entry('1', '10-1')], once)).resolves.toEqual(['10-1']);
  });

  test('is bounded in length', async () => {
    await expect(log.appendAll(KEY, [entry('1')], { idempotencyKey: 'k'.repeat(257) })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
    await expect(log.appendAll(KEY, [entry('1')], { idempotencyKey: 'k'.repeat(256) })).resolves.toHaveLength(1);
  });
});
