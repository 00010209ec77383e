import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Devices } from '@sluice/catalog';
import { StreamAdmin, StreamLog } from '@sluice/stream-log';
import { uniqueName, waitFor } from '@sluice/testing';
import { GraphqlClient } from './support/client.js';
import { Registry } from './support/registry.js';

let registry: Registry;
let other: Registry;

beforeAll(async () => {
  registry = await Registry.start();
  other = await Registry.start({}, { redis: registry.redis });
});

afterAll(async () => {
  await other.close();
  await registry.close();
});

describe('two replicas', () => {
  it('tell what happens to devices, whichever of them it was asked of', async () => {
    const device = uniqueName('cam');
    const before = registry.log.stats().followers;
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    client.begin('1', `subscription { deviceEvents(ids: ["${device}"]) { type deviceId meta hasMissed } }`);
    await waitFor(() => registry.log.stats().followers > before);
    await other.data('mutation { connectDevice(id: "somebody-else", meta: {}) }');
    await other.data(`mutation { connectDevice(id: "${device}", meta: {a: 1}) }`);
    await other.data(`mutation { disconnectDevice(id: "${device}") }`);
    const seen = [];
    for (let at = 0; at < 3; at++) seen.push((await client.data<{ deviceEvents: object }>()).deviceEvents);
    const told = { deviceId: device, hasMissed: false };
    expect(seen).toEqual(
      expect.arrayContaining([
        { ...told, type: 'connected', meta: { a: 1 } },
        { ...told, type: 'meta', meta: { a: 1 } },
        { ...told, type: 'disconnected', meta: {} },
      ]),
    );
    await client.close();
    await waitFor(() => registry.log.stats().followers === before, { message: 'nothing is left behind' });
  });

  it('tell what came after an event that was seen, at another replica too', async () => {
    const device = uniqueName('cam');
    const query = `subscription ($since: String) { deviceEvents(ids: ["${device}"], since: $since) { type position hasMissed } }`;
    interface Told {
      readonly deviceEvents: { type: string; position: string; hasMissed: boolean };
    }
    const first = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    first.begin('1', query);
    first.send({ type: 'ping' });
    expect((await first.next()).type).toBe('pong');
    await other.data(`mutation { updateDeviceMeta(deviceId: "${device}", meta: {a: 1}) }`);
    const { position } = (await first.data<Told>()).deviceEvents;
    await first.close();
    await other.data(`mutation { updateDeviceMeta(deviceId: "${device}", meta: {a: 2}) }`);
    await other.data(`mutation { connectDevice(id: "${device}", meta: {a: 3}) }`);
    const again = await GraphqlClient.open(other.ws, 'graphql-ws');
    again.begin('1', query, { since: position });
    const told = [];
    for (let at = 0; at < 3; at++) told.push((await again.data<Told>()).deviceEvents);
    expect(told.map(({ type }) => type).sort()).toEqual(['connected', 'meta', 'meta']);
    expect(told.map(({ hasMissed }) => hasMissed)).toEqual([false, false, false]);
    expect(told.map(({ position: at }) => at)).not.toContain(position);
    again.begin('3', query, { since: 'no position' });
    const refused = await again.next();
    expect(JSON.stringify(refused)).toContain('is not the position of an event');
    await again.close();
  });

  it('answer a ping after what was asked for before it has begun, so that a client knows when nothing is missed', async () => {
    const device = uniqueName('cam');
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    client.begin('1', `subscription { deviceEvents(ids: ["${device}"]) { type } }`);
    client.send({ type: 'ping', payload: { n: 1 } });
    expect(await client.next()).toEqual({ type: 'pong', payload: { n: 1 } });
    await other.data(`mutation { connectDevice(id: "${device}", meta: {}) }`);
    expect((await client.data<{ deviceEvents: { type: string } }>()).deviceEvents.type).toMatch(/^(connected|meta)$/);
    client.begin('2', 'subscription { nothing }');
    client.send({ type: 'ping' });
    const types: string[] = [];
    while (!types.includes('pong')) types.push((await client.next()).type);
    expect(types).toContain('error');
    await client.close();
  });

  it('tell of streams that come and go', async () => {
    const prefix = `${uniqueName('fresh')}:`;
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws');
    client.begin('1', `subscription { streamEvents(prefix: "${prefix}") { type streamId } }`);
    client.begin('2', '{ streamIds(prefix: "none:") }');
    await client.next();
    await client.next();
    await waitFor(async () => {
      const admin = other.service.app.get(StreamAdmin);
      await admin.createStream(`${prefix}${uniqueName('s')}`);
      return client.pending > 0;
    });
    const { streamEvents } = await client.data<{ streamEvents: { type: string; streamId: string } }>();
    expect(streamEvents.type).toBe('created');
    expect(streamEvents.streamId.startsWith(prefix)).toBe(true);
    await client.close();
  });

  it('find metadata as soon as the other one has said that it is stored', async () => {
    for (let at = 0; at < 20; at++) {
      const mark = uniqueName('mark');
      await registry.data(`mutation { updateStreamMeta(sid: "${mark}", meta: {mark: "${mark}"}) }`);
      const query = `{ streamPage(where: [{path: "mark", equals: "${mark}"}]) { nodes { id } } streamIds(searchMeta: true, match: "default:${mark}") }`;
      expect(await other.data(query)).toEqual({
        streamPage: { nodes: [{ id: `default:${mark}` }] },
        streamIds: [`default:${mark}`],
      });
    }
  });

  it('keep all of what they are told at the same time', async () => {
    const sid = uniqueName('both');
    await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        (at % 2 === 0 ? registry : other).data(
          `mutation { updateStreamMeta(sid: "${sid}", meta: {m${at}: ${at}}, update: true) }`,
        ),
      ),
    );
    const { stream } = await other.data<{ stream: { meta: object } }>(`{ stream(id: "default:${sid}") { meta } }`);
    expect(Object.keys(stream.meta)).toHaveLength(30);
  });
});

describe('a replica that starts', () => {
  it('indexes what is there, also what other programs wrote, and says when it has', async () => {
    await registry.redis.command('SET', ':stream:meta:foreign:x', '{"by":"another program"}');
    const late = await Registry.start({}, { redis: registry.redis });
    await waitFor(async () => {
      const health = (await (await fetch(`${late.url}/health`)).json()) as {
        checks: { index: { isRebuilding: boolean } };
      };
      return !health.checks.index.isRebuilding;
    });
    expect(await late.data('{ streamPage(where: [{path: "by", contains: "another"}]) { nodes { id } } }')).toEqual({
      streamPage: { nodes: [{ id: 'foreign:x' }] },
    });
    await late.close();
  });

  it('goes on after Redis was away', async () => {
    const redis = registry.redis;
    await redis.command('SET', ':stream:meta:lasting:x', '{"a":1}');
    const alone = await Registry.start({}, { options: { appendonly: true } });
    // Otherwise Redis may hold back for two seconds what it has acknowledged, while a busy disk takes what came before.
    await alone.redis.command('CONFIG', 'SET', 'appendfsync', 'always');
    await alone.data('mutation { connectDevice(id: "kept", meta: {a: 1}) updateStreamMeta(sid: "m", meta: {b: 2}) }');
    await alone.redis.restart();
    const query = '{ devices { id meta connected } streamIds(searchMeta: true, prefix: "default:") }';
    let answer = await alone.ask(query);
    // Until the index has caught up, which may take longer than an answer waits for it, answers say that they are not complete.
    await waitFor(
      async () => {
        answer = await alone.ask(query);
        return answer.errors === undefined && answer.extensions === undefined;
      },
      { message: () => `Redis is back: ${JSON.stringify(answer)}` },
    );
    expect(answer.data).toEqual({
      devices: [{ id: 'kept', meta: { a: 1 }, connected: true }],
      streamIds: ['m'],
    });
    await alone.close();
  });
});

describe('events of devices', () => {
  it('are kept to about a thousand', async () => {
    const devices = registry.service.app.get(Devices);
    expect(registry.service.app.get(StreamLog).isCluster).toBe(false);
    for (let at = 0; at < 1_500; at += 100) {
      await Promise.all(Array.from({ length: 100 }, () => devices.disconnect('nobody')));
    }
    expect(Number(await registry.redis.command('XLEN', ':event:device.connected'))).toBeLessThan(1_400);
  });
});
