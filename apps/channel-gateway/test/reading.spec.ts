import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { itWithin, TestGateway } from './support/gateway.js';

const ALL = [
  'basket',
  'controls',
  'example',
  'example_list',
  'example_with_stage',
  'example_with_state',
  'example_with_state_multiple',
  'never_ticks',
  'str_basket',
];

let demo: TestGateway;

beforeAll(async () => {
  demo = await TestGateway.start({ isSuite: true });
  await waitFor(async () => (await demo.list('/last/example')).length === 1);
});

afterAll(async () => {
  await demo?.close();
});

describe('the lists of the demo', () => {
  it.each([
    ['/last/', ALL],
    ['/next/', ALL],
    ['/lookup/', ALL],
    ['/send/', ['basket', 'basket/A', 'basket/B', 'basket/C', 'controls', 'example']],
    ['/controls/', ['heartbeat', 'shutdown', 'stats']],
    ['/field', ['metadata']],
    [
      '/stream',
      [
        'example',
        'example_list',
        'example_with_state',
        'example_with_state_multiple',
        'example_with_stage',
        'basket/A',
        'basket/B',
        'basket/C',
        'str_basket/a',
        'str_basket/b',
        'str_basket/c',
        'never_ticks',
        'controls',
        'heartbeat',
      ],
    ],
  ])('%s', async (path, expected) => {
    expect(await demo.get(path)).toMatchObject({ status: 200, body: expected });
  });
});

describe('slashes', () => {
  it.each([
    ['/last', '/last/'],
    ['/last?x=1&y=2', '/last/?x=1&y=2'],
    ['/send', '/send/'],
    ['/controls', '/controls/'],
    ['/last/example/', '/last/example'],
    ['/last/example-list/', '/last/example-list'],
    ['/stream/', '/stream'],
  ])('%s is sent to %s with an absolute address', async (path, right) => {
    const { status, headers } = await demo.get(path);
    expect([status, headers.get('location')]).toEqual([307, `${demo.url}/api/v1${right}`]);
  });

  it('send nobody to what is not served', async () => {
    expect(await demo.get('/last/nope/')).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
    expect(await demo.get('/nope/')).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
  });
});

describe('refusals', () => {
  it.each([
    ['POST', '/last/nope'],
    ['GET', '/send/nope'],
    ['GET', '/send/example_list'],
    ['PUT', '/state/nope'],
    ['GET', '/stage/nope'],
  ])('%s %s is not found, whatever the method', async (method, path) => {
    expect(await demo.get(path, { method })).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
  });

  it.each([
    ['/last/nope', 'Not Found'],
    ['/nope', 'Not Found'],
    ['/last/example/A', 'Not Found'],
    ['/last/never_ticks', 'Channel not found: never_ticks'],
    ['/last/never-ticks', 'Channel not found: never_ticks'],
    ['/next/never_ticks', 'Channel not found: never_ticks'],
    ['/last/basket/Z', 'Channel not found: basket/Z'],
    ['/last/basket/1', 'Channel not found: basket/1'],
    ['/last/str_basket/zzz', 'Channel not found: str_basket/zzz'],
    ['/next/str_basket/zzz', 'Channel not found: str_basket/zzz'],
    ['/lookup/nope/1', 'Not Found'],
    ['/lookup/id/nope', 'No GatewayStruct found with id: nope'],
    ['/lookup/id/a/b%2Fc', 'No GatewayStruct found with id: a/b/c'],
    ['/field/nope', 'Not Found'],
    ['/last/__proto__', 'Not Found'],
    ['/last/constructor', 'Not Found'],
  ])('%s is 404: %s', async (path, detail) => {
    expect(await demo.get(path)).toMatchObject({ status: 404, body: { detail } });
  });

  it('a wrong method is 405 and names the right one', async () => {
    const { status, body, headers } = await demo.get('/last/example', { method: 'DELETE' });
    expect([status, body, headers.get('allow')]).toEqual([405, { detail: 'Method Not Allowed' }, 'GET']);
  });

  it.each([
    ['/next/example?timeout=soon', 'timeout'],
    ['/next/example?timeout=-1', 'timeout'],
    ['/next/example?timeout=', 'timeout'],
    ['/next/example?after=', 'after'],
    ['/next/example?timeout=1e9', 'timeout'],
    ['/next/example?after=1&after=2', 'after'],
  ])('%s is 422 and names the parameter', async (path, name) => {
    const { status, body } = await demo.get(path);
    expect([status, body]).toMatchObject([422, { detail: [{ loc: ['query', name] }] }]);
  });
});

it('answers are JSON without a charset, as the original has them', async () => {
  for (const path of ['/last/', '/last/example', '/last/basket', '/state/example', '/stream', '/field/metadata']) {
    expect((await demo.get(path)).headers.get('content-type')).toBe('application/json');
  }
});

describe('the last tick', () => {
  it('has a record, a list, or one record for each key in the order of the keys', async () => {
    const [one] = await demo.list('/last/example');
    expect(Object.keys(one ?? {})).toEqual([
      'id',
      'timestamp',
      'x',
      'y',
      'z',
      'internal_csp_struct',
      'data',
      'mapping',
      'dt',
      'd',
    ]);
    expect(one).toMatchObject({ id: expect.stringMatching(/^\d{19}$/), internal_csp_struct: { z: 12 } });
    expect(one?.['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/);
    expect(await demo.list('/last/example-list')).toHaveLength(1);
    const basket = await demo.list('/last/basket');
    expect(basket.map(({ x, y }) => String(y).length / String(x).length)).toEqual([1, 2, 3]);
    for (const key of ['A', 'B', 'C']) expect(await demo.list(`/last/basket/${key}`)).toHaveLength(1);
    expect(await demo.list('/last/str_basket/b')).toHaveLength(1);
  });

  it('of all channels of a cycle is of the same cycle', async () => {
    const [next] = await demo.list('/next/example');
    const [list] = await demo.list('/last/example_list');
    expect(list).toEqual(next);
  });

  it('is found by its id, by type and by id alone', async () => {
    const [one] = await demo.list('/last/example');
    const id = String(one?.['id']);
    expect(await demo.list(`/lookup/example/${id}`)).toEqual([one]);
    expect(await demo.list(`/lookup/basket/${id}`)).toEqual([one]);
    expect(await demo.list(`/lookup/id/${id}`)).toEqual([one]);
    expect(await demo.list(`/lookup/controls/${id}`)).toEqual([]);
    expect(await demo.list('/lookup/example/nope')).toEqual([]);
    expect((await demo.post(`/lookup/example/${id}`)).body).toEqual([one]);
  });
});

describe('the next tick', () => {
  it.each(['/next/example', '/next/example_list', '/next/basket', '/next/basket/A', '/next/str-basket/c'])(
    '%s comes within a period',
    async (path) => {
      expect((await demo.list(path)).length).toBeGreaterThan(0);
    },
  );

  it('answers 200 who wait at once', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => demo.list('/next/example')));
    expect(answers.every(([one]) => typeof one?.['x'] === 'number')).toBe(true);
  });

  it('after a record is the one that follows it', async () => {
    const [first] = await demo.list('/next/example');
    const [second] = await demo.list(`/next/example?after=${String(first?.['id'])}`);
    expect(Number(second?.['x'])).toBe(Number(first?.['x']) + 1);
    expect(await demo.list(`/next/example?after=${String(first?.['id'])}`)).toEqual([second]);
    expect((await demo.get('/next/example?after=nope')).status).toBe(404);
    expect((await demo.get(`/next/basket?after=${String(first?.['id'])}`)).status).toBe(404);
    const [keyed] = await demo.list('/last/basket/A');
    const [following] = await demo.list(`/next/basket/A?after=${String(keyed?.['id'])}`);
    expect(Number(following?.['x'])).toBe(Number(keyed?.['x']) + 1);
  });
});

describe('what there is beside the ticks', () => {
  it('static fields, the graph and the tables', async () => {
    expect((await demo.get('/field/metadata')).body).toEqual({ name: 'Demo' });
    const graph = (await demo.get('/channels_graph')).body as Record<string, unknown>;
    expect(graph['example']).toEqual({ getters: [], setters: ['ExampleModule', 'Send[example]'] });
    const tables = (await demo.get('/perspective/tables')).body as Record<string, Record<string, string>>;
    expect(Object.keys(tables).sort()).toEqual(
      [...ALL.filter((name) => name !== 'never_ticks'), 'my_custom_table'].sort(),
    );
    expect(tables['example']).toMatchObject({ x: 'integer', data: 'float', 'internal_csp_struct.z': 'integer' });
    expect((await demo.get('/perspective/layouts')).body).toEqual({ example: 'test' });
    expect((await demo.get('/perspective/meta')).body).toEqual({
      limits: {},
      default_limit: null,
      indexes: {},
      default_index: null,
      architectures: {},
      default_architecture: 'server',
      layouts: { example: 'test' },
      default_layout: null,
      tables,
      unused_tables: [],
      table_sizes: Object.fromEntries(Object.keys(tables).map((name) => [name, null])),
    });
    for (const path of ['/field/none', '/perspective/none']) expect((await demo.get(path)).status).toBe(404);
    expect((await demo.get('//ui-config')).body).toMatchObject({ title: 'Gateway', customCss: [], basePath: '' });
    expect((await demo.get('//channels_graph')).body).toContain('<td>ExampleModule');
    expect((await demo.get('//docs')).status).toBe(200);
  });

  itWithin('its own root leads to its document', async () => {
    expect((await demo.get('//')).headers.get('location')).toBe('/redoc');
  });

  it('controls, each seen on their channel', async () => {
    const [heartbeat] = await demo.list('/controls/heartbeat');
    expect(heartbeat).toMatchObject({ name: 'heartbeat', status: 'ok', data: {}, data_str: '' });
    const [stats] = await demo.list('/controls/stats');
    const names = 'cpu memory memory-total pid active_threads max_threads now csp-now host user'.split(' ');
    expect(stats).toMatchObject({ name: 'stats', status: 'ok' });
    expect(Object.keys(stats?.['data'] as object)).toEqual(expect.arrayContaining(names));
    expect(JSON.parse(String(stats?.['data_str']))).toEqual(stats?.['data']);
    expect(await demo.list('/last/controls')).toEqual([stats]);
  });
});

it('slashes at the end of a key or an id belong to it', async () => {
  expect(await demo.get('/last/str_basket/a/')).toMatchObject({
    body: { detail: 'Channel not found: str_basket/a/' },
  });
  await demo.post('/send/controls', { id: 'ends/with/' });
  expect((await demo.get('/lookup/id/ends/with/')).body).toMatchObject([{ id: 'ends/with/' }]);
  expect((await demo.get('/lookup/controls/ends/with')).body).toEqual([]);
});
