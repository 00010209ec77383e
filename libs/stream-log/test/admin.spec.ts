import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startRedis, uniqueName, waitFor, type RedisServer } from '@sluice/testing';
import { StreamAdmin, StreamLog, type StreamAdminOptions } from '../src/index.js';
import { companionKeys, retentionKey } from '../src/keys.js';

let redis: RedisServer;
const admins: StreamAdmin[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());
afterEach(async () => {
  await Promise.all(admins.splice(0).map((admin) => admin.close()));
  await redis.command('FLUSHALL');
});

async function connect(options: Partial<StreamAdminOptions> = {}): Promise<StreamAdmin> {
  const admin = await StreamAdmin.connect({ url: redis.url, ...options });
  admins.push(admin);
  return admin;
}

async function add(key: string, count: number, payload = 'x'): Promise<void> {
  for (let n = 0; n < count; n++) await redis.command('XADD', key, '*', 'd', payload);
}

describe('list of streams', () => {
  test('is sorted, matches by glob and prefix, and hides our own keys, the registry’s, and what is no stream', async () => {
    const admin = await connect();
    for (const key of ['cam2:b', 'cam1:a', 'default:x', ':event:device.meta', 'sluice:events:streams'])
      await add(key, 1);
    await redis.command('SET', 'cam3:text', 'no stream');
    await redis.command('XADD', Buffer.from([0xff, 0xfe]), '*', 'd', 'not a name');
    const names = async (options: object): Promise<string[]> =>
      (await admin.list(options)).streams.map(({ name }) => name);
    expect(await names({})).toEqual(['cam1:a', 'cam2:b', 'default:x']);
    expect(await names({ match: 'cam?:*' })).toEqual(['cam1:a', 'cam2:b']);
    expect(await names({ prefix: 'cam2' })).toEqual(['cam2:b']);
    expect(await names({ match: 'sluice:*' })).toEqual([]);
  });

  test('is paged by a cursor that streams which come and go do not disturb', async () => {
    const admin = await connect();
    for (const name of ['a', 'b', 'c', 'd', 'é']) await add(`default:${name}`, 1);
    const first = await admin.list({ limit: 2 });
    expect(first.streams.map(({ stream }) => stream)).toEqual(['a', 'b']);
    await admin.deleteStream('default:b');
    await add('default:aa', 1);
    const second = await admin.list({ limit: 2, cursor: first.cursor ?? '' });
    expect(second.streams.map(({ stream }) => stream)).toEqual(['c', 'd']);
    const third = await admin.list({ limit: 2, cursor: second.cursor ?? '' });
    expect(third.streams.map(({ stream }) => stream)).toEqual(['é']);
    expect(third.cursor).toBeNull();
  });

  test('of exactly the limit has no further page', async () => {
    const admin = await connect();
    await add('default:a', 1);
    await add('default:b', 1);
    expect((await admin.list({ limit: 2 })).cursor).toBeNull();
  });

  test('refuses a limit out of range and a cursor it did not give', async () => {
    const admin = await connect();
    await expect(admin.list({ limit: 1001 })).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
    await expect(admin.list({ limit: 1000 })).resolves.toBeDefined();
    await expect(admin.list({ cursor: '%' })).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
  });

  test('of 1,000 streams describes all of them with a handful of writes to Redis', async () => {
    const admin = await connect();
    await redis.command('EVAL', "for i = 1, 1000 do redis.call('XADD', 'many:' .. i, '*', 'd', 'x') end", 0);
    const { streams } = await admin.list({ limit: 1000 });
    expect(streams).toHaveLength(1000);
  });
});

describe('info', () => {
  test('has the stream’s figures without its payloads', async () => {
    const admin = await connect();
    for (const id of ['5-1', '6-1', '7-1']) await redis.command('XADD', 'cam1:video', id, 'd', 'x'.repeat(1000));
    await redis.command('XTRIM', 'cam1:video', 'MAXLEN', 2);
    await redis.command('XGROUP', 'CREATE', 'cam1:video', 'g', '$');
    const info = await admin.info('cam1:video');
    expect(info).toMatchObject({
      name: 'cam1:video',
      device: 'cam1',
      stream: 'video',
      length: 2,
      entriesAdded: 3,
      firstEntryId: '6-1',
      lastEntryId: '7-1',
      lastGeneratedId: '7-1',
      groups: 1,
      lastEntryTime: '1970-01-01T00:00:00.007Z',
      retention: { maxEntries: 1000, maxAgeMs: 10_000, maxBytes: 64 * 1024 * 1024, source: 'default' },
    });
    expect(info.bytes).toBeGreaterThan(2000);
  });

  test('of an emptied stream has no first and last entry', async () => {
    const admin = await connect();
    await redis.command('XADD', 'default:a', '5-1', 'd', 'x');
    await redis.command('XTRIM', 'default:a', 'MAXLEN', 0);
    expect(await admin.info('default:a')).toMatchObject({
      length: 0,
      firstEntryId: null,
      lastEntryTime: null,
      lastGeneratedId: '5-1',
    });
  });

  test('of nothing and of something else are refused by name', async () => {
    const admin = await connect();
    await redis.command('SET', 'default:text', 'x');
    await expect(admin.info('default:none')).rejects.toMatchObject({
      code: 'STREAM_NOT_FOUND',
      message: expect.stringContaining('default:none'),
    });
    await expect(admin.info('default:text')).rejects.toMatchObject({
      code: 'WRONG_KEY_TYPE',
      message: expect.stringContaining('default:text'),
    });
  });

  test('has the rate from one look to the next', async () => {
    const admin = await connect();
    await redis.command('XADD', 'default:a', '5-1', 'd', 'x');
    expect((await admin.info('default:a')).ratePerSecond).toBe(0);
    await add('default:a', 30, 'x'.repeat(100));
    const rated = await waitFor(async () => {
      const info = await admin.info('default:a');
      return info.ratePerSecond > 0 ? info : null;
    });
    expect(rated.bytesPerSecond).toBeGreaterThan(rated.ratePerSecond * 50);
  });

  test('waits for a Redis that restarts', async () => {
    const admin = await connect();
    await add('default:a', 1);
    await redis.restart();
    await expect(admin.info('default:a')).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });

  test('says that Redis cannot be reached when it stays away', async () => {
    const other = await startRedis();
    const admin = await connect({ url: other.url });
    await other.stop();
    await expect(admin.info('default:a')).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    await expect(admin.list()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
  });
});

describe('deletion', () => {
  test('takes the stream and all that belongs to it', async () => {
    const admin = await connect();
    const key = `default:${uniqueName('a')}`;
    const log = await StreamLog.connect({ url: redis.url, durability: { kind: 'everysec' }, retention: admin.keeper });
    await log.appendAll(key, [{ payload: Buffer.from('x') }], { idempotencyKey: 'once' });
    await log.close();
    await admin.retention.set(key, { maxEntries: 5, maxAgeMs: null, maxBytes: null });
    expect(await redis.command('EXISTS', key, ...companionKeys(key))).toBe(4);
    expect(await admin.deleteStream(key)).toBe(true);
    expect(await redis.command('EXISTS', key, ...companionKeys(key))).toBe(0);
    expect(await admin.deleteStream(key)).toBe(false);
  });

  test('leaves alone what is no stream', async () => {
    const admin = await connect();
    await redis.command('SET', 'default:text', 'x');
    await expect(admin.deleteStream('default:text')).rejects.toMatchObject({ code: 'WRONG_KEY_TYPE' });
    expect(await redis.command('GET', 'default:text')).toBe('x');
  });
});

describe('retention', () => {
  const window = { entryCount: 0, byteCount: 0 };

  test('is the default until it is set, and again after a reset', async () => {
    const admin = await connect();
    expect(await admin.retention.get('default:a')).toMatchObject({ source: 'default' });
    const policy = { maxEntries: 5, maxAgeMs: null, maxBytes: 1000 };
    await admin.retention.set('default:a', policy);
    expect(await admin.retention.get('default:a')).toEqual({ ...policy, source: 'stream' });
    await admin.retention.set('default:a', { maxEntries: null, maxAgeMs: null, maxBytes: null });
    expect(await admin.retention.get('default:a')).toMatchObject({ maxBytes: null, source: 'stream' });
    await admin.retention.reset('default:a');
    expect(await admin.retention.get('default:a')).toMatchObject({ maxEntries: 1000, source: 'default' });
  });

  test('trims at once when it is set', async () => {
    const admin = await connect();
    await add('default:a', 10);
    await admin.retention.set('default:a', { maxEntries: 3, maxAgeMs: null, maxBytes: null });
    expect(await redis.command('XLEN', 'default:a')).toBe(3);
  });

  test('by bytes keeps the newest entries that fit, and at least one', async () => {
    const admin = await connect();
    await add('default:a', 20, 'x'.repeat(10_000));
    await admin.retention.set('default:a', { maxEntries: null, maxAgeMs: null, maxBytes: 100_000 });
    const length = Number(await redis.command('XLEN', 'default:a'));
    expect(length).toBeGreaterThanOrEqual(5);
    expect(length).toBeLessThanOrEqual(10);
    await admin.retention.set('default:a', { maxEntries: null, maxAgeMs: null, maxBytes: 1 });
    expect(await redis.command('XLEN', 'default:a')).toBe(1);
  });

  test('nothing is trimmed by the default before the stream’s own is known', async () => {
    const admin = await connect();
    await redis.command('HSET', retentionKey('default:a'), 'setAt', '1', 'maxEntries', '50000');
    expect(admin.keeper.maxLenFor('default:a', window)).toBe(-1);
    await waitFor(() => admin.keeper.maxLenFor('default:a', window) === 50_000);
  });

  test('set through another process holds in this one too', async () => {
    const [here, there] = [await connect({ refreshEveryMs: 50 }), await connect()];
    await add('default:a', 1);
    await waitFor(() => here.keeper.maxLenFor('default:a', window) === 1000);
    await there.retention.set('default:a', { maxEntries: 7, maxAgeMs: null, maxBytes: null });
    await waitFor(() => here.keeper.maxLenFor('default:a', window) === 7);
    await there.retention.reset('default:a');
    await waitFor(() => here.keeper.maxLenFor('default:a', window) === 1000);
  });

  test('by default counts the entries of other writers, and holds ten seconds of them', async () => {
    const admin = await connect({ refreshEveryMs: 50 });
    await add('default:a', 1);
    await waitFor(() => admin.keeper.maxLenFor('default:a', window) === 1000);
    await redis.command('EVAL', "for i = 1, 20000 do redis.call('XADD', KEYS[1], '*', 'd', 'x') end", 1, 'default:a');
    await waitFor(() => admin.keeper.maxLenFor('default:a', window) > 20_000);
    expect(admin.keeper.maxLenFor('default:a', { entryCount: 10 ** 9, byteCount: 10 ** 11 })).toBeLessThan(700_000);
  });

  test('as a fixed number trims with every entry', async () => {
    const admin = await connect({ defaultRule: { kind: 'fixed', maxEntries: 77 } });
    expect(admin.keeper.trimsEveryEntry).toBe(true);
    await waitFor(() => admin.keeper.maxLenFor('default:a', { entryCount: 10 ** 6, byteCount: 10 ** 9 }) === 77);
  });

  test('by age is applied to a stream that nobody writes, by one process at a time', async () => {
    const setter = await connect();
    await add('default:idle', 5);
    await setter.retention.set('default:idle', { maxEntries: null, maxAgeMs: 300, maxBytes: null });
    expect(await redis.command('XLEN', 'default:idle')).toBe(5);
    await connect({ sweepEveryMs: 50 });
    await connect({ sweepEveryMs: 50 });
    await waitFor(async () => (await redis.command('XLEN', 'default:idle')) === 0);
    const holder = await redis.command('GET', 'sluice:lease:retention');
    await waitFor(async () => ((await redis.command('PTTL', 'sluice:lease:retention')) as number) > 14_000);
    expect(await redis.command('GET', 'sluice:lease:retention')).toBe(holder);
  });

  test('the sweep forgets streams whose retention was reset', async () => {
    const admin = await connect({ sweepEveryMs: 50 });
    await admin.retention.set('default:a', { maxEntries: 5, maxAgeMs: null, maxBytes: null });
    await admin.retention.set('default:b', { maxEntries: 5, maxAgeMs: null, maxBytes: null });
    await admin.retention.reset('default:a');
    await waitFor(async () => String(await redis.command('SMEMBERS', 'sluice:retention-streams')) === 'default:b');
  });
});
