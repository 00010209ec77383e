import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisCommands } from '@sluice/stream-log';
import { startCluster, waitFor, type RedisCluster } from '@sluice/testing';
import { Devices, HeldDevices, StreamMeta } from '../src/index.js';

let cluster: RedisCluster;
let commands: RedisCommands;
let devices: Devices;

beforeAll(async () => {
  cluster = await startCluster();
  commands = await RedisCommands.connect(cluster.url);
  devices = new Devices(commands);
}, 60_000);

afterAll(async () => {
  commands?.close();
  await cluster?.stop();
});

describe('the catalogue on a cluster', () => {
  it('connects, holds and disconnects devices whose keys lie on different nodes', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `cam${at}`);
    const held = new HeldDevices(devices.presence, () => undefined, 60_000);
    const socket = held.open();
    for (const name of names) socket.name(name);
    await waitFor(async () => (await devices.list({ includeAll: false })).length === names.length);
    await devices.connect('named', { a: 1 });
    await devices.disconnect('cam3');
    expect(await devices.list({ includeAll: false })).toEqual(
      ['named', ...names.filter((name) => name !== 'cam3')].sort(),
    );
    socket.close();
    await held.close();
  });

  it('keeps metadata of streams of any slot', async () => {
    const meta = new StreamMeta(commands);
    await Promise.all(Array.from({ length: 10 }, (_, at) => meta.merge(`d:s${at}`, { at })));
    expect(await meta.list()).toHaveLength(10);
    expect(await meta.getMany(['d:s3', 'd:none'])).toEqual(['{"at":3}', null]);
  });
});
