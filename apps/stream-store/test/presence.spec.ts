import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Devices } from '@sluice/catalog';
import { startApp, startRedis, uniqueName, waitFor } from '@sluice/testing';
import { startStore, type Store } from './support/store.js';
import { TestSocket } from './support/socket.js';

const LEASES = 'sluice:{presence}:leases';
let store: Store;

beforeAll(async () => {
  store = await startStore();
});

afterAll(() => store.close());

const isConnected = async (device: string): Promise<boolean> =>
  (await store.redis.command('SISMEMBER', ':devices:connected', device)) === 1;

/** Time goes by for the lease of a device. */
async function age(device: string): Promise<void> {
  await store.redis.command('ZINCRBY', LEASES, -60_000, device);
}

describe('a device', () => {
  it.each([
    ['the redis-streamer dialect', (device: string) => `/data/x/push?device_id=${device}`],
    ['the ptg dialect', (device: string) => `/ptg/data/${device}:x/push?token=any`],
  ])('is connected while a push socket of %s names it', async (_what, path) => {
    const device = uniqueName('cam');
    const socket = await TestSocket.open(`${store.ws}${path(device)}`);
    await waitFor(() => isConnected(device), { message: 'connected by the socket' });
    await socket.close();
    await waitFor(async () => Number(await store.redis.command('ZSCORE', LEASES, device)) < Date.now() + 9_000);
    await age(device);
    await waitFor(async () => !(await isConnected(device)), { message: 'disconnected after the socket' });
  });

  it('is connected by the headers of a push, too, and by nothing that only reads', async () => {
    const [device, reader] = [uniqueName('head'), uniqueName('reader')];
    const socket = await TestSocket.open(`${store.ws}/ptg/data/*/push?batch=1&token=any`);
    socket.push([[`${device}:x`, 5]], 'hello');
    await waitFor(() => isConnected(device));
    const pull = await TestSocket.open(`${store.ws}/data/x/pull?device_id=${reader}`);
    await fetch(`${store.url}/data/x?device_id=${reader}&last_entry_id=0&block=1`);
    expect(await isConnected(reader)).toBe(false);
    await pull.close();
    await socket.close();
  });

  it('that is disconnected by name stays so until it pushes again', async () => {
    const device = uniqueName('bye');
    const devices = store.service.app.get(Devices);
    const socket = await TestSocket.open(`${store.ws}/data/x/push?device_id=${device}&header=0`);
    await waitFor(() => isConnected(device));
    const ended = (): Promise<unknown> => store.redis.command('ZSCORE', 'sluice:{presence}:ended', device);
    await devices.disconnect(device);
    const at = await ended();
    // The store heard of it when it has renewed what Redis remembers.
    await waitFor(async () => Number(await ended()) > Number(at));
    expect(await isConnected(device)).toBe(false);
    socket.send(Buffer.from('I am here'));
    await waitFor(() => isConnected(device), { message: 'connected by the push' });
    await socket.close();
  });

  it('expires when the service that held its socket is killed', async () => {
    const redis = await startRedis();
    const [killed, other] = await Promise.all([
      startApp('stream-store', { REDIS_URL: redis.url }),
      startApp('stream-store', { REDIS_URL: redis.url }),
    ]);
    const socket = await TestSocket.open(`${killed.url.replace('http', 'ws')}/data/x/push?device_id=lost`);
    const members = (): Promise<unknown> => redis.command('SMEMBERS', ':devices:connected');
    await waitFor(async () => String(await members()) === 'lost');
    await killed.kill('SIGKILL');
    await socket.closed;
    expect(await members()).toEqual(['lost']);
    // As if the fifteen seconds of its lease were over.
    await redis.command('ZINCRBY', LEASES, -15_000, 'lost');
    await waitFor(async () => String(await members()) === '', { message: 'the other service ends the lease' });
    expect(await redis.command('SMEMBERS', ':devices:seen')).toEqual(['lost']);
    await other.kill();
    await redis.stop();
  });
});
