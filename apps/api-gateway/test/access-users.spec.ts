import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName, waitFor } from '@sluice/testing';
import { WebSocket } from 'ws';
import { AccessSystem, type SignedIn } from './support/access.js';
import { startGateway } from './support/gateway.js';

let strict: AccessSystem;
let admin: SignedIn;

beforeAll(async () => {
  strict = await AccessSystem.start('strict');
  ({ admin } = strict);
});
afterAll(() => strict.stop());

type Json = Record<string, unknown>;

async function answer(response: Promise<Response>): Promise<[number, unknown]> {
  const { status, text } = await response.then(async (got) => ({ status: got.status, text: await got.text() }));
  return [status, text === '' ? null : (JSON.parse(text) as unknown)];
}

const codeOf = async (response: Promise<Response>): Promise<unknown[]> => {
  const [status, body] = await answer(response);
  return [status, (body as { error?: { code?: string } } | null)?.error?.code];
};

/** Opens a WebSocket with a token; resolves once it is open, with its close code and reason to come. */
async function openSocket(path: string, token: string): Promise<{ closed: Promise<[number, Buffer]> }> {
  const socket = new WebSocket(strict.gateway.ws + path, { headers: { authorization: `Bearer ${token}` } });
  const closed = once(socket, 'close') as Promise<[number, Buffer]>;
  await once(socket, 'open');
  return { closed };
}

describe('users', () => {
  it('are added with their scopes, listed, and say who they are', async () => {
    const name = uniqueName('user');
    const user = await strict.addUser(name, ['stream:read', 'stream:write=cam1:*']);
    expect(await answer(strict.fetch('/v1/me', { as: user.token }))).toEqual([
      200,
      { subject: name, scopes: expect.arrayContaining(['stream:read', 'stream:write=cam1:*']), mode: 'strict' },
    ]);
    const [, users] = await answer(strict.fetch('/v1/users', { as: admin.token }));
    expect(users).toContainEqual({
      name,
      scopes: ['stream:read', 'stream:write=cam1:*'],
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(JSON.stringify(users)).not.toContain('argon2');
  });

  it('who are no administrators see, add and change nobody, in the same words whether or not there is one', async () => {
    const { token } = await strict.addUser(uniqueName('user'), ['stream:*', 'control:*']);
    const other = await strict.addUser(uniqueName('user'), []);
    const password = { password: 'a new password' };
    expect(await codeOf(strict.fetch('/v1/users', { as: token }))).toEqual([403, 'FORBIDDEN']);
    expect(await codeOf(strict.fetch('/v1/audit', { as: token }))).toEqual([403, 'FORBIDDEN']);
    expect(await codeOf(strict.send('POST', '/v1/users', {}, token))).toEqual([403, 'FORBIDDEN']);
    expect(await codeOf(strict.send('POST', '/v1/tokens/revoke', { user: admin.name }, token))).toEqual([
      403,
      'FORBIDDEN',
    ]);
    const refusals = [other.name, uniqueName('nobody')].map(async (name) => {
      const response = await strict.send('PUT', `/v1/users/${name}/password`, password, token);
      const { error } = (await response.json()) as { error: Json };
      return [response.status, error['code'], String(error['message']).replaceAll(name, '<name>')];
    });
    const [known, unknown] = await Promise.all(refusals);
    expect(known).toEqual(unknown);
    expect(known?.[0]).toBe(403);
  });

  it('are refused by name and reason, and no message shows a password', async () => {
    const { name } = await strict.addUser(uniqueName('user'), []);
    const add = (body: Json): Promise<Response> => strict.send('POST', '/v1/users', body, admin.token);
    const secret = 'tiny-1';
    const cases: [Json, unknown[]][] = [
      [{ name, password: 'long enough', scopes: [] }, [409, 'NAME_TAKEN']],
      [{ name: uniqueName('u'), password: secret, scopes: [] }, [400, 'INVALID_PARAMETER']],
      [{ name: uniqueName('u'), password: [secret, secret], scopes: [] }, [400, 'INVALID_PARAMETER']],
      [{ name: 'same-as-name', password: 'same-as-name', scopes: [] }, [400, 'INVALID_PARAMETER']],
      [{ name: uniqueName('u'), password: 'x'.repeat(1025), scopes: [] }, [400, 'INVALID_PARAMETER']],
      [{ name: 'key:x', password: 'long enough', scopes: [] }, [400, 'INVALID_NAME']],
      [{ name: 'with space', password: 'long enough', scopes: [] }, [400, 'INVALID_NAME']],
      [{ name: uniqueName('u'), password: 'long enough', scopes: ['stream:all'] }, [400, 'INVALID_PARAMETER']],
      [{ name: uniqueName('u'), password: 'long enough' }, [400, 'INVALID_PARAMETER']],
      [{ name: uniqueName('u'), password: 'long enough', scopes: [], role: 'x' }, [400, 'INVALID_PARAMETER']],
    ];
    for (const [body, expected] of cases) {
      const response = await add(body);
      const text = await response.text();
      const { error } = JSON.parse(text) as { error: { code: string } };
      expect([body, response.status, error.code]).toEqual([body, ...expected]);
      expect(text).not.toContain(secret);
    }
  });

  it('change their own password with the present one, which ends the tokens of before', async () => {
    const user = await strict.addUser(uniqueName('user'), []);
    const change = (body: Json): Promise<unknown[]> =>
      codeOf(strict.send('PUT', `/v1/users/${user.name}/password`, body, user.token));
    expect(await change({ password: 'another one' })).toEqual([400, 'INVALID_PARAMETER']);
    expect(await change({ password: 'another one', oldPassword: 'wrong' })).toEqual([403, 'FORBIDDEN']);
    expect(await change({ password: 'another one', oldPassword: user.password })).toEqual([204, undefined]);
    expect(await codeOf(strict.fetch('/v1/me', { as: user.token }))).toEqual([401, 'UNAUTHENTICATED']);
    expect((await strict.logIn(user.name, user.password)).status).toBe(401);
    expect((await strict.logIn(user.name, 'another one')).status).toBe(200);
  });

  it('get another password from an administrator, who needs no old one', async () => {
    const user = await strict.addUser(uniqueName('user'), []);
    const path = `/v1/users/${user.name}/password`;
    expect(await codeOf(strict.send('PUT', path, { password: 'reset by admin' }, admin.token))).toEqual([
      204,
      undefined,
    ]);
    expect((await strict.logIn(user.name, 'reset by admin')).status).toBe(200);
    const nobody = `/v1/users/${uniqueName('nobody')}/password`;
    expect(await codeOf(strict.send('PUT', nobody, { password: 'long enough' }, admin.token))).toEqual([
      404,
      'USER_NOT_FOUND',
    ]);
  });

  it('may do what their scopes say from the next request on, with the token they have', async () => {
    const user = await strict.addUser(uniqueName('user'), ['stream:read']);
    expect((await strict.fetch('/v1/streams', { as: user.token })).status).toBe(200);
    expect(await codeOf(strict.send('PUT', `/v1/users/${user.name}/scopes`, { scopes: [] }, admin.token))).toEqual([
      200,
      undefined,
    ]);
    expect(await codeOf(strict.fetch('/v1/me', { as: user.token }))).toEqual([200, undefined]);
    expect(await codeOf(strict.fetch('/v1/users', { as: user.token }))).toEqual([403, 'FORBIDDEN']);
  });

  it('that are the last administrator stay it', async () => {
    const path = `/v1/users/${admin.name}`;
    expect(await codeOf(strict.fetch(path, { method: 'DELETE', as: admin.token }))).toEqual([409, 'LAST_ADMIN']);
    expect(await codeOf(strict.send('PUT', `${path}/scopes`, { scopes: ['stream:*'] }, admin.token))).toEqual([
      409,
      'LAST_ADMIN',
    ]);
    const second = await strict.addUser(uniqueName('admin'), ['admin']);
    expect(await codeOf(strict.fetch(`/v1/users/${second.name}`, { method: 'DELETE', as: admin.token }))).toEqual([
      204,
      undefined,
    ]);
  });
});

describe('a removed user', () => {
  it('is signed out everywhere at once: requests are refused, open sockets closed with 4401', async () => {
    const user = await strict.addUser(uniqueName('user'), ['stream:*']);
    const name = uniqueName();
    const sockets = await Promise.all(
      ['/v1/socket', `/data/${name}/pull`, `/data/${name}/push`].map((path) => openSocket(path, user.token)),
    );
    const path = `/v1/users/${user.name}`;
    expect(await codeOf(strict.fetch(path, { method: 'DELETE', as: admin.token }))).toEqual([204, undefined]);
    const ends = await Promise.all(sockets.map(({ closed }) => closed));
    for (const [code, reason] of ends) expect([code, reason.toString()]).toEqual([4401, expect.stringMatching(/\w/)]);
    expect(await codeOf(strict.fetch('/v1/me', { as: user.token }))).toEqual([401, 'UNAUTHENTICATED']);
    expect(await codeOf(strict.fetch(path, { method: 'DELETE', as: admin.token }))).toEqual([404, 'USER_NOT_FOUND']);
  });
});

describe('a token', () => {
  it('ends when its owner logs out, with the sockets opened with it; another of the same user does not', async () => {
    const user = await strict.addUser(uniqueName('user'), ['stream:read']);
    const { token: other } = await strict.signIn(user.name, user.password);
    const { closed } = await openSocket('/v1/socket', user.token);
    const response = await strict.fetch('/v1/tokens/current', { method: 'DELETE', as: user.token });
    expect([response.status, response.headers.get('set-cookie')]).toEqual([
      204,
      'authorization=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax',
    ]);
    expect((await closed)[0]).toBe(4401);
    expect((await strict.fetch('/v1/me', { as: user.token })).status).toBe(401);
    expect((await strict.fetch('/v1/me', { as: other })).status).toBe(200);
  });

  it('is revoked by an administrator, alone or with all of its user', async () => {
    const user = await strict.addUser(uniqueName('user'), []);
    const { token: second } = await strict.signIn(user.name, user.password);
    const { token: third } = await strict.signIn(user.name, user.password);
    const { jti: tokenId } = JSON.parse(Buffer.from(user.token.split('.')[1] ?? '', 'base64url').toString()) as Json;
    const revoke = (body: Json): Promise<unknown[]> =>
      codeOf(strict.send('POST', '/v1/tokens/revoke', body, admin.token));
    const statuses = (): Promise<number[]> =>
      Promise.all([user.token, second, third].map(async (as) => (await strict.fetch('/v1/me', { as })).status));
    expect(await revoke({ tokenId })).toEqual([204, undefined]);
    expect(await statuses()).toEqual([401, 200, 200]);
    expect(await revoke({ user: user.name })).toEqual([204, undefined]);
    expect(await statuses()).toEqual([401, 401, 401]);
    expect(await revoke({})).toEqual([400, 'INVALID_PARAMETER']);
    expect(await revoke({ user: user.name, tokenId })).toEqual([400, 'INVALID_PARAMETER']);
    expect((await strict.fetch('/v1/me', { as: (await strict.signIn(user.name, user.password)).token })).status).toBe(
      200,
    );
  });

  it('of the development rule is worth nothing in strict mode, even for the name of a user', async () => {
    const open = await startGateway(strict.store.url, { REDIS_URL: strict.redis.url });
    try {
      for (const name of [uniqueName('dev'), admin.name]) {
        const body = new URLSearchParams({ username: name, password: name });
        const response = await waitFor(async () => {
          const got = await fetch(`${open.url}/token`, { method: 'POST', body });
          return got.status === 200 ? got : null;
        });
        const { access_token: as } = (await response.json()) as { access_token: string };
        expect(((await (await fetch(`${open.url}/v1/me?token=${as}`)).json()) as Json)['subject']).toBe(name);
        expect(await codeOf(strict.fetch('/v1/me', { as }))).toEqual([401, 'UNAUTHENTICATED']);
      }
    } finally {
      await open.close();
    }
  });

  it('is not given for the development rule in strict mode', async () => {
    expect((await strict.logIn('test', 'test')).status).toBe(401);
  });
});

describe('a log-in under way while its password is changed', () => {
  it('gives no token that outlives the change', async () => {
    const user = await strict.addUser(uniqueName('user'), ['stream:read']);
    const logIns = Array.from({ length: 6 }, () => strict.logIn(user.name, user.password));
    const change = strict.send('PUT', `/v1/users/${user.name}/password`, { password: 'another one' }, admin.token);
    expect((await change).status).toBe(204);
    for (const response of await Promise.all(logIns)) {
      if (response.status !== 200) continue;
      const { access_token: as } = (await response.json()) as { access_token: string };
      expect((await strict.fetch('/v1/me', { as })).status).toBe(401);
    }
  });
});

describe('the audit trail', () => {
  it('tells every change and who made it, the newest first, and what came after an entry', async () => {
    const [, before] = await answer(strict.fetch('/v1/audit?count=1', { as: admin.token }));
    const [{ id: after }] = before as [{ id: string }];
    const user = await strict.addUser(uniqueName('user'), ['stream:read']);
    await strict.send('PUT', `/v1/users/${user.name}/scopes`, { scopes: [] }, admin.token);
    await strict.fetch(`/v1/users/${user.name}`, { method: 'DELETE', as: admin.token });
    const [, entries] = await answer(strict.fetch(`/v1/audit?after=${after}`, { as: admin.token }));
    const mine = (entries as { event: string; subject: string; details: Json }[]).filter(
      ({ details, subject }) => details['user'] === user.name || subject === user.name,
    );
    expect(mine.map(({ event, subject }) => [event, subject])).toEqual([
      ['user-added', admin.name],
      ['login', user.name],
      ['scopes-changed', admin.name],
      ['user-removed', admin.name],
    ]);
    const [, newest] = await answer(strict.fetch('/v1/audit?count=1', { as: admin.token }));
    expect(newest).toMatchObject([{ event: 'user-removed', details: { user: user.name } }]);
    expect(await codeOf(strict.fetch('/v1/audit?count=0', { as: admin.token }))).toEqual([400, 'INVALID_PARAMETER']);
    expect(await codeOf(strict.fetch('/v1/audit?after=x', { as: admin.token }))).toEqual([400, 'INVALID_ID']);
  });

  it('holds refusals, with neither the credential nor the password', async () => {
    await strict.fetch('/v1/users', { as: 'not-a-real-token' });
    const [, entries] = await answer(strict.fetch('/v1/audit?count=1000', { as: admin.token }));
    const text = JSON.stringify(entries);
    expect(text).toContain('"refused"');
    for (const secret of ['not-a-real-token', admin.token, admin.password]) expect(text).not.toContain(secret);
  });
});
