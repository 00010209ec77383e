import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startRedis, waitFor, type RedisServer } from '@sluice/testing';
import { StreamAdmin } from '../src/admin/admin.js';

const KEY = 'default:a';
let redis: RedisServer;
let admin: StreamAdmin;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());
beforeEach(async () => {
  await redis.command('FLUSHALL');
  admin = await StreamAdmin.connect({ url: redis.url });
});
afterEach(() => admin.close());

const entry = (text: string, id: string | null = null) => ({ payload: Buffer.from(text), id });

async function stored(): Promise<[id: string, payload: string][]> {
  const reply = (await redis.command('XRANGE', KEY, '-', '+')) as [string, string[]][];
  return reply.map(([id, fields]) => [id, fields[1] ?? '']);
}

describe('an append of several entries', () => {
  test('stores them in order with ids by Redis', async () => {
    const ids = await admin.appendAll(KEY, [entry('1'), entry('2'), entry('3')]);
    expect(await stored()).toEqual([
      [ids[0], '1'],
      [ids[1], '2'],
      [ids[2], '3'],
    ]);
  });

  test('stores bytes and fields as they are', async () => {
    const payload = Buffer.from([0, 13, 10, 255]);
    await admin.appendAll(KEY, [{ payload, fields: [['kind', Buffer.from('é')]] }]);
    expect(await stored()).toHaveLength(1);
    const raw = await redis.command('XRANGE', KEY, '-', '+');
    expect(JSON.stringify(raw)).toContain('"kind","é"');
  });

  test('takes explicit ids in all their forms', async () => {
    const big = '18446744073709551614-18446744073709551615';
    const ids = await admin.appendAll(KEY, [
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
    const failure = admin.appendAll(
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
    await expect(admin.appendAll(KEY, [entry('a'), entry('b', 'soon')])).rejects.toMatchObject({ code: 'INVALID_ID' });
    await expect(admin.appendAll(KEY, [entry('a', '0-0')])).rejects.toMatchObject({ code: 'INVALID_ID' });
    expect(await stored()).toEqual([]);
  });

  test('trims to the bound it is given', async () => {
    await admin.appendAll(
      KEY,
      Array.from({ length: 300 }, () => entry('x')),
      { maxLen: 100 },
    );
    expect((await stored()).length).toBeLessThan(300);
  });

  test('stores nothing when Redis is full, and works again when there is room', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(admin.appendAll(KEY, [entry('a'), entry('b')])).rejects.toMatchObject({ code: 'LOG_FULL' });
    await expect(admin.appendAll(KEY, [entry('a')], { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'LOG_FULL',
    });
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await stored()).toEqual([]);
    await admin.appendAll(KEY, [entry('a')], { idempotencyKey: 'k' });
    expect(await stored()).toHaveLength(1);
  });

  test('refuses a key that is no stream', async () => {
    await redis.command('SET', KEY, 'text');
    await expect(admin.appendAll(KEY, [entry('a')])).rejects.toMatchObject({ code: 'WRONG_KEY_TYPE' });
  });

  test('goes on after the server forgot its scripts', async () => {
    await admin.appendAll(KEY, [entry('a')]);
    await redis.command('SCRIPT', 'FLUSH');
    await admin.appendAll(KEY, [entry('b')]);
    expect(await stored()).toHaveLength(2);
  });

  test('is not sent twice when the reply is lost: the outcome is unknown', async () => {
    await admin.appendAll(KEY, [entry('a')]);
    await redis.kill('SIGSTOP');
    const lost = expect(admin.appendAll(KEY, [entry('b')])).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await lost;
    await redis.kill('SIGCONT');
    await waitFor(async () => (await stored()).length === 2);
  });
});

describe('an idempotency key', () => {
  const once = { idempotencyKey: 'order 7' };

  test('stores the same entries once and answers with the same ids', async () => {
    const ids = await admin.appendAll(KEY, [entry('1'), entry('2')], once);
    expect(await admin.appendAll(KEY, [entry('1'), entry('2')], once)).toEqual(ids);
    expect(await stored()).toHaveLength(2);
  });

  test('holds when both pushes come at once', async () => {
    const pushes = Array.from({ length: 20 }, () => admin.appendAll(KEY, [entry('1')], once));
    expect(new Set((await Promise.all(pushes)).map(String)).size).toBe(1);
    expect(await stored()).toHaveLength(1);
  });

  test('is refused with other entries, and free on another stream', async () => {
    await admin.appendAll(KEY, [entry('1')], once);
    await expect(admin.appendAll(KEY, [entry('2')], once)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    await expect(admin.appendAll(KEY, [entry('1', '5-1')], once)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    await expect(admin.appendAll('default:b', [entry('2')], once)).resolves.toHaveLength(1);
    expect(await stored()).toHaveLength(1);
  });

  test('also answers a push with explicit ids again', async () => {
    const push = [entry('1', '5-1'), entry('2', '6-1')];
    expect(await admin.appendAll(KEY, push, once)).toEqual(['5-1', '6-1']);
    expect(await admin.appendAll(KEY, push, once)).toEqual(['5-1', '6-1']);
  });

  test('is forgotten when its time is over, and with its stream', async () => {
    await admin.appendAll(KEY, [entry('1')], { ...once, rememberMs: 30 });
    await waitFor(async () => ((await redis.command('KEYS', 'sluice:idem*')) as string[]).length === 0);
    await admin.appendAll(KEY, [entry('2')], once);
    expect(await stored()).toHaveLength(2);
    await redis.command('DEL', KEY);
    await admin.appendAll(KEY, [entry('3')], once);
    expect((await stored()).map(([, payload]) => payload)).toEqual(['3']);
  });

  test('is not remembered when nothing was stored', async () => {
    await redis.command('XADD', KEY, '9-1', 'd', 'there');
    await expect(admin.appendAll(KEY, [entry('1', '5-1')], once)).rejects.toMatchObject({ code: 'ID_NOT_ABOVE_LAST' });
    await expect(admin.appendAll(KEY, [entry('1', '10-1')], once)).resolves.toEqual(['10-1']);
  });

  test('is bounded in length', async () => {
    await expect(admin.appendAll(KEY, [entry('1')], { idempotencyKey: 'k'.repeat(256) })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
    await expect(admin.appendAll(KEY, [entry('1')], { idempotencyKey: 'k'.repeat(255) })).resolves.toHaveLength(1);
  });
});
