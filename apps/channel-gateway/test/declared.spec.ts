import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChannelsClient, query } from '@sluice/sdk';
import { Entities } from '@sluice/catalog';
import { RedisCommands } from '@sluice/stream-log';
import { Tokens, UserDirectory } from '@sluice/service-kit';
import { startRedis, waitFor, type RedisServer } from '@sluice/testing';
import { channel, defineApplication, recordType, Type } from '../src/sdk/index.js';
import { TestGateway, type Answer } from './support/gateway.js';
import { lab } from './support/lab.js';

let redis: RedisServer;
let replicas: TestGateway[];
let one: TestGateway;
let other: TestGateway;

beforeAll(async () => {
  redis = await startRedis();
  replicas = await Promise.all(
    [1, 2].map(() => TestGateway.start({ application: lab({ channelsGraph: true }), redis })),
  );
  [one, other] = replicas as [TestGateway, TestGateway];
});

afterAll(async () => {
  await Promise.all((replicas ?? []).map((replica) => replica.close()));
  await redis?.stop();
});

/** An application that has nothing of the lab's. */
const small = () =>
  defineApplication({
    channels: { tiny: channel(recordType('Tiny', { n: Type.Integer({ default: 0 }) })) },
    modules: [],
  });

const record = {
  title: 'Order',
  type: 'object',
  properties: {
    part: { type: 'string', maxLength: 20 },
    count: { type: 'integer', minimum: 1, default: 1 },
    colour: { enum: ['red', 'green'] },
    due: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
    at: { $ref: '#/$defs/Place' },
    tags: { type: 'array', items: { type: 'string' }, default: [] },
    marks: { type: 'object', additionalProperties: { type: 'number' } },
  },
  required: ['part'],
  $defs: { Place: { type: 'object', properties: { row: { type: ['integer', 'null'] } }, required: ['row'] } },
};
const declaration = (name: string, more: object = {}): object => ({ name, record, ...more });
const remove = (name: string, gateway = one): Promise<Answer> => gateway.get(`/channels/${name}`, { method: 'DELETE' });
const bodyOf = async (answer: Promise<Answer>): Promise<unknown> => (await answer).body;

describe('a channel that is declared', () => {
  beforeAll(async () => {
    const states = [{ keyBy: ['part'] }, { keyBy: ['at.row'], alias: 'by_row' }];
    const made = await one.post(
      '/channels',
      declaration('orders', { staged: true, states, description: 'What is wanted.' }),
    );
    expect([made.status, made.body]).toMatchObject([201, { name: 'orders', shape: 'scalar', sendable: true }]);
  });

  afterAll(async () => {
    await remove('orders');
  });

  it('is served everywhere at once', async () => {
    for (const group of ['last', 'next', 'lookup', 'send', 'stage']) {
      expect(await other.list(`/${group}/`)).toContain('orders');
    }
    expect(await other.list('/state/')).toEqual(['by_row', 'orders']);
    expect(await other.list('/stream')).toContain('orders');
    expect(await bodyOf(other.get('/channels_graph'))).toMatchObject({ orders: { setters: ['Send[orders]'] } });
    expect(await bodyOf(other.get('/perspective/tables'))).toMatchObject({
      orders: { id: 'string', part: 'string', count: 'integer', 'at.row': 'integer', due: 'datetime' },
    });
    expect(await bodyOf(other.get('/channels'))).toMatchObject([{ name: 'orders', record }]);
    expect(await bodyOf(other.get('/channels/orders'))).toMatchObject({ description: 'What is wanted.' });
    expect((await other.get('/channels/none')).status).toBe(404);
  });

  it('stands in the documents', async () => {
    for (const path of ['//openapi.json', '//docs/openapi.json']) {
      const { paths, components } = (await bodyOf(other.get(path))) as {
        paths: Record<string, object>;
        components: { schemas: Record<string, { properties: object; required?: unknown }> };
      };
      const groups = [
        'last/orders',
        'next/orders',
        'lookup/orders/{id}',
        'send/orders',
        'stage/orders',
        'state/by_row',
      ];
      expect(Object.keys(paths)).toEqual(expect.arrayContaining(groups.map((group) => `/api/v1/${group}`)));
      expect(paths['/api/v1/last/orders']).toMatchObject({ get: { type_: 'declared.orders.Order' } });
      expect(Object.keys(components.schemas['Order-Output']?.properties ?? {})).toContain('count');
      expect(components.schemas['Order-Input']?.required).toEqual(['part']);
    }
  });

  it('takes records that fit, completes them, and shows them on every replica', async () => {
    const socket = await other.socket();
    await socket.sync({ action: 'subscribe', channel: 'orders' });
    const sent = await one.post('/send/orders', { part: 'nut', at: { row: 3 }, marks: { a: 1.5 }, due: '2030-01-01' });
    const [order] = sent.body as { id: string }[];
    expect(order).toMatchObject({ part: 'nut', count: 1, at: { row: 3 }, tags: [], due: '2030-01-01T00:00:00' });
    expect(Object.keys(order ?? {}).slice(0, 2)).toEqual(['id', 'timestamp']);
    expect(await other.list('/last/orders')).toEqual([order]);
    expect(await other.list(`/lookup/orders/${order?.id}`)).toEqual([order]);
    expect(await other.list('/state/orders')).toEqual([order]);
    expect(await other.list('/state/by_row')).toEqual([order]);
    expect((await socket.next('orders')).data).toEqual([order]);
    expect(await other.list('/history/orders')).toEqual([order]);
    const sql = { sql: 'SELECT part, count FROM state.orders UNION ALL SELECT part, count FROM history.orders' };
    expect(await bodyOf(other.post('/sql', sql))).toMatchObject({ rows: [{ part: 'nut' }, { part: 'nut' }] });
    await socket.close();
  });

  it.each([
    [{}, 'missing'],
    [{ part: 'x'.repeat(21) }, 'string_too_long'],
    [{ part: 'a', count: 0 }, 'greater_than_equal'],
    [{ part: 'a', colour: 'blue' }, 'enum'],
    [{ part: 'a', other: 1 }, 'extra_forbidden'],
    [{ part: 'a', marks: { a: 'x' } }, 'float_parsing'],
  ])('refuses the record %j', async (body, type) => {
    expect(await one.post('/send/orders', body)).toMatchObject({ status: 422, body: { detail: [{ type }] } });
  });

  it('stages records and releases them', async () => {
    await one.post('/stage/orders', { part: 'staged' });
    const released = await other.get('/stage/orders', { method: 'PATCH' });
    expect(Object.values(released.body as object)).toMatchObject([[{ part: 'staged' }]]);
    expect(await one.list('/last/orders')).toMatchObject([{ part: 'staged' }]);
  });

  it('is there for a client of the SDK that was made before', async () => {
    const client = new ChannelsClient({ url: other.url });
    const stream = client.stream('orders');
    const [sent] = await client.send('orders', { part: 'sdk', count: 7 });
    expect(await client.last('orders')).toEqual([sent]);
    expect(await client.state('orders', query().where('count', '>', 5))).toEqual([sent]);
    stream.close();
  });

  it('is declared and removed by a client of the SDK', async () => {
    const client = new ChannelsClient({ url: one.url });
    const definition = { name: 'by_sdk', record, states: [{ keyBy: ['part'] }] };
    expect(await client.declare(definition)).toMatchObject({ ...definition, shape: 'scalar', sendable: true });
    expect((await client.declared()).map(({ name }) => name)).toContain('by_sdk');
    await expect(client.declare({ ...definition, record: { type: 'string' } })).rejects.toThrow('object');
    await client.undeclare('by_sdk');
    await expect(client.undeclare('by_sdk')).rejects.toThrow('404');
  });

  it('is declared again without effect, and otherwise not', async () => {
    const same = await bodyOf(one.get('/channels/orders'));
    expect(await other.post('/channels', same)).toMatchObject({ status: 200, body: same as object });
    expect((await other.post('/channels', { ...(same as object), sendable: false })).status).toBe(409);
    expect((await one.list('/last/orders')).length).toBe(1);
  });

  it('is found in the catalogue of the system, as the channels of the application are', async () => {
    const entities = new Entities(other.service.app.get(RedisCommands));
    await waitFor(async () => (await entities.names('channel')).includes('orders'));
    expect(await entities.names('channel')).toEqual(expect.arrayContaining(['doubled', 'input', 'orders', 'sides']));
    expect(await entities.describe('channel', ['orders'])).toMatchObject([{ shape: 'scalar', application: 'default' }]);
  });
});

describe('the shapes', () => {
  it.each([
    ['list', {}, '', [{ part: 'a' }], [{ part: 'a' }]],
    ['basket', { keys: ['y/z', 'q'] }, '/y/z', { part: 'a' }, [{ part: 'a' }]],
    ['basket_of_lists', { keys: ['k'] }, '/k', [{ part: 'a' }, { part: 'b' }], [{ part: 'a' }, { part: 'b' }]],
  ])('%s', async (shape, more, key, sent, last) => {
    const name = `shape_${shape}`;
    const states = shape === 'list' ? [{ keyBy: ['part'] }] : [{ keyBy: ['part'], key: key.slice(1) }];
    expect(await one.post('/channels', declaration(name, { shape, states, ...more }))).toMatchObject({ status: 201 });
    expect((await other.post(`/send/${name}${key}`, sent)).status).toBe(200);
    expect(await one.list(`/last/${name}${key}`)).toMatchObject(last);
    expect(await one.list(`/last/${name.replaceAll('_', '-')}`)).toMatchObject(last);
    expect((await one.list(`/state/${name}`)).length).toBe(last.length);
    expect((await remove(name)).status).toBe(204);
  });
});

describe('a channel that is removed', () => {
  it('is gone everywhere, with all it held, and can be declared anew', async () => {
    const states = [{ keyBy: ['part'] }];
    await one.post('/channels', declaration('gone', { staged: true, states }));
    const socket = await other.socket();
    await socket.sync({ action: 'subscribe', channel: 'gone' });
    const [order] = (await one.post('/send/gone', { part: 'old' })).body as { id: string }[];
    await socket.next('gone');
    await one.post('/stage/gone', { part: 'staged' });
    const waiting = other.list('/next/gone');
    await waitFor(() => other.viewOf('gone').waiters.has(null));
    expect((await remove('gone', one)).status).toBe(204);
    expect(await waiting).toEqual([]);
    for (const path of ['/last/gone', '/next/gone', '/state/gone', '/stage/gone', '/history/gone', '/channels/gone']) {
      expect((await one.get(path)).status).toBe(404);
    }
    await waitFor(async () => (await other.get('/last/gone')).status === 404);
    expect((await other.get(`/lookup/id/${order?.id}`)).status).toBe(404);
    expect((await remove('gone', other)).status).toBe(404);
    const commands = one.service.app.get(RedisCommands);
    const left = await commands.run({ name: 'KEYS', args: ['*:gone'], subject: 'keys' });
    expect(left).toEqual([]);

    const changed = {
      name: 'gone',
      record: { type: 'object', properties: { n: { type: 'number' } } },
      states: [{ keyBy: ['n'] }],
    };
    expect((await other.post('/channels', changed)).status).toBe(201);
    expect(await one.list('/last/gone')).toEqual([]);
    await socket.sync({ action: 'subscribe', channel: 'gone' });
    const sent = await one.post('/send/gone', { n: 1.5 });
    expect((await socket.next('gone')).data).toEqual(sent.body);
    expect(socket.messages).toEqual([]);
    expect(await other.list('/state/gone')).toEqual(sent.body);
    await socket.close();
    await remove('gone');
  });
});

describe('a channel that comes and goes in other shapes while it is used', () => {
  it('is there or not, holds nothing of before, and nothing else is told', async () => {
    const seen = new Set<number>();
    let isOver = false;
    const use = async (ask: () => Promise<Answer>): Promise<void> => {
      while (!isOver) seen.add((await ask()).status);
    };
    const sql = { sql: 'SELECT 1 FROM state.restless' };
    const users = [
      () => one.get('/state/restless'),
      () => other.get('/state/restless'),
      () => one.get('/last/restless'),
      () => one.get('/next/restless?timeout=0.05'),
      () => other.post('/send/restless', { part: 'a' }),
      () => other.post('/send/restless/k', { part: 'a' }),
    ].map(use);
    const shapes = [
      { states: [{ keyBy: ['part'] }] },
      { shape: 'basket', keys: ['k'], states: [{ keyBy: ['part'], key: 'k' }] },
    ];
    for (let round = 0; round < 8; round += 1) {
      expect((await one.post('/channels', declaration('restless', shapes[round % 2]))).status).toBe(201);
      await waitFor(async () => (await one.list('/history/restless')).length > 0);
      expect([200, 400]).toContain((await one.post('/sql', sql)).status);
      for (const replica of [one, other]) expect((await replica.get('/history/restless')).status).toBe(200);
      expect((await remove('restless')).status).toBe(204);
    }
    isOver = true;
    await Promise.all(users);
    // 422: what is sent to a basket as a whole names its keys.
    expect([200, 404, 422]).toEqual(expect.arrayContaining([...seen]));
  });
});

describe('declarations', () => {
  it('survive a restart, with what ticked', async () => {
    await one.post('/channels', declaration('kept', { states: [{ keyBy: ['part'] }] }));
    const sent = await one.post('/send/kept', { part: 'a' });
    const third = await TestGateway.start({ application: lab(), redis });
    expect(await third.list('/last/kept')).toEqual(sent.body);
    expect(await third.list('/state/kept')).toEqual(sent.body);
    await third.close();
    await remove('kept');
  });

  it('of a name that the application has by then are not served, and are removed without touching it', async () => {
    const environment = { SLUICE_CHANNEL_GATEWAY_APPLICATION: 'grown' };
    const before = await TestGateway.start({ redis, environment, application: small() });
    await before.post('/channels', declaration('input'));
    await before.close();
    const grown = await TestGateway.start({ redis, environment, application: lab() });
    const [sent] = (await grown.post('/send/input', { x: 3 })).body as object[];
    expect((await grown.get('/channels/input', { method: 'DELETE' })).status).toBe(204);
    expect(await grown.list('/last/input')).toEqual([sent]);
    expect(await grown.list('/channels')).toEqual([]);
    await grown.close();
  });

  it('that race each other come to one', async () => {
    const asked = Array.from({ length: 12 }, (_value, at) =>
      (at % 2 === 0 ? one : other).post('/channels', declaration('raced', { description: `variant ${at % 3}` })),
    );
    const statuses = (await Promise.all(asked)).map((answer) => answer.status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    expect(statuses.filter((status) => status === 409)).toHaveLength(8);
    expect(await one.get('/channels/raced')).toMatchObject({
      body: (await other.get('/channels/raced')).body as object,
    });
    await remove('raced');
  });

  it('have an end', async () => {
    const environment = {
      SLUICE_CHANNEL_GATEWAY_MAX_DECLARED_CHANNELS: '2',
      SLUICE_CHANNEL_GATEWAY_APPLICATION: 'few',
    };
    const few = await TestGateway.start({ application: lab(), redis, environment });
    const statuses = [];
    for (const name of ['a', 'b', 'c']) statuses.push((await few.post('/channels', declaration(name))).status);
    expect(statuses).toEqual([201, 201, 429]);
    await remove('a', few);
    expect((await few.post('/channels', declaration('c'))).status).toBe(201);
    await few.close();
  });

  it('are served without Redis as they were known', async () => {
    const own = await startRedis();
    const alone = await TestGateway.start({ application: lab(), redis: own });
    await alone.post('/channels', declaration('known'));
    await own.kill('SIGKILL');
    const [document, listing, unknown, send] = await Promise.all([
      alone.get('//openapi.json'),
      alone.get('/last/'),
      alone.get('/last/unknown'),
      alone.post('/channels', declaration('other')),
    ]);
    expect([document.status, listing.status, unknown.status, send.status]).toEqual([200, 200, 404, 503]);
    expect(listing.body).toContain('known');
    await own.restart();
    await waitFor(async () => (await alone.post('/channels', declaration('other'))).status === 201);
    expect(await alone.list('/last/')).toContain('other');
    await alone.close();
    await own.stop();
  });

  it.each(['input', 'secrets', 'id', 'heartbeat', 'controls'])('cannot take the name %s', async (name) => {
    expect((await one.post('/channels', declaration(name))).status).toBe(409);
  });

  it('cannot take the name of a state', async () => {
    await one.post('/channels', declaration('first', { states: [{ keyBy: ['part'], alias: 'by_part' }] }));
    const second = declaration('second', { states: [{ keyBy: ['part'], alias: 'by_part' }] });
    expect((await other.post('/channels', second)).status).toBe(409);
    await remove('first');
    expect((await other.post('/channels', second)).status).toBe(201);
    await remove('second');
  });
});

describe('in strict mode', () => {
  it('admins declare and remove, and readers see what they may read by the pattern of its name', async () => {
    const strict = await TestGateway.start({
      application: lab(),
      redis,
      environment: { SLUICE_AUTH_MODE: 'strict', SLUICE_CHANNEL_GATEWAY_APPLICATION: 'strict' },
    });
    const { app } = strict.service;
    const headers = new Map<string, { authorization: string }>();
    const scopes = { boss: ['admin'], writer: ['channel:read=*', 'channel:write=*'], ann: ['channel:read=ann_*'] };
    for (const [name, granted] of Object.entries(scopes)) {
      await app.get(UserDirectory).add({ name, password: 'correct horse', scopes: granted }, 'test');
      headers.set(name, { authorization: `Bearer ${(await app.get(Tokens).issue(name, {})).token}` });
    }
    const ask = (who: string, path: string, method = 'GET', body?: unknown): Promise<Answer> =>
      strict.get(path, {
        method,
        headers: headers.get(who) ?? {},
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    for (const who of ['nobody', 'writer', 'ann']) {
      expect((await ask(who, '/channels', 'POST', declaration('ann_one'))).status).toBe(403);
    }
    for (const name of ['ann_one', 'bob_one']) {
      expect((await ask('boss', '/channels', 'POST', declaration(name))).status).toBe(201);
      expect((await ask('writer', `/send/${name}`, 'POST', { part: 'a' })).status).toBe(200);
    }
    expect((await ask('ann', '/last/')).body).toEqual(['ann_one']);
    expect((await ask('ann', '/channels')).body).toMatchObject([{ name: 'ann_one' }]);
    expect((await ask('ann', '/last/ann_one')).body).toMatchObject([{ part: 'a' }]);
    expect((await ask('ann', '/channels/bob_one')).status).toBe(404);
    expect((await ask('ann', '/last/bob_one')).status).toBe(403);
    expect((await ask('ann', '/send/ann_one', 'POST', { part: 'a' })).status).toBe(403);
    expect((await ask('writer', '/channels/ann_one', 'DELETE')).status).toBe(403);
    expect((await ask('boss', '/channels/ann_one', 'DELETE')).status).toBe(204);
    await strict.close();
  });
});
