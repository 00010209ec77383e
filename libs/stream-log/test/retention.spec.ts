import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startRedis, uniqueName, waitFor, type RedisServer } from '@sluice/testing';
import { StreamAdmin, StreamLog, type RetentionRule } from '../src/index.js';

const MIB = 1024 * 1024;
/** Trimming with `~` works in whole nodes of a stream: at most so many entries too many. */
const NODE_ENTRIES = 100;
let redis: RedisServer;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());
afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing.close();
  await redis.command('FLUSHALL');
});

async function start(defaultRule?: RetentionRule): Promise<{ admin: StreamAdmin; log: StreamLog }> {
  const admin = await StreamAdmin.connect({
    url: redis.url,
    refreshEveryMs: 50,
    ...(defaultRule ? { defaultRule } : {}),
  });
  const log = await StreamLog.connect({ url: redis.url, durability: { kind: 'everysec' }, retention: admin.keeper });
  open.push(admin, log);
  return { admin, log };
}

/** Appends in batches, each in one event-loop turn. */
async function write(log: StreamLog, key: string, count: number, payload: Buffer, batch = 500): Promise<void> {
  for (let n = 0; n < count; n += batch) {
    await Promise.all(Array.from({ length: Math.min(batch, count - n) }, () => log.append(key, payload)));
  }
}

async function lengthOf(key: string): Promise<number> {
  return Number(await redis.command('XLEN', key));
}

describe('the default', () => {
  test('keeps every entry of the last ten seconds of a fast stream', async () => {
    const { log } = await start();
    const key = uniqueName('fast');
    await write(log, key, 20_000, Buffer.from('x'));
    expect(await lengthOf(key)).toBe(20_000);
  });

  test('keeps a thousand entries of a stream whose entries are older', async () => {
    const { log } = await start();
    const key = uniqueName('old');
    for (let n = 1; n <= 3_000; n++) await redis.command('XADD', key, `${n}-1`, 'd', 'x');
    await log.append(key, Buffer.from('x'));
    // The writes of the other tool count for ten seconds, as they say how fast the stream is.
    await waitFor(
      async () => {
        await log.append(key, Buffer.from('x'));
        return (await lengthOf(key)) <= 1_000 + NODE_ENTRIES;
      },
      { timeoutMs: 20_000 },
    );
    expect(await lengthOf(key)).toBeGreaterThanOrEqual(1_000);
  });

  // What counts is memory, which an allocator hands out in sizes of its own.
  test('keeps no more than 64 MiB', async () => {
    const { log } = await start();
    const key = uniqueName('large');
    await write(log, key, 120, Buffer.alloc(MIB), 10);
    await log.append(key, Buffer.alloc(MIB));
    expect(await lengthOf(key)).toBeLessThanOrEqual(64);
    expect(await lengthOf(key)).toBeGreaterThanOrEqual(48);
  });
});

test('a fixed number is kept of every stream, whatever its rate', async () => {
  const { log } = await start({ kind: 'fixed', maxEntries: 1_000 });
  const key = uniqueName('fixed');
  await write(log, key, 10_000, Buffer.from('x'));
  expect(await lengthOf(key)).toBeGreaterThanOrEqual(1_000);
  expect(await lengthOf(key)).toBeLessThanOrEqual(1_000 + NODE_ENTRIES);
});

test('a bound set for a stream holds for its writers', async () => {
  const { admin, log } = await start();
  const key = uniqueName('set');
  await admin.retention.set(key, { maxEntries: 200, maxAgeMs: null, maxBytes: null });
  await write(log, key, 5_000, Buffer.from('x'));
  await waitFor(async () => (await lengthOf(key)) <= 200);
  await admin.retention.set(key, { maxEntries: null, maxAgeMs: null, maxBytes: null });
  await waitFor(() => admin.keeper.maxLenFor(key, { entryCount: 0, byteCount: 0 }) === -1);
  await write(log, key, 5_000, Buffer.from('x'));
  expect(await lengthOf(key)).toBeGreaterThan(5_000);
});

test('a bound of age holds while the stream is written', async () => {
  const { admin, log } = await start();
  const key = uniqueName('age');
  await admin.retention.set(key, { maxEntries: null, maxAgeMs: 200, maxBytes: null });
  const first = await log.append(key, Buffer.from('x'));
  await waitFor(async () => {
    await log.append(key, Buffer.from('x'));
    const [oldest] = (await redis.command('XRANGE', key, '-', '+', 'COUNT', 1)) as [string][];
    return oldest?.[0] !== first;
  });
});
