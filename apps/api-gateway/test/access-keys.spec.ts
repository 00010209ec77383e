import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName, waitFor } from '@sluice/testing';
import { AccessSystem, type SignedIn } from './support/access.js';

let strict: AccessSystem;
let admin: SignedIn;

beforeAll(async () => {
  strict = await AccessSystem.start('strict');
  ({ admin } = strict);
});
afterAll(() => strict.stop());

interface Key {
  readonly name: string;
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly secret: string;
  readonly lastUsedAt: string | null;
}

async function create(as: string, scopes: readonly string[], name = uniqueName('key')): Promise<Key> {
  const response = await strict.send('POST', '/v1/keys', { name, scopes }, as);
  expect(response.status).toBe(201);
  return (await response.json()) as Key;
}

async function list(as: string): Promise<Key[]> {
  return (await (await strict.fetch('/v1/keys', { as })).json()) as Key[];
}

const revoke = (as: string, name: string): Promise<Response> =>
  strict.fetch(`/v1/keys/${encodeURIComponent(name)}`, { method: 'DELETE', as });

async function push(as: string, name: string): Promise<number> {
  const body = new FormData();
  body.append('entries', new Blob(['x']), 'x');
  return (await strict.fetch(`/data/${encodeURIComponent(name)}`, { method: 'POST', body, as })).status;
}

describe('API keys of somebody who is no administrator', () => {
  it('are made and revoked at a bounded pace, so that nobody fills the audit trail with them', async () => {
    const user = await strict.addUser(uniqueName('user'), ['stream:read']);
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const body = { name: uniqueName('key'), scopes: ['stream:read'] };
        return (await strict.send('POST', '/v1/keys', body, user.token)).status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([201, 429]));
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThanOrEqual(10);
    const key = (await list(user.token))[0] as Key;
    await waitFor(async () => (await revoke(user.token, key.name)).status === 204);
  });
});

describe('an API key', () => {
  it('is shown once, and its last use after it was used', async () => {
    const key = await create(admin.token, ['stream:read']);
    expect(key).toMatchObject({ owner: admin.name, scopes: ['stream:read'], lastUsedAt: null });
    const text = JSON.stringify(await list(admin.token));
    expect(text).toContain(key.name);
    expect(text).not.toContain(key.secret);
    expect((await strict.fetch('/v1/streams', { as: key.secret })).status).toBe(200);
    const deadline = Date.now() + 20_000;
    for (;;) {
      const listed = (await list(admin.token)).find(({ name }) => name === key.name);
      if (listed?.lastUsedAt !== null) break;
      if (Date.now() > deadline) throw new Error('the use was not noted');
    }
  });

  it('allows what its scopes say, for the names they say', async () => {
    const device = uniqueName('cam');
    const { secret } = await create(admin.token, [`stream:write=${device}:*`]);
    expect(await push(secret, `x?device_id=${device}`)).toBeGreaterThanOrEqual(400);
    const body = new FormData();
    body.append('entries', new Blob(['x']), 'x');
    const own = await strict.fetch(`/data/x?device_id=${device}`, { method: 'POST', body, as: secret });
    expect(own.status).toBe(200);
    expect(await push(secret, 'elsewhere')).toBe(403);
    expect((await strict.fetch('/v1/users', { as: secret })).status).toBe(403);
  });

  it('has no more rights than who makes it', async () => {
    const { token } = await strict.addUser(uniqueName('user'), ['stream:read', 'stream:write=lab*']);
    for (const scopes of [['stream:read'], ['stream:read=x:*', 'stream:write=lab1:*'], []]) await create(token, scopes);
    for (const scopes of [['admin'], ['stream:*'], ['stream:write'], ['stream:write=la*'], ['channel:read']]) {
      const response = await strict.send('POST', '/v1/keys', { name: uniqueName('key'), scopes }, token);
      expect([scopes, response.status]).toEqual([scopes, 403]);
    }
  });

  it('loses what its owner loses, and ends with its owner', async () => {
    const user = await strict.addUser(uniqueName('user'), ['stream:*']);
    const { secret } = await create(user.token, ['stream:*']);
    const name = uniqueName();
    expect(await push(secret, name)).toBe(200);
    await strict.send('PUT', `/v1/users/${user.name}/scopes`, { scopes: ['stream:read'] }, admin.token);
    expect(await push(secret, name)).toBe(403);
    await strict.fetch(`/v1/users/${user.name}`, { method: 'DELETE', as: admin.token });
    expect(await push(secret, name)).toBe(401);
  });

  it('makes no other key, and is not logged out', async () => {
    const { secret } = await create(admin.token, ['admin']);
    const response = await strict.send('POST', '/v1/keys', { name: uniqueName('key'), scopes: [] }, secret);
    expect(response.status).toBe(403);
    expect((await strict.fetch('/v1/tokens/current', { method: 'DELETE', as: secret })).status).toBe(400);
  });

  it('is seen and revoked by its owner and by administrators; for others it does not exist', async () => {
    const [alice, bob] = [await strict.addUser(uniqueName('a'), []), await strict.addUser(uniqueName('b'), [])];
    const key = await create(alice.token, []);
    const second = await create(alice.token, []);
    expect((await list(alice.token)).map(({ name }) => name).sort()).toEqual([key.name, second.name].sort());
    expect(await list(bob.token)).toEqual([]);
    const shape = async (name: string): Promise<unknown> =>
      (await (await revoke(bob.token, name)).text()).replaceAll(name, '<name>').replace(/"requestId":"[^"]*"/, '');
    expect(await shape(key.name)).toEqual(await shape(uniqueName('none')));
    expect((await revoke(bob.token, key.name)).status).toBe(404);
    expect((await revoke(alice.token, key.name)).status).toBe(204);
    expect((await strict.fetch('/v1/me', { as: key.secret })).status).toBe(401);
    expect((await revoke(admin.token, second.name)).status).toBe(204);
    expect((await revoke(admin.token, second.name)).status).toBe(404);
  });

  it('has a name of its own', async () => {
    const { name } = await create(admin.token, []);
    const response = await strict.send('POST', '/v1/keys', { name, scopes: [] }, admin.token);
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      409,
      'NAME_TAKEN',
    ]);
  });
});
