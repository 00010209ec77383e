import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKeys, UserDirectory } from '@sluice/service-kit';
import { StreamAdmin } from '@sluice/stream-log';
import { waitFor } from '@sluice/testing';
import { GraphqlClient } from './support/client.js';
import { Registry, type Answered } from './support/registry.js';

let registry: Registry;
let open: Registry;
const keys = new Map<string, string>();

beforeAll(async () => {
  open = await Registry.start();
  registry = await Registry.start({ SLUICE_AUTH_MODE: 'strict' }, { redis: open.redis });
  await waitFor(async () => (await fetch(`${registry.url}/health/ready`)).status === 200);
  await open.add('cam1:video', 'x');
  await open.add('cam2:video', 'x');
  await open.data('mutation { a: connectDevice(id: "cam1", meta: {n: 1}) b: connectDevice(id: "cam2", meta: {n: 2}) }');
  await open.data('mutation { updateStreamMeta(sid: "plan", deviceId: "cam2", meta: {secret: true}) }');
  await issue();
});

afterAll(async () => {
  await registry.close();
  await open.close();
});

/** Makes keys with some rights each. */
async function issue(): Promise<void> {
  const { app } = registry.service;
  const [users, apiKeys] = [app.get(UserDirectory), app.get(ApiKeys)];
  await users.add({ name: 'ada', password: 'a long password', scopes: ['admin'] }, 'test');
  const wanted: Record<string, string[]> = {
    reader: ['stream:read=cam1:*'],
    writer: ['stream:read=cam1:*', 'stream:write=cam1:*'],
    late: ['stream:read=late:video'],
    admin: ['admin'],
  };
  for (const [name, scopes] of Object.entries(wanted)) {
    const made = await apiKeys.create({ name, owner: 'ada', scopes });
    keys.set(name, made.secret);
  }
}

function ask(who: string, query: string): Promise<Answered> {
  return registry.ask(query, {}, { authorization: `Bearer ${keys.get(who)}` });
}

describe('in strict mode', () => {
  it('nobody is let in without a credential', async () => {
    const response = await fetch(`${registry.url}/graphql?query={streamIds}`);
    expect(response.status).toBe(401);
  });

  it('lists show only what may be read', async () => {
    const query =
      '{ streamIds(searchMeta: true) streams { id } devices { id meta } streamPage(where: [{path: "secret", exists: true}]) { total } }';
    expect((await ask('reader', query)).data).toEqual({
      streamIds: ['cam1:video'],
      streams: [{ id: 'cam1:video' }],
      devices: [{ id: 'cam1', meta: { n: 1 } }],
      streamPage: { total: 0 },
    });
    const all = (await ask('admin', query)).data as { streamIds: string[]; streamPage: { total: number } };
    expect([all.streamIds.length, all.streamPage.total]).toEqual([5, 1]);
  });

  it('devices are told of from when a stream appears that may be read, and others never', async () => {
    const headers = { authorization: `Bearer ${keys.get('late')}` };
    const client = await GraphqlClient.open(registry.ws, 'graphql-transport-ws', headers);
    client.begin('1', 'subscription { deviceEvents { deviceId } }');
    client.send({ type: 'ping' });
    expect((await client.next()).type).toBe('pong');
    await open.data('mutation { updateDeviceMeta(id: "late", meta: {n: 1}) }');
    await open.service.app.get(StreamAdmin).createStream('late:video');
    await waitFor(async () => {
      await open.data(
        'mutation { updateDeviceMeta(id: "late", meta: {n: 2}) other: updateDeviceMeta(id: "cam2", meta: {}) }',
      );
      return client.pending > 0;
    });
    while (client.pending > 0) expect(await client.data()).toEqual({ deviceEvents: { deviceId: 'late' } });
    await client.close();
    await open.data('mutation { deleteStream(streamId: "video", deviceId: "late") }');
  });

  it('what may not be read is refused in the same words whether it is there or not', async () => {
    for (const query of [
      '{ stream(id: "NAME:video") { length } }',
      '{ device(id: "NAME") { meta } }',
      '{ streams(ids: ["NAME:x"]) { id } }',
    ]) {
      const [there, missing] = [
        await ask('reader', query.replace('NAME', 'cam2')),
        await ask('reader', query.replace('NAME', 'cam9')),
      ];
      expect(there.errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
      expect(JSON.stringify(there).replaceAll('cam2', 'cam9')).toBe(JSON.stringify(missing));
    }
  });

  it('changes need the right to write, deletes and flush need admin', async () => {
    const change = 'mutation { updateStreamMeta(sid: "video", deviceId: "cam1", meta: {a: 1}) }';
    const connect = 'mutation { connectDevice(id: "cam1", meta: {}) }';
    const remove = 'mutation { deleteStream(streamId: "none", deviceId: "cam1") }';
    const flush = 'mutation { flush }';
    for (const query of [change, connect, remove, flush]) {
      expect((await ask('reader', query)).errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
    }
    for (const query of [change, connect]) expect((await ask('writer', query)).errors).toBeUndefined();
    for (const query of [remove, flush, change.replace('cam1', 'cam2'), connect.replace('cam1', 'cam2')]) {
      expect((await ask('writer', query)).errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
    }
    expect((await ask('admin', remove)).errors).toBeUndefined();
  });
});
