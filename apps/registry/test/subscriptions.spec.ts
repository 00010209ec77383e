import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName, waitFor } from '@sluice/testing';
import { GraphqlClient } from './support/client.js';
import { Registry } from './support/registry.js';

interface Payload {
  readonly streamId: string;
  readonly time: string & readonly string[];
  readonly data: string & readonly string[];
  readonly string: string & readonly string[];
  readonly json: unknown;
}

const FIELDS = `
  ... on DataPayload { streamId time data string json }
  ... on DataPayloads { streamId times: time list: data strings: string jsons: json }`;
let registry: Registry;
let ownFollowers: number;

beforeAll(async () => {
  registry = await Registry.start();
  ownFollowers = registry.log.stats().followers;
});

afterAll(() => registry.close());

const followers = (count: number): Promise<unknown> =>
  waitFor(() => registry.log.stats().followers - ownFollowers === count, { message: () => `${count} followers` });

describe.each(['graphql-transport-ws', 'graphql-ws'])('%s', (protocol) => {
  it('gives entries from now on, whole names and all forms, and ends when it is told to', async () => {
    const sid = uniqueName('live');
    const client = await GraphqlClient.open(registry.ws, protocol);
    await registry.add(`default:${sid}`, 'before');
    client.begin('1', `subscription ($sids: JSON!) { data(streamIds: $sids) { streamId time data string json } }`, {
      sids: [sid],
    });
    await followers(1);
    const id = await registry.add(`default:${sid}`, '{"x":[1]}');
    expect(await client.data()).toEqual({
      data: { streamId: `default:${sid}`, time: id, data: 'eyJ4IjpbMV19', string: '{"x":[1]}', json: { x: [1] } },
    });
    client.end('1');
    await followers(0);
    await client.close();
  });

  it('answers queries and mutations too, and tells what is wrong with an operation under its id', async () => {
    const client = await GraphqlClient.open(registry.ws, protocol);
    client.begin('q', '{ streamIds(prefix: "none:") }');
    expect(await client.data()).toEqual({ streamIds: [] });
    expect(await client.next()).toMatchObject({ type: 'complete', id: 'q' });
    client.begin('m', `mutation { updateStreamMeta(streamId: "${uniqueName('m')}", meta: {a: 1}) }`);
    expect(await client.data()).toEqual({ updateStreamMeta: { meta_set: true } });
    await client.next();
    client.begin('bad', '{ nothing }');
    const refusal = await client.next();
    expect(refusal).toMatchObject({ type: 'error', id: 'bad' });
    expect(JSON.stringify(refusal.payload)).toContain('Cannot query field');
    if (!client.isLegacy) expect(await client.next()).toEqual({ type: 'complete', id: 'bad' });
    client.begin('again', '{ streamIds(prefix: "none:") }');
    expect(await client.data()).toEqual({ streamIds: [] });
    await client.close();
  });

  it('leaves nothing behind when the socket goes', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => GraphqlClient.open(registry.ws, protocol)));
    for (const client of clients) client.begin('1', 'subscription { data(streamIds: ["x", "y"]) { data } }');
    await followers(6);
    clients[0]?.ws.terminate();
    await Promise.all(clients.slice(1).map((client) => client.close()));
    await followers(0);
  });
});

describe('the subscription "streams"', () => {
  it('begins after the ids of an object, gives lists with a count, and keeps the device in the name', async () => {
    const sid = uniqueName('from');
    const ids = [];
    for (let at = 0; at < 5; at++) ids.push(await registry.add(`cam:${sid}`, String(at), `${1_000 + at}-0`));
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    client.begin('1', `subscription ($s: JSON!) { streams(streamIds: $s, device: "cam", count: 3) {${FIELDS}} }`, {
      s: { [sid]: ids[0] },
    });
    const first = await client.data<{ streams: Payload & { times: string[]; strings: string[]; jsons: number[] } }>();
    expect(first.streams).toMatchObject({ streamId: `cam:${sid}`, times: ids.slice(1, 4), jsons: [1, 2, 3] });
    const second = await client.data<{ streams: { strings: string[] } }>();
    expect(second.streams.strings).toEqual(['4']);
    await client.close();
  });

  it('gives each entry by itself with count 0, of each stream in order', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    for (let at = 0; at < 3; at++) await registry.add(`default:${a}`, String(at));
    await registry.add(`default:${b}`, 'other');
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    const query = `subscription ($s: JSON!) { streams(streamIds: $s) { ... on DataPayload { streamId string } } }`;
    client.begin('1', query, { s: { [a]: '0', [b]: '-' } });
    const seen: Payload[] = [];
    for (let at = 0; at < 4; at++) seen.push((await client.data<{ streams: Payload }>()).streams);
    expect(seen.filter(({ streamId }) => streamId.endsWith(a)).map(({ string }) => string)).toEqual(['0', '1', '2']);
    expect(seen.some(({ string }) => string === 'other')).toBe(true);
    await client.close();
  });

  it('with latest gives the newest first, and reaches event streams with an empty device', async () => {
    const sid = uniqueName('latest');
    for (let at = 0; at < 50; at++) await registry.add(`default:${sid}`, String(at));
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    const query = `subscription ($s: JSON!) { streams(streamIds: $s, count: 2, latest: true) {${FIELDS}} }`;
    client.begin('1', query, { s: { [sid]: '0' } });
    const { streams } = await client.data<{ streams: { strings: string[] } }>();
    expect(streams.strings).toEqual(['49', '48']);
    const events = `subscription { data(streamIds: ["event:device.connected"], device: "") { json } }`;
    client.begin('2', events);
    await followers(2);
    await registry.data('mutation { connectDevice(deviceId: "evt", meta: {a: 1}) }');
    expect(await client.data()).toEqual({ data: { json: { device_id: 'evt', connected: true, meta: { a: 1 } } } });
    await client.close();
    await followers(0);
  });

  it('stands still for a client that stops reading, and goes on where it was when it reads again', async () => {
    const sid = uniqueName('slow');
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    client.begin('1', `subscription { data(streamIds: ["${sid}"]) { time data } }`);
    await followers(1);
    client.ws.pause();
    const payload = Buffer.alloc(100_000, 'x');
    const ids: string[] = [];
    while (registry.log.stats().slowFollowers === 0 && ids.length < 900) {
      for (let at = 0; at < 20; at++) ids.push(await registry.add(`default:${sid}`, payload));
    }
    const { bytesRead } = registry.log.stats();
    for (let at = 0; at < 50; at++) ids.push(await registry.add(`default:${sid}`, payload));
    await registry.data('{ streamIds(prefix: "none:") }');
    expect(registry.log.stats().slowFollowers).toBe(1);
    // What comes while nobody reads stays in Redis, but for a batch that was on its way.
    expect(registry.log.stats().bytesRead - bytesRead).toBeLessThan(3_000_000);
    client.ws.resume();
    for (const id of ids) expect((await client.data<{ data: Payload }>()).data.time).toBe(id);
    await client.close();
    await followers(0);
  });

  it('tells a client that was overtaken by trimming what it has lost', async () => {
    const sid = uniqueName('gap');
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    client.begin('1', `subscription { data(streamIds: ["${sid}"]) { time gap data } }`);
    await followers(1);
    client.ws.pause();
    const payload = Buffer.alloc(100_000, 'x');
    for (let at = 0; at < 900 && registry.log.stats().slowFollowers === 0; at++) {
      await registry.add(`default:${sid}`, payload);
    }
    for (let at = 0; at < 100; at++) await registry.add(`default:${sid}`, payload);
    await registry.redis.command('XTRIM', `default:${sid}`, 'MAXLEN', '1');
    client.ws.resume();
    const told = await waitFor(async () => (await client.data<{ data: { gap: { lost: number } | null } }>()).data.gap);
    expect(told.lost).toBeGreaterThan(0);
    await client.close();
    await followers(0);
  });

  it.each<[string, string, string, string]>([
    ['a name that is none', '{ "a": true }', 'has no entry id', 'default'],
    ['nothing', '[]', 'names no stream', 'default'],
    ['a number', '7', 'is neither a list of names nor an object', 'default'],
    ['an id that is none', '{ "a": "x-y" }', 'is no entry id', 'default'],
    ['a reserved name', '["events"]', 'reserved', 'sluice'],
  ])('refuses %s as streamIds', async (_what, streamIds, message, device) => {
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    const query = 'subscription ($s: JSON!, $device: String) { data(streamIds: $s, device: $device) { data } }';
    client.begin('1', query, { s: JSON.parse(streamIds) as unknown, device });
    expect(JSON.stringify(await client.next())).toContain(message);
    await client.close();
    await followers(0);
  });
});

describe('sockets', () => {
  it('that speak neither protocol are closed with 4406', async () => {
    const client = await GraphqlClient.open(registry.ws, null);
    expect(await client.closed).toMatchObject({ code: 4406 });
  });

  it.each(['graphql-transport-ws', 'graphql-ws'])('of %s end at a message that is none', async (protocol) => {
    for (const text of ['no json', '7', '{"type":"nonsense"}', '{"type":"start"}']) {
      const client = await GraphqlClient.open(registry.ws, protocol);
      client.ws.send(text);
      expect((await client.closed).code).toBe(4400);
    }
  });

  it('take messages up to 1 MiB', async () => {
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    client.begin('1', '{ streamIds(prefix: "none:") }', { unused: 'x'.repeat(1024 * 1024 - 500) });
    expect(await client.data()).toEqual({ streamIds: [] });
    client.begin('2', '{ streamIds(prefix: "none:") }', { unused: 'x'.repeat(1024 * 1024) });
    expect((await client.closed).code).toBe(1009);
  });

  it('have so many operations at a time', async () => {
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    for (let at = 0; at < 201; at++) client.begin(String(at), 'subscription { data(streamIds: ["many"]) { data } }');
    expect(await client.next()).toMatchObject({ type: 'error', id: '200' });
    await followers(200);
    await client.close();
    await followers(0);
  });
});
