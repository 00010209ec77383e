import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChannelsClient } from '@sluice/sdk';
import { Sluice } from '@sluice/sdk/node';
import { startApp, startRedis, waitFor, type RedisServer } from '@sluice/testing';

const FILE = fileURLToPath(new URL('../../../examples/channels/host-load.ts', import.meta.url));

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis.stop();
});

describe('followStream, in the example host-load.ts', () => {
  it('ticks a record for each entry of a binary stream, those of the past too, and survives one that is none', async () => {
    const store = await startApp('stream-store', { REDIS_URL: redis.url });
    const device = new Sluice({ url: store.url });
    await device.push('host:load', entryOf(100, 0.5, 0.75));
    const app = await startApp('channel-gateway', {
      REDIS_URL: redis.url,
      SLUICE_CHANNELS: FILE,
      SLUICE_CHANNEL_GATEWAY_APPLICATION: 'host',
      SLUICE_URL: store.url,
    });
    const client = new ChannelsClient({ url: app.url });
    const last = async (): Promise<unknown> => (await client.last('load'))[0]?.['processes'];
    await waitFor(async () => (await last()) === 100);
    await device.push('host:load', 'broken');
    const id = await device.push('host:load', entryOf(101, 2.5, 0.75));
    await waitFor(async () => (await last()) === 101);
    const found = await waitFor(async () => (await client.last('overload'))[0]);
    expect(found).toMatchObject({ entry: id, processes: 101, load1: 2.5, load15: 0.75 });
    device.destroy();
    await app.kill();
    await store.kill();
  });
});

function entryOf(processes: number, load1: number, load15: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(20));
  view.setUint32(0, processes);
  view.setFloat64(4, load1);
  view.setFloat64(12, load15);
  return new Uint8Array(view.buffer);
}
