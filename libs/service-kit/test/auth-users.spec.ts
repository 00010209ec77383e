import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ready, startStrict, startStrictSystem } from './support/strict.js';

let system: Awaited<ReturnType<typeof startStrictSystem>>;

beforeAll(async () => {
  system = await startStrictSystem();
});

afterAll(() => system.close());

const add = (name: string, scopes: string[] = [], password = 'wonderland'): Promise<unknown> =>
  system.users.add({ name, password, scopes }, 'root');

describe('the directory of users', () => {
  it('adds, lists, changes and removes', async () => {
    const { users } = system;
    await add('zoe', ['admin']);
    await add('alice', ['stream:read=cam*']);
    expect((await users.list()).map(({ name, scopes }) => [name, scopes])).toEqual([
      ['alice', ['stream:read=cam*']],
      ['zoe', ['admin']],
    ]);
    expect(JSON.stringify(await users.list())).not.toContain('argon2');
    await users.setScopes('alice', ['stream:*'], 'root');
    await users.setPassword('alice', 'looking-glass', 'root');
    expect(await users.verifyPassword('alice', 'wonderland')).toBe(false);
    expect(await users.verifyPassword('alice', 'looking-glass')).toBe(true);
    expect(await users.verifyPassword('nobody', 'looking-glass')).toBe(false);
    await users.remove('alice', 'root');
    expect(await users.verifyPassword('alice', 'looking-glass')).toBe(false);
    await expect(users.remove('alice', 'root')).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
    await expect(users.setScopes('alice', [], 'root')).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
  });

  it.each([
    ['', 'INVALID_NAME'],
    ['a b', 'INVALID_NAME'],
    ['a\u0000b', 'INVALID_NAME'],
    ['a\u200bb', 'INVALID_NAME'],
    ['anon', 'INVALID_NAME'],
    ['Anonymous', 'INVALID_NAME'],
    ['key:camera', 'INVALID_NAME'],
    ['oidc:x', 'INVALID_NAME'],
    ['x'.repeat(129), 'INVALID_NAME'],
  ])('takes no user called %j', async (name, code) => {
    await expect(add(name)).rejects.toMatchObject({ code });
  });

  it.each(['x'.repeat(128), 'å', 'a@b.example', '__proto__', 'constructor'])('takes a user called %j', async (name) => {
    await add(name);
    expect((await system.users.list()).map((user) => user.name)).toContain(name);
  });

  it('refuses scopes that are none, empty and endless passwords, and a name twice', async () => {
    await expect(add('bob', ['everything'])).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
    await expect(add('bob', [], '')).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
    await expect(add('bob', [], 'x'.repeat(1025))).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
    await add('bob', [], 'x'.repeat(1024));
    await expect(add('bob')).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    expect(await system.users.verifyPassword('bob', 'x'.repeat(1025))).toBe(false);
  });

  it('is added to once, however many try at the same time', async () => {
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => add('admin', ['admin'])));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('loses none of two changes at the same time', async () => {
    await add('busy');
    const scopes = ['stream:read=a'];
    await Promise.all([
      system.users.setPassword('busy', 'looking-glass', 'root'),
      system.users.setScopes('busy', scopes, 'root'),
    ]);
    expect(await system.users.verifyPassword('busy', 'looking-glass')).toBe(true);
    expect((await system.users.list()).find(({ name }) => name === 'busy')?.scopes).toEqual(scopes);
  });
});

describe('API keys', () => {
  it('are at most 100 of a user who is no administrator, and any number of one who is', async () => {
    await add('maker', ['stream:read']);
    const { apiKeys } = system;
    const make = (at: number, isByAdmin = false): Promise<unknown> =>
      apiKeys.create({ name: `made-${at}`, scopes: [], owner: 'maker', isByAdmin });
    for (let at = 0; at < 100; at++) await make(at);
    await expect(make(100)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED', message: expect.stringContaining('100') });
    await make(100, true);
    await apiKeys.create({ name: 'of-another', scopes: [], owner: 'boss' });
    for (const at of [0, 1]) await apiKeys.revoke(`made-${at}`, 'maker');
    await make(101);
  });
});

describe('tokens taken back', () => {
  it('stay so until they would have expired, although tokens given out later live shorter', async () => {
    await add('patient', ['stream:read']);
    const { token, tokenId, expiresAtMs } = await system.tokens.issue('patient');
    const hasty = await startStrict(system.redis.url, { SLUICE_AUTH_TOKEN_LIFETIME_SECONDS: '1' });
    await ready(hasty.url);
    try {
      const { expiresAtMs: known } = (await (
        await fetch(`${hasty.url}/things/who`, { headers: { token } })
      ).json()) as { expiresAtMs: number };
      await hasty.tokens.revoke(tokenId, 'patient', known);
      await hasty.tokens.revoke('of which nobody knows the end', 'boss');
    } finally {
      await hasty.service.close();
    }
    const until = async (id: string): Promise<number> =>
      Number(await system.redis.command('ZSCORE', 'sluice:auth:revoked', id));
    expect(await until(tokenId)).toBeGreaterThan(expiresAtMs);
    expect(await until('of which nobody knows the end')).toBeGreaterThan(expiresAtMs);
    expect((await fetch(`${system.url}/things`, { headers: { token } })).status).toBe(401);
    await system.redis.command('DEL', 'sluice:auth:revoked');
  });

  it.each<[string, (name: string) => Promise<void>]>([
    ['its user got another password', (name) => system.users.setPassword(name, 'looking-glass', 'root')],
    [
      'its user was removed and added anew',
      async (name) => {
        await system.users.remove(name, 'root');
        await add(name, ['stream:read']);
      },
    ],
  ])('include one that a log-in gives out which began before %s', async (_what, change) => {
    const name = `slow-${randomUUID()}`;
    await add(name, ['stream:read']);
    const status = async (token: string): Promise<number> =>
      (await fetch(`${system.url}/things`, { headers: { token } })).status;
    const generation = await system.tokens.generationOf(name);
    await change(name);
    expect(await status((await system.tokens.issue(name, { generation })).token)).toBe(401);
    expect(await status((await system.tokens.issue(name)).token)).toBe(200);
  });

  it('are a bounded number: past it, log-outs of a user end all of their tokens, and an admin is not refused', async () => {
    const fill = `for at = 1, 100000 do redis.call('ZADD', KEYS[1], 9e15, 'filler-' .. at) end`;
    await system.redis.command('EVAL', fill, 1, 'sluice:auth:revoked');
    await add('restless', ['stream:read']);
    await add('boss', ['admin']);
    const [one, other] = [await system.tokens.issue('restless'), await system.tokens.issue('restless')];
    const status = async (token: string): Promise<number> =>
      (await fetch(`${system.url}/things`, { headers: { token } })).status;
    await system.tokens.revoke(one.tokenId, 'restless');
    expect([await status(one.token), await status(other.token)]).toEqual([401, 401]);
    const [third, fourth] = [await system.tokens.issue('restless'), await system.tokens.issue('restless')];
    await system.tokens.revoke(third.tokenId, 'boss');
    expect([await status(third.token), await status(fourth.token)]).toEqual([401, 200]);
    expect(await system.redis.command('ZCARD', 'sluice:auth:revoked')).toBe(100_001);
  });
});
