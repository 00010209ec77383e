import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { Devices, HeldDevices, PresenceSweep } from '../src/index.js';
import { startCatalogue, type Catalogue } from './support.js';

const LEASES = 'sluice:{presence}:leases';
let catalogue: Catalogue;
let devices: Devices;
let held: HeldDevices;
let sweep: PresenceSweep;
const warnings: string[] = [];

beforeAll(async () => {
  catalogue = await startCatalogue();
  devices = catalogue.devices;
});

beforeEach(async () => {
  await catalogue.redis.command('FLUSHALL');
  held = new HeldDevices(devices.presence, (message) => warnings.push(message), 50);
  sweep = new PresenceSweep(devices.presence, 50);
});

afterAll(async () => {
  await held.close();
  await sweep.close();
  await catalogue.close();
});

const isConnected = async (device: string): Promise<boolean> =>
  (await devices.facts([device]))[0]?.isConnected === true;

/** As if so much time had passed for the leases. */
async function age(device: string, ms: number): Promise<void> {
  await catalogue.redis.command('ZINCRBY', LEASES, -ms, device);
}

async function stopAll(): Promise<void> {
  await held.close();
  await sweep.close();
}

describe('presence', () => {
  it('begins with a push socket and ends by itself when nobody renews the lease', async () => {
    const socket = held.open();
    socket.name('cam1');
    await waitFor(() => isConnected('cam1'), { message: 'connected by its socket' });
    expect(await catalogue.events(':event:device.connected')).toEqual([
      { device_id: 'cam1', connected: true, meta: {} },
    ]);
    socket.close();
    await waitFor(async () => Number(await catalogue.redis.command('ZSCORE', LEASES, 'cam1')) < Date.now() + 8_000);
    await age('cam1', 10_000);
    await waitFor(async () => !(await isConnected('cam1')), { message: 'disconnected by the sweep' });
    await waitFor(async () => (await catalogue.events(':event:device.connected')).length === 2);
    expect((await catalogue.events(':event:device.connected')).at(-1)).toEqual({ device_id: 'cam1', connected: false });
    expect(await devices.list({ includeAll: true })).toEqual(['cam1']);
    await stopAll();
  });

  it('lasts as long as one of several sockets is open, here or in another process', async () => {
    const other = new HeldDevices(new Devices(catalogue.commands).presence, () => undefined, 50);
    const [first, second, third] = [held.open(), held.open(), other.open()];
    for (const socket of [first, second, third]) socket.name('cam2');
    await waitFor(() => isConnected('cam2'));
    first.close();
    second.close();
    await age('cam2', 60_000);
    await waitFor(async () => Number(await catalogue.redis.command('ZSCORE', LEASES, 'cam2')) > Date.now() + 10_000);
    await waitFor(() => isConnected('cam2'), { message: 'renewed by the other process' });
    third.close();
    await other.close();
    await stopAll();
  });

  it('of a disconnected device comes back with the next push, and not before', async () => {
    const socket = held.open();
    socket.name('cam3');
    await waitFor(() => isConnected('cam3'));
    await devices.disconnect('cam3');
    held.noteDisconnected('cam3');
    // Renewals come every 50 ms and leave it as it is.
    const before = Number(await catalogue.redis.command('ZSCORE', 'sluice:{presence}:ended', 'cam3'));
    await waitFor(
      async () => Number(await catalogue.redis.command('ZSCORE', 'sluice:{presence}:ended', 'cam3')) > before,
    );
    expect(await isConnected('cam3')).toBe(false);
    socket.touch();
    await waitFor(() => isConnected('cam3'), { message: 'connected by the push' });
    socket.close();
    await stopAll();
  });

  it('of a device that was connected by name outlives its sockets', async () => {
    await devices.connect('cam4', {});
    const socket = held.open();
    socket.name('cam4');
    await waitFor(async () => (await catalogue.redis.command('ZSCORE', LEASES, 'cam4')) !== null);
    socket.close();
    await waitFor(async () => Number(await catalogue.redis.command('ZSCORE', LEASES, 'cam4')) < Date.now() + 8_000);
    await age('cam4', 60_000);
    await waitFor(async () => (await catalogue.redis.command('ZSCORE', LEASES, 'cam4')) === null);
    expect(await isConnected('cam4')).toBe(true);
    await stopAll();
  });

  it('survives that the set of connected devices is lost', async () => {
    const socket = held.open();
    socket.name('cam5');
    await waitFor(() => isConnected('cam5'));
    await catalogue.redis.command('DEL', ':devices:connected');
    await waitFor(() => isConnected('cam5'), { message: 'put right by the renewal' });
    socket.close();
    await stopAll();
  });

  it('of thousands of devices costs a few calls of Redis', async () => {
    await held.close();
    const calm = new HeldDevices(devices.presence, () => undefined, 60_000);
    const socket = calm.open();
    const before = await callsOf(catalogue);
    for (let at = 0; at < 2_000; at++) socket.name(`storm${at}`);
    await waitFor(async () => (await devices.list({ includeAll: false })).length === 2_000);
    const { scripts } = await callsOf(catalogue);
    expect(scripts - before.scripts).toBeLessThan(60);
    socket.close();
    await calm.close();
    await sweep.close();
    expect(warnings).toEqual([]);
  });
});

/** Calls of scripts so far. */
async function callsOf({ redis }: Catalogue): Promise<{ scripts: number }> {
  const stats = String(await redis.command('INFO', 'commandstats'));
  const count = (name: string): number => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  return { scripts: count('evalsha') + count('eval') };
}
