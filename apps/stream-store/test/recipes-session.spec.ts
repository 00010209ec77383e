import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { caller } from './support/recipes.js';
import { startStore, type Store } from './support/store.js';

let store: Store;
const call = caller(() => store);
beforeAll(async () => {
  store = await startStore();
});
afterEach(() => store.redis.command('FLUSHALL'));
afterAll(() => store.close());

const ID = expect.stringMatching(/^\d+-\d+$/);
const get = async (path: string): Promise<unknown> => (await call('GET', path)).body;
const texts = async (key: string): Promise<string[]> => (await store.entries(key)).map(({ d }) => d);

describe('the session that runs', () => {
  test('is nothing before it starts', async () => {
    expect(await get('/sessions')).toEqual({ recipe_id: null, step: null });
    for (const path of ['/sessions/id', '/sessions/recipe', '/sessions/recipe/step', '/sessions/recipe?info=true']) {
      expect(await get(path)).toBeNull();
    }
  });

  test('starts, goes from step to step and stops, each with its result and its events', async () => {
    await call('POST', '/recipes', { _id: 'tea', name: 'tea' });
    expect((await call('PUT', '/sessions/recipe/tea')).body).toEqual([true, true, true, ID, ID, ID]);
    expect(await get('/sessions')).toEqual({ recipe_id: 'tea', step: '0' });
    expect(await get('/sessions/recipe')).toBe('tea');
    expect(await get('/sessions/recipe?info=True')).toMatchObject({ _id: 'tea', name: 'tea' });
    const session = await get('/sessions/id');
    expect(session).toEqual(expect.stringMatching(/^\d{10}$/));

    expect((await call('PUT', '/sessions/recipe/step/2')).body).toEqual([true, ID, '2']);
    expect(await get('/sessions/recipe/step')).toBe('2');
    expect(await store.redis.command('GET', 'recipe:step')).toBe('2');

    expect((await call('DELETE', '/sessions/recipe')).body).toEqual([1, 1, 1, ID, ID, ID]);
    expect((await call('DELETE', '/sessions/recipe')).body).toEqual([0, 0, 0, ID, ID, ID]);
    expect(await get('/sessions')).toEqual({ recipe_id: null, step: null });
    expect(await texts('event:recipe:id')).toEqual(['tea', '', '']);
    expect(await texts('event:recipe:step')).toEqual(['0', '2', '-1', '-1']);
    expect(await texts('event:session:id')).toEqual([session, '', '']);
  });

  test('its events are read like any stream', async () => {
    await call('PUT', '/sessions/recipe/any id');
    const read = await fetch(`${store.url}/ptg/data/event:recipe:id`, { headers: { authorization: 'Bearer any' } });
    expect(await read.text()).toBe('any id');
    expect(await get('/sessions/recipe?info=1')).toBeNull();
  });

  test.each(['1.5', 'x', '', ' ', '1e3', '9'.repeat(16)])('a step of %j is refused', async (step) => {
    const { status } = await call('PUT', `/sessions/recipe/step/${encodeURIComponent(step)}`);
    // Without any step the path is another one: a recipe that is called step.
    expect(status).toBe(step === '' ? 200 : 422);
    expect(await store.redis.command('EXISTS', 'recipe:step')).toBe(step === '' ? 1 : 0);
  });

  test.each([
    ['-1', '-1'],
    ['+7', '7'],
    ['007', '7'],
  ])('a step of %s is %s', async (step, shown) => {
    expect((await call('PUT', `/sessions/recipe/step/${step}`)).body).toEqual([true, ID, shown]);
  });

  test('steps by many at once: the last event is the step that holds', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, step) => call('PUT', `/sessions/recipe/step/${step}`)));
    const told = await texts('event:recipe:step');
    expect(told).toHaveLength(50);
    expect(await get('/sessions/recipe/step')).toBe(told.at(-1));
  });

  test('a key that holds something else: nothing is changed', async () => {
    await store.redis.command('LPUSH', 'event:session:id', 'not events');
    expect((await call('PUT', '/sessions/recipe/tea')).status).toBe(409);
    expect(await store.redis.command('EXISTS', 'recipe:id', 'event:recipe:id', 'recipe:step')).toBe(0);
  });

  test.each(['%00', 'x'.repeat(513)])('a recipe called %j is refused', async (id) => {
    expect((await call('PUT', `/sessions/recipe/${id}`)).status).toBe(400);
  });
});
