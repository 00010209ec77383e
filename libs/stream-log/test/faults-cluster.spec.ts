import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startCluster, waitFor, type RedisCluster } from '@sluice/testing';
import { StreamLog, hashSlot } from '../src/index.js';
import { KEEP_ALL } from './collector.js';
import { Followers, Load, findDisorder, findDoubled, findLost, findOvertaking, readAll, type Stored } from './load.js';

jest.setTimeout(120_000);

const MASTERS = 3;
const KEYS = Array.from({ length: 9 }, (_, n) => `default:s${n}`);
let cluster: RedisCluster;
let log: StreamLog;
let followers: Followers;
let load: Load;

beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.stop());

beforeEach(async () => {
  // Every acknowledged entry is on a replica too, so that a promoted replica has it.
  log = await StreamLog.connect({ url: cluster.url, durability: { kind: 'replicas', count: 1 }, retention: KEEP_ALL });
  followers = new Followers(log, KEYS);
  await followers.ready();
  load = new Load(log, KEYS);
});
afterEach(async () => {
  followers.close();
  await log.close();
  for (const { server } of cluster.nodes) {
    if (server.isRunning) await server.kill('SIGCONT');
    else await server.restart();
  }
  await cluster.waitUntilHealthy();
  for (const key of KEYS) await (await cluster.ownerOf(hashSlot(key)))?.server.command('DEL', key);
});

async function masterOf(key: string): Promise<number> {
  const owner = await cluster.ownerOf(hashSlot(key));
  if (owner === null) throw new Error(`nobody serves ${key}`);
  return owner.index;
}

function expectExactDelivery(stored: ReadonlyMap<string, readonly Stored[]>): void {
  for (const [key, entries] of stored) {
    const { ids, gaps, resets, failures } = followers.of(key);
    expect(ids).toEqual(entries.map(({ id }) => id));
    expect([gaps, resets, failures]).toEqual([[], [], []]);
    expect(findDoubled(entries)).toEqual([]);
    expect(findOvertaking(entries)).toBeNull();
  }
}

describe('slots that move under load', () => {
  test('cost no push, no entry, no order, and no follower', async () => {
    load.start();
    await load.waitForMore(500);
    for (let round = 0; round < MASTERS; round++) {
      for (const key of KEYS) await cluster.moveSlot(hashSlot(key), ((await masterOf(key)) + 1) % MASTERS);
      await load.waitForMore(300);
    }
    await load.stop();
    const stored = await readAll(log, KEYS);
    await followers.catchUp(stored);
    expect(load.codes()).toEqual([]);
    expect(findLost(load, stored)).toEqual([]);
    expectExactDelivery(stored);
  });

  test('may stay half-way for as long as they like', async () => {
    load.start();
    await load.waitForMore(300);
    const moves = [];
    for (const key of KEYS)
      moves.push(await cluster.beginSlotMove(hashSlot(key), ((await masterOf(key)) + 1) % MASTERS));
    await load.waitForMore(300);
    for (const move of moves) await move.migrateKeys();
    await load.waitForMore(300);
    for (const move of moves) await move.finish();
    await load.waitForMore(300);
    await load.stop();
    const stored = await readAll(log, KEYS);
    await followers.catchUp(stored);
    expect(load.codes()).toEqual([]);
    expect(findLost(load, stored)).toEqual([]);
    expectExactDelivery(stored);
  });

  test('wake followers of streams that are made only after the move', async () => {
    for (const key of KEYS) await cluster.moveSlot(hashSlot(key), ((await masterOf(key)) + 1) % MASTERS);
    for (const key of KEYS) {
      const owner = await cluster.ownerOf(hashSlot(key));
      await owner?.server.command('XADD', key, '*', 'd', 'made by another tool');
    }
    await waitFor(() => KEYS.every((key) => followers.of(key).ids.length === 1), {
      timeoutMs: 25_000,
      message: () => `entries on ${KEYS.filter((key) => followers.of(key).ids.length === 0).join(', ')}`,
    });
  });
});

describe('a master killed under load', () => {
  test('loses nothing that was acknowledged, and everybody goes on with its replica', async () => {
    load.start();
    await load.waitForMore(500);
    const victim = await masterOf(KEYS[0] ?? '');
    await cluster.killMaster(victim);
    const before = new Map(KEYS.map((key) => [key, followers.of(key).ids.length]));
    await cluster.waitUntilHealthy();
    await waitFor(() => KEYS.every((key) => followers.of(key).ids.length > (before.get(key) ?? 0) + 20), {
      timeoutMs: 30_000,
      message: () =>
        `all followers go on: ${KEYS.map((key) => followers.of(key).ids.length - (before.get(key) ?? 0)).join(' ')}`,
    });
    await load.stop();
    const stored = await readAll(log, KEYS);
    await followers.catchUp(stored);
    expect(findLost(load, stored)).toEqual([]);
    for (const [key, entries] of stored) {
      const { ids, failures } = followers.of(key);
      expect(findDoubled(entries)).toEqual([]);
      expect(findDisorder(ids)).toBeNull();
      expect(findOvertaking(entries)).toBeNull();
      expect(failures).toEqual([]);
      const delivered = new Set(ids);
      expect(entries.filter(({ id }) => !delivered.has(id))).toEqual([]);
    }
    const allowed = new Set(['DURABILITY_NOT_MET', 'LOG_UNAVAILABLE', 'OUTCOME_UNKNOWN']);
    expect(load.codes().filter((code) => !allowed.has(code))).toEqual([]);
  });

  test('that hangs instead of ending is replaced too, and no push waits for it for ever', async () => {
    load.start();
    await load.waitForMore(500);
    const victim = await masterOf(KEYS[0] ?? '');
    const { server } = cluster.node(victim);
    await server.kill('SIGSTOP');
    const slot = hashSlot(KEYS[0] ?? '');
    await waitFor(
      async () => {
        const other = cluster.nodes.find(({ index }) => index !== victim);
        const slots = (await other?.server.command('CLUSTER', 'SLOTS')) as [number, number, [string, number, string]][];
        const owner = slots.find(([from, to]) => from <= slot && slot <= to)?.[2][2];
        return owner !== undefined && owner !== cluster.node(victim).id;
      },
      { timeoutMs: 30_000, message: 'the replica takes over' },
    );
    const before = followers.of(KEYS[0] ?? '').ids.length;
    await waitFor(() => followers.of(KEYS[0] ?? '').ids.length > before + 20, {
      timeoutMs: 40_000,
      message: () => `the stream goes on; refused: ${load.codes().join(', ')}`,
    });
    await load.stop(20_000);
    await server.kill('SIGCONT');
    await cluster.waitUntilHealthy();
    const stored = await readAll(log, KEYS);
    await followers.catchUp(stored);
    expect(findLost(load, stored)).toEqual([]);
    for (const key of KEYS) expect(findDisorder(followers.of(key).ids)).toBeNull();
  });
});
