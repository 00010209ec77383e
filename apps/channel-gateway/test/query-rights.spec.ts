import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tokens, UserDirectory } from '@sluice/service-kit';
import { waitFor } from '@sluice/testing';
import { TestGateway, type Answer } from './support/gateway.js';
import { states } from './support/states.js';

let lab: TestGateway;
const tokens = new Map<string, string>();

const SCOPES: Readonly<Record<string, string[]>> = {
  writer: ['channel:read=*', 'channel:write=*'],
  reader: ['channel:read=keyed', 'channel:read=sides/RIGHT', 'channel:read=orders'],
  nobody: ['stream:read=*'],
};

beforeAll(async () => {
  lab = await TestGateway.start({ application: states(), environment: { SLUICE_AUTH_MODE: 'strict' } });
  const { app } = lab.service;
  await waitFor(async () => (await fetch(`${lab.url}/health/ready`)).ok, { message: 'the gateway is ready' });
  for (const [name, scopes] of Object.entries(SCOPES)) {
    await app.get(UserDirectory).add({ name, password: 'correct horse', scopes }, 'test');
    tokens.set(name, (await app.get(Tokens).issue(name, {})).token);
  }
  for (const path of ['/send/keyed', '/send/lists', '/stage/orders']) {
    expect((await ask('writer', path, 'POST', { n: 1 })).status).toBe(200);
  }
  await ask('writer', '/send/sides', 'POST', { LEFT: { n: 1 }, RIGHT: { n: 2 } });
});

afterAll(async () => {
  await lab?.close();
});

function ask(who: string, path: string, method = 'GET', body?: unknown): Promise<Answer> {
  const headers = { authorization: `Bearer ${tokens.get(who) ?? ''}`, 'content-type': 'application/json' };
  return lab.get(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

describe('without a right for the channel', () => {
  it.each([
    ['GET', '/state/lists'],
    ['GET', '/state/samples'],
    ['GET', '/history/lists'],
    ['GET', '/history/sides'],
    ['GET', '/history/sides/LEFT'],
    ['GET', '/stage/staged_lists'],
    ['GET', '/stage/staged-lists'],
    ['PUT', '/stage/staged_lists'],
    ['POST', '/stage/orders'],
    ['DELETE', '/stage/orders?id='],
    ['PATCH', '/stage/orders'],
  ])('%s %s is forbidden', async (method, path) => {
    expect(await ask('reader', path, method)).toMatchObject({ status: 403, body: { detail: 'unauthorized' } });
    expect((await ask('nobody', path, method)).status).toBe(403);
    expect(Object.values((await ask('writer', '/stage/orders', 'PUT')).body as object)).toMatchObject([[{ n: 1 }]]);
  });

  it.each(['state.lists', 'lists', 'history.lists', 'history.sides', 'state.samples'])(
    'SQL finds no table %s',
    async (table) => {
      expect((await ask('writer', '/sql', 'POST', { sql: `SELECT * FROM ${table}` })).status).toBe(200);
      const { status, body } = await ask('reader', '/sql', 'POST', { sql: `SELECT * FROM ${table} -- keyed history` });
      expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('does not exist')]);
    },
  );
});

describe('with a right for some channels', () => {
  it('lists show those', async () => {
    expect((await ask('reader', '/state/')).body).toEqual(['by_inner', 'by_nothing', 'keyed', 'right']);
    expect((await ask('reader', '/stage/')).body).toEqual(['orders']);
  });

  it.each([
    '/state/keyed',
    '/state/by-inner',
    '/state/right',
    '/history/keyed',
    '/history/sides/RIGHT',
    '/stage/orders',
  ])('%s is answered', async (path) => {
    expect(await ask('reader', path)).toMatchObject({ status: 200, body: [expect.anything()] });
  });

  it('SQL finds those tables', async () => {
    const { body } = await ask('reader', '/sql', 'POST', {
      sql: 'SELECT n FROM keyed UNION ALL SELECT n FROM history.keyed',
    });
    expect(body).toMatchObject({ rows: [{ n: '1' }, { n: '1' }] });
  });

  it('a record is looked up where it ticked and may be read, also when it ticked elsewhere later', async () => {
    for (const path of ['/send/keyed', '/send/lists']) await ask('writer', path, 'POST', { id: 'twice', n: 2 });
    await ask('writer', '/send/lists', 'POST', { id: 'unseen' });
    expect(await ask('reader', '/lookup/id/twice')).toMatchObject({ status: 200, body: [{ id: 'twice' }] });
    expect(await ask('reader', '/lookup/keyed/twice')).toMatchObject({ status: 200, body: [{ id: 'twice' }] });
    expect((await ask('reader', '/lookup/lists/twice')).status).toBe(403);
    expect((await ask('reader', '/lookup/id/unseen')).status).toBe(404);
    expect((await ask('reader', '/lookup/keyed/unseen')).body).toEqual([]);
  });

  it('a record of a basket is looked up by who may read its key', async () => {
    await ask('writer', '/send/sides', 'POST', { LEFT: { id: 'left' }, RIGHT: { id: 'right' } });
    expect((await ask('reader', '/lookup/id/right')).body).toMatchObject([{ id: 'right' }]);
    expect((await ask('reader', '/lookup/sides/right')).body).toMatchObject([{ id: 'right' }]);
    expect((await ask('reader', '/lookup/sides/left')).body).toEqual([]);
    expect((await ask('reader', '/lookup/id/left')).status).toBe(404);
    expect((await ask('nobody', '/lookup/sides/right')).status).toBe(403);
  });
});

it.each(['/state/', '/state/keyed', '/history/keyed', '/stage/', '/stage/orders'])(
  '%s wants a credential',
  async (path) => {
    expect((await lab.get(path)).status).toBe(403);
  },
);
