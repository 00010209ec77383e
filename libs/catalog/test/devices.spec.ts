import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/contracts';
import { Devices, NO_REVISION, deviceName, revisionOf } from '../src/index.js';
import { startCatalogue, type Catalogue } from './support.js';

let catalogue: Catalogue;
let devices: Devices;

beforeAll(async () => {
  catalogue = await startCatalogue();
  devices = catalogue.devices;
});

afterAll(() => catalogue.close());

describe('devices', () => {
  it('connect into the keys of redis-streamer, told by both events, also when they were connected', async () => {
    const first = await devices.connect('cam1', { lens: 'wide' });
    const second = await devices.connect('cam1', { lens: 'tele' });
    expect(first).toEqual({ isChanged: true, isNew: true, firesConnected: true, firesMeta: true });
    expect(second).toEqual({ isChanged: false, isNew: false, firesConnected: true, firesMeta: true });
    expect(await catalogue.redis.command('SMEMBERS', ':devices:connected')).toEqual(['cam1']);
    expect(await catalogue.redis.command('SMEMBERS', ':devices:seen')).toEqual(['cam1']);
    expect(await catalogue.redis.command('GET', ':devices:meta:cam1')).toBe('{"lens":"tele"}');
    expect(await catalogue.events(':event:device.connected')).toEqual([
      { device_id: 'cam1', connected: true, meta: { lens: 'wide' } },
      { device_id: 'cam1', connected: true, meta: { lens: 'tele' } },
    ]);
    expect(await catalogue.events(':event:device.meta')).toEqual([
      { device_id: 'cam1', meta: { lens: 'wide' } },
      { device_id: 'cam1', meta: { lens: 'tele' } },
    ]);
  });

  it('stay seen when they are disconnected, and know when they were last there', async () => {
    const before = Date.now() - 1_000;
    await devices.connect('gone', {});
    expect(await devices.disconnect('gone')).toEqual({ isChanged: true, firesConnected: true });
    expect(await devices.disconnect('gone')).toEqual({ isChanged: false, firesConnected: true });
    expect(await devices.list({ includeAll: false })).not.toContain('gone');
    expect(await devices.list({ includeAll: true })).toContain('gone');
    const [facts] = await devices.facts(['gone']);
    expect(facts?.isConnected).toBe(false);
    expect(facts?.seenAt).toBeGreaterThan(before);
    expect((await catalogue.events(':event:device.connected')).at(-1)).toEqual({ device_id: 'gone', connected: false });
  });

  it('that were never there have empty facts, and metadata may be set without connecting them', async () => {
    const empty = { isConnected: false, seenAt: null, meta: {}, revision: NO_REVISION };
    expect(await devices.facts(['nobody'])).toEqual([empty]);
    await devices.updateMeta('nobody', { a: 1 });
    expect(await devices.list({ includeAll: true })).not.toContain('nobody');
    expect(await devices.facts(['nobody'])).toEqual([{ ...empty, meta: { a: 1 }, revision: revisionOf('{"a":1}') }]);
  });

  it('merge metadata when asked, and refuse changes of another revision than expected', async () => {
    const { revision } = await devices.updateMeta('rev', { a: 1 });
    await devices.updateMeta('rev', { b: 2 }, { merges: true, expectedRevision: revision });
    const late = devices.updateMeta('rev', { c: 3 }, { expectedRevision: revision });
    await expect(late).rejects.toThrow(SluiceError);
    await expect(late).rejects.toMatchObject({ code: 'REVISION_CONFLICT' });
    expect((await devices.facts(['rev']))[0]?.meta).toEqual({ a: 1, b: 2 });
  });

  it('keep every one of many merges at the same time', async () => {
    const other = new Devices(catalogue.commands);
    const merges = Array.from({ length: 40 }, (_, at) =>
      (at % 2 === 0 ? devices : other).updateMeta('busy', { [`m${at}`]: at }, { merges: true }),
    );
    await Promise.all(merges);
    expect(Object.keys((await devices.facts(['busy']))[0]?.meta ?? {})).toHaveLength(40);
  });

  it('end as the last of many connects and disconnects at the same time says', async () => {
    const other = new Devices(catalogue.commands);
    await Promise.all(
      Array.from({ length: 30 }, (_, at) => (at % 2 === 0 ? devices.connect('race', {}) : other.disconnect('race'))),
    );
    const isPinned = (await catalogue.redis.command('SISMEMBER', 'sluice:{presence}:pinned', 'race')) === 1;
    expect((await devices.facts(['race']))[0]?.isConnected).toBe(isPinned);
  });

  it('have names without control characters; an empty one is "default"', () => {
    expect(deviceName('')).toBe('default');
    expect(deviceName('Kamera 1 ä')).toBe('Kamera 1 ä');
    expect(() => deviceName('a\nb')).toThrow('control character');
    expect(() => deviceName('x'.repeat(513))).toThrow('longer than');
  });
});
