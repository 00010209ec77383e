import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Tokens, UserDirectory } from '@sluice/service-kit';
import { waitFor } from '@sluice/testing';
import { PtgClient } from './support/ptg.js';
import { startStore, type Store } from './support/store.js';

let store: Store;
let cook: PtgClient;
let guest: PtgClient;

beforeAll(async () => {
  store = await startStore({ SLUICE_AUTH_MODE: 'strict' });
  const [users, tokens] = [store.service.app.get(UserDirectory), store.service.app.get(Tokens)];
  await waitFor(async () => (await fetch(`${store.url}/health/ready`)).ok, { message: 'the store is ready' });
  const scopes = ['stream:read=event:*', 'stream:write=event:*', 'stream:read=kitchen:*'];
  await users.add({ name: 'cook', password: 'correct horse', scopes }, 'test');
  await users.add({ name: 'guest', password: 'battery staple', scopes: ['stream:read=event:recipe:step'] }, 'test');
  const clientOf = async (name: string): Promise<PtgClient> =>
    new PtgClient(store, (await tokens.issue(name, {})).token);
  [cook, guest] = await Promise.all([clientOf('cook'), clientOf('guest')]);
  await cook.fetch('/recipes', { method: 'POST', body: JSON.stringify({ _id: 'secret', name: 'secret' }) });
});
afterAll(() => store.close());

test.each([
  ['GET', '/recipes'],
  ['GET', '/recipes/secret'],
  ['GET', '/recipes/none'],
  ['GET', '/recipes/q?name=secret'],
  ['POST', '/recipes'],
  ['PUT', '/recipes/secret'],
  ['DELETE', '/recipes/secret'],
  ['GET', '/sess'],
  ['POST', '/sess'],
  ['GET', '/sessions'],
  ['GET', '/sessions/id'],
  ['GET', '/sessions/recipe'],
  ['PUT', '/sessions/recipe/secret'],
  ['PUT', '/sessions/recipe/step/1'],
  ['DELETE', '/sessions/recipe'],
  ['GET', '/mjpeg/kitchen:main'],
  ['GET', '/mjpeg/kitchen:none?input=jpg'],
])('%s %s is forbidden without a right for its events or streams, whatever is there', async (method, path) => {
  const before = await store.redis.command('XLEN', 'event:recipes');
  expect(await guest.ask(path, { method })).toMatchObject({
    status: 403,
    body: { detail: [{ type: 'FORBIDDEN', msg: expect.stringContaining('does not allow') }] },
  });
  expect(await store.redis.command('XLEN', 'event:recipes')).toBe(before);
});

test('whoever has the right for one value may read that one', async () => {
  expect(await guest.ask('/sessions/recipe/step')).toMatchObject({ status: 200, body: null });
  expect(await cook.ask('/recipes/secret')).toMatchObject({ status: 200, body: { _id: 'secret' } });
  expect((await cook.ask('/sessions/recipe/secret', { method: 'PUT' })).status).toBe(200);
  expect(await guest.ask('/sessions/recipe/step')).toMatchObject({ status: 200, body: '0' });
});

test.each(['/recipes', '/sess', '/sessions', '/mjpeg/kitchen:main'])('%s wants a credential', async (path) => {
  expect((await new PtgClient(store, null).ask(path)).status).toBe(401);
});
