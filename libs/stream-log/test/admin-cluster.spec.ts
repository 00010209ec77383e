import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startCluster, type RedisCluster } from '@sluice/testing';
import { StreamAdmin, StreamLog } from '../src/index.js';
import { companionKeys, hashSlot } from '../src/keys.js';

jest.setTimeout(90_000);

let cluster: RedisCluster;
let admin: StreamAdmin;
let log: StreamLog;
const KEYS = ['cam1:a', 'cam2:b', 'cam3:c', '{tag}:d', 'default:é', 'x{y'];

beforeAll(async () => {
  cluster = await startCluster();
  // One address is enough: that it is a cluster is what the server says.
  admin = await StreamAdmin.connect({ url: cluster.node(1).server.url, refreshEveryMs: 50 });
  log = await StreamLog.connect({
    url: cluster.node(1).server.url,
    durability: { kind: 'everysec' },
    retention: admin.keeper,
  });
});
afterAll(async () => {
  await log?.close();
  await admin?.close();
  await cluster?.stop();
});
afterEach(async () => {
  for (const { name } of (await admin.list()).streams) await admin.deleteStream(name);
});

const entry = (text: string, id: string | null = null) => ({ payload: Buffer.from(text), id });

async function appendToAll(): Promise<void> {
  for (const key of KEYS) await log.appendAll(key, [entry('1'), entry('2')], { idempotencyKey: 'once' });
}

describe('on a cluster', () => {
  test('slots are those that Redis computes', async () => {
    const { server } = cluster.node(0);
    const random = Array.from({ length: 200 }, () =>
      String.fromCodePoint(...Array.from({ length: 8 }, () => 32 + Math.floor(Math.random() * 300))),
    );
    for (const key of [...KEYS, ...KEYS.flatMap(companionKeys), ...random]) {
      expect([key, hashSlot(key)]).toEqual([key, await server.command('CLUSTER', 'KEYSLOT', key)]);
    }
  });

  test('the list has the streams of all masters, sorted and paged', async () => {
    await appendToAll();
    const first = await admin.list({ limit: 4 });
    const second = await admin.list({ limit: 4, cursor: first.cursor ?? '' });
    expect([...first.streams, ...second.streams].map(({ name }) => name)).toEqual([...KEYS].sort());
    expect(second.streams.every(({ length }) => length === 2)).toBe(true);
  });

  test('retention, idempotency and deletion work for names with and without tags', async () => {
    await appendToAll();
    await appendToAll();
    for (const key of KEYS) {
      expect((await admin.info(key)).length).toBe(2);
      await admin.retention.set(key, { maxEntries: 1, maxAgeMs: null, maxBytes: null });
      expect(await admin.info(key)).toMatchObject({ length: 1, retention: { maxEntries: 1, source: 'stream' } });
      expect(await admin.deleteStream(key)).toBe(true);
    }
    expect((await admin.list()).streams).toEqual([]);
  });

  test.each(['a}b', '{}x'])('a name that cannot share its slot is refused: %s', async (key) => {
    await expect(log.appendAll(key, [entry('1')])).rejects.toMatchObject({ code: 'CROSS_SLOT_NAME' });
    expect((await admin.list()).streams).toEqual([]);
  });

  test('groups follow their stream to another node, also while it is half-way', async () => {
    const key = 'cam1:a';
    const slot = hashSlot(key);
    await admin.groups.create(key, 'g', '0');
    await log.appendAll(key, [entry('1', '1-1'), entry('2', '2-1'), entry('3', '3-1')]);
    const owner = await cluster.ownerOf(slot);
    const target = ((owner?.index ?? 0) + 1) % 3;
    const read = async (): Promise<string | undefined> => (await admin.groups.read(key, 'g', 'c', 1)).entries[0]?.id;
    expect(await read()).toBe('1-1');
    const move = await cluster.beginSlotMove(slot, target);
    expect(await read()).toBe('2-1');
    await move.migrateKeys();
    expect(await read()).toBe('3-1');
    expect(await admin.groups.ack(key, 'g', ['1-1', '2-1', '3-1'])).toBe(3);
    await move.finish();
    expect(await admin.info(key)).toMatchObject({ length: 3, groups: 1 });
    await log.appendAll(key, [entry('4', '4-1')]);
    expect(await read()).toBe('4-1');
  });

  test('a killed master is waited out, and nothing is appended twice', async () => {
    const key = 'cam2:b';
    await log.appendAll(key, [entry('0')]);
    const owner = await cluster.ownerOf(hashSlot(key));
    await cluster.killMaster(owner?.index ?? 0);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, (_, n) => log.appendAll(key, [entry(`${n}`)], { idempotencyKey: `push ${n}` })),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: expect.stringMatching(/^(LOG_UNAVAILABLE|OUTCOME_UNKNOWN)$/) });
    }
    await cluster.waitUntilHealthy();
    for (let n = 0; n < 5; n++) await log.appendAll(key, [entry(`${n}`)], { idempotencyKey: `push ${n}` });
    expect((await admin.info(key)).length).toBe(6);
    expect((await admin.list()).streams).toHaveLength(1);
    await cluster.node(owner?.index ?? 0).server.restart();
    await cluster.waitUntilHealthy();
  });
});
