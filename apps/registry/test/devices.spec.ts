import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from './support/registry.js';

let registry: Registry;

beforeAll(async () => {
  registry = await Registry.start();
});

beforeEach(() => registry.data('mutation { flush }'));

afterAll(() => registry.close());

async function events(kind: string): Promise<unknown[]> {
  const entries = (await registry.redis.command('XRANGE', `:event:device.${kind}`, '-', '+')) as [string, string[]][];
  return entries.map(([, [, json]]) => JSON.parse(json ?? '') as unknown);
}

describe('devices', () => {
  it('connect, change and disconnect with the results and events of the original', async () => {
    expect(await registry.data('mutation { connectDevice(deviceId: "cam", meta: {a: 1}) }')).toEqual({
      connectDevice: {
        connection_status_changed: true,
        connected: true,
        is_new_device: true,
        meta_set: true,
        'fired:device.connected': true,
        'fired:device.meta': true,
      },
    });
    expect(await registry.data('mutation { updateDeviceMeta(deviceId: "cam", meta: {b: 2}) }')).toEqual({
      updateDeviceMeta: { meta_set: true, 'fired:device.meta': true },
    });
    expect(await registry.data('{ devices { id meta connected } }')).toEqual({
      devices: [{ id: 'cam', meta: { b: 2 }, connected: true }],
    });
    expect(await registry.data('mutation { disconnectDevice(deviceId: "cam") }')).toEqual({
      disconnectDevice: { connection_status_changed: true, connected: false, 'fired:device.connected': true },
    });
    expect(await events('connected')).toEqual([
      { device_id: 'cam', connected: true, meta: { a: 1 } },
      { device_id: 'cam', connected: false },
    ]);
    expect(await events('meta')).toEqual([
      { device_id: 'cam', meta: { a: 1 } },
      { device_id: 'cam', meta: { b: 2 } },
    ]);
  });

  it('are connected or only seen, by both spellings, or those named', async () => {
    await registry.data('mutation { a: connectDevice(id: "a", meta: {}) b: connectDevice(id: "b", meta: {}) }');
    await registry.data('mutation { disconnectDevice(id: "a") }');
    expect(await registry.data('{ connected: devices { id } seen: devices(include_all: true) { id } }')).toEqual({
      connected: [{ id: 'b' }],
      seen: [{ id: 'a' }, { id: 'b' }],
    });
    expect(
      await registry.data('{ devices(ids: ["x", "a"]) { id connected } all: devices(includeAll: true) { id } }'),
    ).toEqual({
      devices: [
        { id: 'x', connected: false },
        { id: 'a', connected: false },
      ],
      all: [{ id: 'a' }, { id: 'b' }],
    });
    const { device } = await registry.data<{ device: { lastSeen: string } }>('{ device(id: "a") { lastSeen } }');
    expect(Date.parse(device.lastSeen)).toBeGreaterThan(Date.now() - 60_000);
  });

  it('list their streams without the device, those with metadata only too, and no other device’s', async () => {
    await registry.add('lt:own', 'x');
    await registry.add('default:new1', 'x');
    await registry.data('mutation { updateStreamMeta(sid: "new2", meta: {a: 1}) }');
    await registry.data('mutation { updateStreamMeta(sid: "plan", deviceId: "lt", meta: {a: 1}) }');
    const query = `query ($id: String) { device(id: "lt") { id streamIds sids streams { id error meta }
      stream(streamId: "own") { id } theirs: streamIds(device_id: $id) others: streams(device_id: $id) { streamId length } } }`;
    expect(await registry.data(query, { id: 'default' })).toEqual({
      device: {
        id: 'lt',
        streamIds: ['own'],
        sids: ['own'],
        streams: [
          { id: 'own', error: '', meta: {} },
          { id: 'plan', error: 'no such key', meta: { a: 1 } },
        ],
        stream: { id: 'lt:own' },
        theirs: ['new1'],
        others: [
          { streamId: 'new1', length: 1 },
          { streamId: 'new2', length: 0 },
        ],
      },
    });
  });

  it('need one of the two spellings of their name, and a name that can be one', async () => {
    for (const [args, message] of [
      ['meta: {}', 'is missing'],
      ['id: "a", deviceId: "b", meta: {}', 'same argument'],
      ['id: "a\\u0007", meta: {}', 'control character'],
      [`id: "${'x'.repeat(600)}", meta: {}`, 'longer than'],
      ['id: "a", meta: [1]', 'JSON object'],
    ]) {
      const { errors } = await registry.ask(`mutation { connectDevice(${args}) }`);
      expect(errors?.[0]?.message).toContain(message);
    }
    expect(await registry.data('{ devices(include_all: true) { id } }')).toEqual({ devices: [] });
  });

  it('are given page by page, by name and by metadata', async () => {
    for (const name of ['c1', 'c2', 'c3', 'd1']) {
      await registry.data(`mutation { connectDevice(id: "${name}", meta: {kind: "camera", name: "${name}"}) }`);
    }
    const query = `{ devicePage(first: 2, match: "c*", where: [{path: "kind", equals: "camera"}]) { total cursor nodes { id } } }`;
    expect(await registry.data(query)).toEqual({
      devicePage: { total: 3, cursor: expect.any(String), nodes: [{ id: 'c1' }, { id: 'c2' }] },
    });
  });
});

describe('the queries of the README of the original', () => {
  it('run, with the declarations that they leave out', async () => {
    await registry.add('default:glf', '{"frame":1}');
    const run = (query: string, variables: Record<string, unknown> = {}) => registry.data(query, variables);
    const mine = { id: 'my-device' };
    await run('mutation ($id: String!, $meta: JSON!) { connectDevice(id: $id, meta: $meta) }', {
      ...mine,
      meta: { parameterA: 11.2, parameterB: 'xyz' },
    });
    await run('query GetDevices { connected: devices { id } seen: devices(include_all: true) { id } }');
    const streams = `query GetDevices($id: String) { devices { streamIds(device_id: $id)
      streams(device_id: $id) { streamId firstEntryId lastEntryId length } } }`;
    expect(await run(streams, { id: 'default' })).toMatchObject({
      devices: [{ streamIds: ['glf'], streams: [{ streamId: 'glf', length: 1 }] }],
    });
    await run('mutation ($sid: String!, $meta: JSON!) { updateStreamMeta(sid: $sid, meta: $meta) }', {
      sid: 'glf',
      meta: { format: 'mp4' },
    });
    expect(
      await run('query ($sids: [String!]) { streams(sids: $sids) { sid meta } }', { sids: ['default:glf'] }),
    ).toEqual({
      streams: [{ sid: 'default:glf', meta: { format: 'mp4' } }],
    });
    await run(`query GetStreams { devices { sids streams { id entriesAdded firstEntryId firstEntryData firstEntryString
      firstEntryJson firstEntryTime lastEntryId lastEntryData lastEntryTime lastGeneratedId maxDeletedEntryId groups length
      radixTreeKeys radixTreeNodes recordedFirstEntryId error meta } } }`);
    await run('query Streams { streams { id } }');
    await run('mutation ($id: String!) { disconnectDevice(id: $id) }', mine);
  });
});
