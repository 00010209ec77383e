import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startCluster, type RedisCluster } from '../src/index.js';

jest.setTimeout(90_000);

const SLOT_OF_FOO = 12_182;
let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(() => cluster?.stop());

test('three masters with a replica each serve all slots', async () => {
  const nodes = String(await cluster.node(0).server.command('CLUSTER', 'NODES'));
  expect(nodes.match(/ (myself,)?master /g)).toHaveLength(3);
  expect(nodes.match(/ (myself,)?slave /g)).toHaveLength(3);
});

test('a slot is moved with its keys, and can be left half-way', async () => {
  expect((await cluster.ownerOf(SLOT_OF_FOO))?.index).toBe(2);
  for (const key of ['{foo}1', '{foo}2', '{foo}3']) await cluster.node(2).server.command('SET', key, 'x');
  const move = await cluster.beginSlotMove(SLOT_OF_FOO, 0);
  expect(await move.migrateKeys({ maxKeys: 2 })).toBe(2);
  await expect(cluster.node(2).server.command('GET', '{foo}4')).rejects.toThrow('ASK');
  await move.finish();
  expect((await cluster.ownerOf(SLOT_OF_FOO))?.index).toBe(0);
  expect(await cluster.node(0).server.command('GET', '{foo}3')).toBe('x');
  await cluster.moveSlot(SLOT_OF_FOO, 2);
  expect((await cluster.ownerOf(SLOT_OF_FOO))?.index).toBe(2);
});

test('a killed master is replaced by its replica, and comes back as a replica', async () => {
  await cluster.killMaster(1);
  await cluster.waitUntilHealthy();
  expect((await cluster.ownerOf(8_000))?.index).toBe(4);
  await cluster.node(1).server.restart();
  await cluster.waitUntilHealthy();
  const [role] = (await cluster.node(1).server.command('ROLE')) as [string];
  expect(role).toBe('slave');
});
