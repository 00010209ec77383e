import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startRedis, type RedisServer } from '@sluice/testing';
import { StreamAdmin } from '../src/admin/admin.js';
import { type Groups } from '../src/admin/groups.js';

const KEY = 'default:jobs';
let redis: RedisServer;
let admin: StreamAdmin;
let groups: Groups;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());
beforeEach(async () => {
  await redis.command('FLUSHALL');
  admin = await StreamAdmin.connect({ url: redis.url });
  groups = admin.groups;
});
afterEach(() => admin.close());

async function add(...payloads: (string | Buffer)[]): Promise<string[]> {
  return Promise.all(payloads.map(async (payload) => String(await redis.command('XADD', KEY, '*', 'd', payload))));
}

describe('a group', () => {
  test('is made once, also before its stream, and listed', async () => {
    expect(await groups.create(KEY, 'workers', '0')).toBe(true);
    expect(await groups.create(KEY, 'workers')).toBe(false);
    expect(await groups.list(KEY)).toEqual([
      { group: 'workers', consumers: 0, pending: 0, lastDeliveredId: '0-0', lag: 0 },
    ]);
    expect(await groups.delete(KEY, 'workers')).toBe(true);
    expect(await groups.delete(KEY, 'workers')).toBe(false);
  });

  test('hands each entry to one consumer, byte for byte', async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 128]);
    await groups.create(KEY, 'g', '0');
    const ids = await add(bytes, 'two', 'three');
    const first = await groups.read(KEY, 'g', 'a', 2);
    const second = await groups.read(KEY, 'g', 'b', 10);
    expect(first.entries.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(Buffer.from(first.entries[0]?.payload ?? [])).toEqual(bytes);
    expect(second.entries.map(({ id }) => id)).toEqual(ids.slice(2));
    expect((await groups.read(KEY, 'g', 'b', 10)).entries).toEqual([]);
  });

  test('from now on hands out nothing older', async () => {
    await add('old');
    await groups.create(KEY, 'g');
    const [id] = await add('new');
    expect((await groups.read(KEY, 'g', 'a', 10)).entries.map((entry) => entry.id)).toEqual([id]);
  });

  test('knows what is pending until it is acknowledged', async () => {
    await groups.create(KEY, 'g', '0');
    const ids = await add('1', '2', '3');
    await groups.read(KEY, 'g', 'a', 10);
    expect(await groups.pending(KEY, 'g')).toMatchObject({
      pending: 3,
      firstId: ids[0],
      lastId: ids[2],
      consumers: [{ consumer: 'a', pending: 3 }],
    });
    expect(await groups.ack(KEY, 'g', [ids[0] ?? '', '1-1'])).toBe(1);
    expect((await groups.readPending(KEY, 'g', 'a', 10)).entries.map(({ id }) => id)).toEqual(ids.slice(1));
    expect(await groups.deleteConsumer(KEY, 'g', 'a')).toBe(2);
    expect(await groups.pending(KEY, 'g')).toEqual({ pending: 0, firstId: null, lastId: null, consumers: [] });
  });

  test('lets another consumer take over what has been pending for long, and not what has not', async () => {
    await groups.create(KEY, 'g', '0');
    const ids = await add('1', '2', '3');
    await groups.read(KEY, 'g', 'a', 10);
    expect((await groups.claim(KEY, 'g', 'b', { minIdleMs: 60_000 })).entries).toEqual([]);
    const claimed = await groups.claim(KEY, 'g', 'b', { minIdleMs: 0, count: 2 });
    expect(claimed.entries.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(claimed.next).toBe(ids[2]);
    expect(await groups.consumers(KEY, 'g')).toMatchObject([
      { consumer: 'a', pending: 1 },
      { consumer: 'b', pending: 2 },
    ]);
  });

  test('tells which pending entries are gone, and drops them', async () => {
    await groups.create(KEY, 'g', '0');
    const ids = await add('1', '2', '3', '4');
    await groups.read(KEY, 'g', 'a', 10);
    await redis.command('XTRIM', KEY, 'MINID', ids[1] ?? '');
    const restarted = await groups.readPending(KEY, 'g', 'a', 10);
    expect(restarted.lostIds).toEqual(ids.slice(0, 1));
    expect(restarted.entries.map(({ id }) => id)).toEqual(ids.slice(1));
    await redis.command('XDEL', KEY, ids[1] ?? '');
    const claimed = await groups.claim(KEY, 'g', 'b', { minIdleMs: 0 });
    expect(claimed.lostIds).toEqual([ids[1]]);
    expect((await groups.pending(KEY, 'g')).pending).toBe(2);
  });

  test('carries entries of other tools, so that they can be acknowledged', async () => {
    await groups.create(KEY, 'g', '0');
    await redis.command('XADD', KEY, '*', 'temperature', '21', 'unit', 'C');
    const { entries } = await groups.read(KEY, 'g', 'a', 10);
    expect(entries).toHaveLength(1);
    expect(entries[0]?.payload).toHaveLength(0);
    expect(entries[0]?.fields?.map(([name, value]) => [name, Buffer.from(value).toString()])).toEqual([
      ['temperature', '21'],
      ['unit', 'C'],
    ]);
  });

  test('that is not there, or whose stream is not, is named in the refusal', async () => {
    await expect(groups.read(KEY, 'g', 'a', 1)).rejects.toMatchObject({
      code: 'GROUP_NOT_FOUND',
      message: expect.stringContaining('"g"'),
    });
    await expect(groups.list(KEY)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
    await expect(groups.delete(KEY, 'g')).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
    await add('x');
    await expect(groups.pending(KEY, 'g')).rejects.toMatchObject({ code: 'GROUP_NOT_FOUND' });
    expect(await groups.list(KEY)).toEqual([]);
  });

  test('refuses names and ids that are none', async () => {
    await expect(groups.create(KEY, '')).rejects.toMatchObject({ code: 'INVALID_NAME' });
    await expect(groups.create(KEY, 'g', 'soon')).rejects.toMatchObject({ code: 'INVALID_ID' });
    await groups.create(KEY, 'g');
    await expect(groups.ack(KEY, 'g', ['soon'])).rejects.toMatchObject({ code: 'INVALID_ID' });
  });
});
