import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCluster, type RedisCluster } from '@sluice/testing';
import { createStore } from '../src/create-store.js';
import { caller } from './support/recipes.js';

let cluster: RedisCluster;
let service: Awaited<ReturnType<typeof createStore>>;
let url = '';
const call = caller(() => ({ url }));

beforeAll(async () => {
  cluster = await startCluster();
  service = await createStore({ REDIS_URL: cluster.url, SLUICE_STREAM_STORE_PORT: '0', SLUICE_LOG_LEVEL: 'silent' });
  url = await service.listen();
}, 60_000);
afterAll(async () => {
  await service.close();
  await cluster.stop();
});

async function last(sid: string): Promise<string> {
  return (await fetch(`${url}/ptg/data/${sid}`, { headers: { authorization: 'Bearer any' } })).text();
}

test.each(['plain', '{tag}', 'a}b'])(
  'a document called %s and its events live on one node of a cluster',
  async (id) => {
    const path = encodeURIComponent(id);
    expect(await call('POST', '/recipes', { _id: id, name: 'x' })).toMatchObject({ status: 200, body: { _id: id } });
    expect((await call('PUT', `/recipes/${path}`, { tools: ['pot'] })).body).toBe(true);
    expect((await call('GET', `/recipes/${path}`)).body).toMatchObject({ name: 'x', tools: ['pot'] });
    expect((await call('GET', '/recipes')).body).toMatchObject([{ _id: id }]);
    expect((await call('DELETE', `/recipes/${path}`)).body).toBe(true);
    expect(JSON.parse(await last('event:recipes'))).toEqual({ event: 'delete', id, data: null });
  },
);

test('a session starts, goes on and stops on a cluster too', async () => {
  const id = expect.stringMatching(/^\d+-\d+$/);
  expect((await call('PUT', '/sessions/recipe/tea')).body).toEqual([true, true, true, id, id, id]);
  expect((await call('PUT', '/sessions/recipe/step/2')).body).toEqual([true, id, '2']);
  expect((await call('GET', '/sessions')).body).toEqual({ recipe_id: 'tea', step: '2' });
  expect(await last('event:recipe:step')).toBe('2');
  expect((await call('DELETE', '/sessions/recipe')).body).toEqual([1, 1, 1, id, id, id]);
  expect(await last('event:recipe:step')).toBe('-1');
});
