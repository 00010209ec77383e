import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { caller } from './support/recipes.js';
import { TestSocket } from './support/socket.js';
import { startStore, type Store } from './support/store.js';

let store: Store;
const call = caller(() => store);
beforeAll(async () => {
  store = await startStore();
});
afterEach(() => store.redis.command('FLUSHALL'));
afterAll(() => store.close());

const COFFEE = { name: 'coffee', ingredients: ['beans', 'water'], tools: ['kettle'], instructions: ['boil', 'pour'] };

async function ok(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await call(method, path, body);
  expect(answer.status).toBe(200);
  return answer.body;
}

async function events(key: string): Promise<unknown[]> {
  return (await store.entries(key)).map(({ d }) => JSON.parse(d) as unknown);
}

describe('recipes', () => {
  test('are made, listed in order, found by id and by name, changed in part and deleted', async () => {
    expect(await ok('GET', '/recipes')).toEqual([]);
    const coffee = (await ok('POST', '/recipes', { ...COFFEE, unknown: 1 })) as { _id: string };
    expect(coffee).toEqual({ ...COFFEE, _id: expect.stringMatching(/^[0-9a-f]{24}$/) });
    const tea = { _id: 'tea', name: 'tea', ingredients: [], tools: [], instructions: [] };
    expect(await ok('POST', '/recipes/', { id: 'tea', name: 'tea' })).toEqual(tea);
    expect(await ok('GET', '/recipes')).toEqual([coffee, tea]);
    expect(await ok('GET', `/recipes/${coffee._id}`)).toEqual(coffee);
    expect(await ok('GET', '/recipes/tea/')).toEqual(tea);
    expect(await ok('GET', '/recipes/q?name=tea')).toEqual(tea);
    expect(await ok('PUT', '/recipes/tea', { tools: ['pot'], name: null })).toBe(true);
    expect(await ok('GET', '/recipes/tea')).toEqual({ ...tea, tools: ['pot'] });
    expect(await ok('DELETE', '/recipes/tea')).toBe(true);
    expect(await ok('GET', '/recipes')).toEqual([coffee]);
  });

  test('that are not there are null, and neither changed nor deleted', async () => {
    expect(await ok('GET', '/recipes/none')).toBeNull();
    expect(await ok('GET', '/recipes/q?name=none')).toBeNull();
    expect(await ok('GET', '/recipes/q')).toBeNull();
    expect(await ok('PUT', '/recipes/none', { name: 'x' })).toBe(false);
    expect(await ok('DELETE', '/recipes/none')).toBe(false);
    expect(await events('event:recipes')).toEqual([]);
  });

  test('tell each change to whoever pulls their events, in both dialects', async () => {
    const socket = await TestSocket.open(`${store.ws}/data/recipes/pull?device_id=event`);
    await store.followers(1);
    await ok('POST', '/recipes', { ...COFFEE, _id: 'c' });
    await ok('PUT', '/recipes/c', { name: 'strong coffee' });
    await ok('DELETE', '/recipes/c');
    const told = [
      { event: 'new', id: 'c', data: { _id: 'c', ...COFFEE } },
      { event: 'update', id: 'c', data: { _id: 'c', ...COFFEE, name: 'strong coffee' } },
      { event: 'delete', id: 'c', data: null },
    ];
    expect(await events('event:recipes')).toEqual(told);
    const pulled: unknown[] = [];
    while (pulled.length < 3) {
      const { header, payload } = await socket.message();
      if (header.length > 0) pulled.push(JSON.parse(payload.toString()));
    }
    expect(pulled).toEqual(told);
    await socket.close();
    const read = await fetch(`${store.url}/ptg/data/event:recipes`, { headers: { authorization: 'Bearer any' } });
    expect(await read.json()).toEqual(told[2]);
  });

  test('keep about ten events', async () => {
    await ok('POST', '/recipes', { _id: 'x', name: 'x' });
    await Promise.all(Array.from({ length: 250 }, (_, count) => ok('PUT', '/recipes/x', { name: String(count) })));
    expect(await store.redis.command('XLEN', 'event:recipes')).toBeLessThan(211);
  });

  test('changed by many at once lose nothing', async () => {
    await ok('POST', '/recipes', { _id: 'x', name: 'x' });
    const changes = ['ingredients', 'tools', 'instructions'].map((field) =>
      ok('PUT', '/recipes/x', { [field]: [field] }),
    );
    await Promise.all(changes);
    expect(await ok('GET', '/recipes/x')).toEqual({
      _id: 'x',
      name: 'x',
      ingredients: ['ingredients'],
      tools: ['tools'],
      instructions: ['instructions'],
    });
  });

  test.each(['"quoted"', 'with space', 'a/b', 'käse', '%2e', '{tag}', 'x'.repeat(512)])(
    'may be called %j',
    async (id) => {
      await ok('POST', '/recipes', { _id: id, name: id });
      expect(await ok('GET', `/recipes/${encodeURIComponent(id)}`)).toMatchObject({ _id: id, name: id });
      expect(await events('event:recipes')).toMatchObject([{ id }]);
      expect(await ok('DELETE', `/recipes/${encodeURIComponent(id)}`)).toBe(true);
    },
  );
});

describe('sessions as documents', () => {
  test('get a short id and a date, and are found by what they hold', async () => {
    const session = (await ok('POST', '/sess', { recipe: 'tea', created_at: 'never' })) as Record<string, unknown>;
    expect(session).toEqual({
      _id: expect.stringMatching(/^[0-9a-z]{6,7}$/),
      recipe: 'tea',
      step: 0,
      prefix: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(Math.abs(parseInt(String(session['_id']), 36) - Date.now() / 1000)).toBeLessThan(120);
    expect(await ok('PUT', `/sess/${session['_id']}`, { step: 3 })).toBe(true);
    const now = { ...session, step: 3 };
    for (const query of ['recipe=tea', 'name=tea', 'step=3', `id=${session['_id']}`, 'recipe=tea&step=3']) {
      expect(await ok('GET', `/sess/q?${query}`)).toEqual(now);
    }
    expect(await ok('GET', '/sess/q?recipe=tea&step=4')).toBeNull();
    expect(await ok('GET', '/sess')).toEqual([now]);
    expect(await ok('DELETE', `/sess/${session['_id']}`)).toBe(true);
    expect(await events('event:sessions')).toMatchObject([{ event: 'new' }, { event: 'update' }, { event: 'delete' }]);
  });

  test('made at once have different ids', async () => {
    const made = await Promise.all(Array.from({ length: 30 }, () => ok('POST', '/sess', {})));
    expect(new Set(made.map((session) => (session as { _id: string })._id)).size).toBe(30);
    expect(await ok('GET', '/sess')).toHaveLength(30);
  });

  test('take the id that the client gives', async () => {
    expect(await ok('POST', '/sess', { id: 'mine', prefix: 'p', step: '2' })).toMatchObject({ _id: 'mine', step: 2 });
  });
});

describe('what is no document is refused, and nothing is changed', () => {
  const where = (...loc: (string | number)[]): unknown => ({ detail: [expect.objectContaining({ loc })] });

  test.each<[string, string, unknown, number, unknown]>([
    ['no body', '/recipes', undefined, 422, where('body')],
    ['no JSON', '/recipes', '{"name":', 422, where('body')],
    ['a list', '/recipes', [], 422, where('body')],
    ['no name', '/recipes', {}, 422, where('body', 'name')],
    ['a name that is none', '/recipes', { name: {} }, 422, where('body', 'name')],
    ['ingredients in one text', '/recipes', { name: 'x', ingredients: 'all' }, 422, where('body', 'ingredients')],
    ['a tool that is none', '/recipes', { name: 'x', tools: ['a', null] }, 422, where('body', 'tools', 1)],
    [
      'too many steps',
      '/recipes',
      { name: 'x', instructions: Array(1001).fill('') },
      422,
      where('body', 'instructions'),
    ],
    ['half a character', '/recipes', '{"name":"\\ud800"}', 422, where('body', 'name')],
    ['a number as id', '/recipes', { name: 'x', _id: 1 }, 422, where('body', '_id')],
    ['the name of the search as id', '/recipes', { name: 'x', _id: 'q' }, 422, where('body', '_id')],
    ['an empty id', '/recipes', { name: 'x', _id: '' }, 400, expect.anything()],
    ['an id too long', '/recipes', { name: 'x', _id: 'x'.repeat(513) }, 400, expect.anything()],
    ['control characters', '/recipes', { name: 'x', _id: 'a\nb' }, 400, expect.anything()],
    ['half a step', '/sess', { step: 1.5 }, 422, where('body', 'step')],
    ['a body too long', '/recipes', { name: 'x'.repeat(65 * 1024) }, 413, expect.anything()],
    ['a body nested deep', '/recipes', `{"name":${'['.repeat(60_000)}`, 422, where('body')],
  ])('%s', async (_name, path, body, status, answer) => {
    expect(await call('POST', path, body)).toEqual({ status, body: answer });
    const keys = (await store.redis.command('KEYS', '*')) as string[];
    // Services hold leases whatever they are asked.
    expect(keys.filter((key) => !key.startsWith('sluice:lease:'))).toEqual([]);
  });

  test('an id that is taken', async () => {
    await ok('POST', '/recipes', { _id: 'x', name: 'first' });
    expect(await call('POST', '/recipes', { _id: 'x', name: 'second' })).toEqual({
      status: 409,
      body: { detail: [{ msg: 'there is a recipe with the id "x" already', type: 'DOCUMENT_EXISTS' }] },
    });
    expect(await ok('GET', '/recipes/x')).toMatchObject({ name: 'first' });
  });

  test('a body just as long as it may be is taken', async () => {
    const name = 'x'.repeat(64 * 1024 - '{"name":""}'.length);
    expect(await ok('POST', '/recipes', { name })).toMatchObject({ name });
  });

  test('events that cannot be told: the document stays as it was', async () => {
    await ok('POST', '/recipes', { _id: 'x', name: 'x' });
    await store.redis.command('DEL', 'event:recipes');
    await store.redis.command('SET', 'event:recipes', 'something else');
    expect((await call('PUT', '/recipes/x', { name: 'y' })).status).toBe(409);
    expect((await call('DELETE', '/recipes/x')).status).toBe(409);
    expect(await ok('GET', '/recipes/x')).toMatchObject({ name: 'x' });
  });

  test('without a bearer token nothing is told', async () => {
    expect((await fetch(`${store.url}/ptg/recipes`)).status).toBe(401);
  });
});
