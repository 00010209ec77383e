import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { SignJWT, UnsecuredJWT, decodeJwt, decodeProtectedHeader } from 'jose';
import { WebSocket } from 'ws';
import { startStrict, startStrictSystem, ready } from './support/strict.js';

type System = Awaited<ReturnType<typeof startStrictSystem>>;

let system: System;
const aliceScopes = ['stream:read=cam*', 'stream:write=cam1'];

beforeAll(async () => {
  system = await startStrictSystem();
  await system.users.add({ name: 'alice', password: 'wonderland', scopes: aliceScopes }, 'test');
  await system.users.add({ name: 'reader', password: 'reading-only', scopes: ['stream:read'] }, 'test');
});

afterAll(() => system.close());

const get = async (headers: Record<string, string>, path = '/things'): Promise<number> =>
  (await fetch(system.url + path, { headers })).status;
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const tokenOf = async (subject: string, options = {}): Promise<string> =>
  (await system.tokens.issue(subject, options)).token;

/** Resolves with the close code and reason, or the status of a refused upgrade. */
function closing(socket: WebSocket): Promise<[number, string]> {
  return new Promise((resolve) => {
    socket.once('unexpected-response', (_request, response) => resolve([response.statusCode ?? 0, '']));
    socket.once('close', (code, reason) => resolve([code, reason.toString()]));
    socket.once('error', () => undefined);
  });
}

async function open(token: string): Promise<WebSocket> {
  const socket = new WebSocket(`${system.ws}/echo/x`, { headers: bearer(token) });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}

describe('a token in strict mode', () => {
  it('is taken from each of its places, for requests and for upgrades', async () => {
    const token = await tokenOf('alice');
    expect(await get(bearer(token))).toBe(200);
    expect(await get({ token })).toBe(200);
    expect(await get({ cookie: `authorization="Bearer ${token}"` })).toBe(200);
    expect(await get({ cookie: `token=${token}` })).toBe(200);
    expect(await get({}, `/things?token=${token}`)).not.toBe(401);
    const socket = await open(token);
    socket.close();
    const byQuery = new WebSocket(`${system.ws}/echo/x?token=${token}`);
    await new Promise((resolve) => byQuery.once('open', resolve));
    byQuery.close();
  });

  it('is HS256 with the id of its key, and says who, when, until when and which', async () => {
    const token = await tokenOf('alice');
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'HS256', typ: 'JWT', kid: expect.any(String) });
    const { sub, iat = 0, exp = 0, jti } = decodeJwt(token);
    expect([sub, exp - iat, typeof jti]).toEqual(['alice', 30 * 24 * 3600, 'string']);
  });

  it('allows what its user may do, and no more than it says itself', async () => {
    const post = async (token: string): Promise<number> =>
      (await fetch(`${system.url}/things`, { method: 'POST', headers: bearer(token) })).status;
    expect(await post(await tokenOf('alice'))).toBe(507);
    expect(await post(await tokenOf('alice', { scopes: ['stream:read'] }))).toBe(403);
    expect(await post(await tokenOf('reader'))).toBe(403);
    expect(await post(await tokenOf('reader', { scopes: ['admin'] }))).toBe(403);
  });

  it('of another key, another algorithm or none, changed, expired, or of nobody is refused', async () => {
    const token = await tokenOf('alice');
    const claims = decodeJwt(token);
    const { kid = '' } = decodeProtectedHeader(token);
    const [head, , signature] = token.split('.') as [string, string, string];
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'reader' })).toString('base64url');
    const sign = (alg: string, key: Uint8Array): Promise<string> =>
      new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(key);
    const bad = [
      `${head}.${forged}.${signature}`,
      `${token}x`,
      token.slice(0, -2),
      await sign('HS256', Buffer.from('the published key of some original, 32+ bytes')),
      await sign('HS512', Buffer.alloc(64, 'x')),
      new UnsecuredJWT(claims).encode(),
      'garbage',
      'a.b.c',
      '..',
      '\u00e4',
      'x'.repeat(10_000),
      `sluice_${'x'.repeat(43)}`,
      await tokenOf('nobody'),
      await tokenOf('alice', { isDevelopment: true }),
      await tokenOf('alice', { lifetimeSeconds: -100 }).then(async (short) => {
        await waitFor(() => Date.now() > (decodeJwt(short).exp ?? 0) * 1000);
        return short;
      }),
    ];
    for (const text of bad) {
      const encoded = encodeURIComponent(text);
      expect([text.slice(0, 40), await get({ cookie: `token=${encoded}` })]).toEqual([text.slice(0, 40), 401]);
    }
    expect(await get(bearer(token))).toBe(200);
  });

  it('is refused before the handshake of a WebSocket, with the scheme that is wanted', async () => {
    const socket = new WebSocket(`${system.ws}/echo/x`, { headers: bearer('garbage') });
    const [status, header] = await new Promise<[number, unknown]>((resolve) => {
      socket.once('unexpected-response', (_request, response) => {
        resolve([response.statusCode ?? 0, response.headers['www-authenticate']]);
        response.resume();
      });
      socket.once('error', () => undefined);
    });
    expect([status, header]).toEqual([401, 'Bearer']);
  });

  it('never shows in an answer that refuses it', async () => {
    for (const path of ['/things', '/nowhere', '/things/%E0%A4%A', '/%zz']) {
      const response = await fetch(`${system.url}${path}?token=secret-of-mine`, { headers: bearer('another-secret') });
      expect([response.status, await response.text()]).toEqual([
        path.includes('%') ? 400 : 401,
        expect.not.stringContaining('secret'),
      ]);
    }
  });
});

describe('without a credential', () => {
  it('only public routes answer; unknown paths look like all others', async () => {
    expect([await get({}, '/health/ready'), await get({}, '/metrics')]).toEqual([200, 200]);
    expect([await get({}), await get({}, '/nowhere')]).toEqual([401, 401]);
    expect(await closing(new WebSocket(`${system.ws}/nowhere`))).toEqual([401, '']);
    const headers = bearer(await tokenOf('alice'));
    expect(await get(headers, '/nowhere')).toBe(404);
    expect(await closing(new WebSocket(`${system.ws}/nowhere`, { headers }))).toEqual([403, '']);
  });
});

describe('an API key', () => {
  it('allows what its scopes and its owner allow, until it is revoked', async () => {
    const { secret } = await system.apiKeys.create({ name: 'camera', scopes: ['stream:*'], owner: 'reader' });
    const post = await fetch(`${system.url}/things`, { method: 'POST', headers: bearer(secret) });
    expect([await get(bearer(secret)), await get({ token: secret }), post.status]).toEqual([200, 200, 403]);
    const socket = await open(secret);
    const closed = closing(socket);
    await system.apiKeys.revoke('camera', 'test');
    expect(await closed).toEqual([4401, expect.stringContaining('UNAUTHENTICATED')]);
    expect(await get(bearer(secret))).toBe(401);
  });

  it('is kept as a digest only, and says when it was used last', async () => {
    const { secret } = await system.apiKeys.create({ name: 'probe', scopes: ['stream:read'], owner: 'reader' });
    expect(await get(bearer(secret))).toBe(200);
    const seen = await waitFor(async () => (await system.apiKeys.list()).find((key) => key.lastUsedAt !== null));
    expect(seen).toMatchObject({ name: 'probe', owner: 'reader' });
    const everything = JSON.stringify([
      await system.redis.command('HGETALL', 'sluice:auth:keys'),
      await system.redis.command('XRANGE', 'sluice:audit', '-', '+'),
    ]);
    expect(everything).not.toContain(secret);
  });

  it('of a name that is taken, or of a user who is none, opens nothing', async () => {
    const { secret } = await system.apiKeys.create({ name: 'orphan', scopes: ['admin'], owner: 'nobody' });
    expect(await get(bearer(secret))).toBe(401);
    const again = system.apiKeys.create({ name: 'orphan', scopes: ['admin'], owner: 'reader' });
    await expect(again).rejects.toMatchObject({ code: 'NAME_TAKEN' });
  });
});

describe('a socket', () => {
  const cases: [string, (name: string, tokenId: string) => Promise<unknown>][] = [
    ['whose token is revoked', (_name, tokenId) => system.tokens.revoke(tokenId, 'test')],
    ['whose user has all tokens taken back', (name) => system.tokens.revokeAll(name, 'test')],
    ['whose user is removed', (name) => system.users.remove(name, 'test')],
    ['whose user gets another password', (name) => system.users.setPassword(name, 'another one', 'test')],
    ['whose user may no longer do what they could', (name) => system.users.setScopes(name, ['stream:write'], 'test')],
  ];

  it.each(cases)('%s is closed with 4401, and the token opens no other', async (title, end) => {
    const name = `user-${cases.findIndex(([other]) => other === title)}`;
    await system.users.add({ name, password: 'password', scopes: ['stream:read'] }, 'test');
    const { token, tokenId } = await system.tokens.issue(name);
    const closed = closing(await open(token));
    await end(name, tokenId);
    expect(await closed).toEqual([4401, expect.stringContaining('UNAUTHENTICATED')]);
    expect([401, 403]).toContain(await get(bearer(token)));
  });

  it('whose token expires is closed with 4401 and its reason', async () => {
    const closed = closing(await open(await tokenOf('reader', { lifetimeSeconds: 1 })));
    expect(await closed).toEqual([4401, 'UNAUTHENTICATED: The token has expired; log in again']);
  });

  it('stays open when its user may do more than before, or others change', async () => {
    await system.users.add({ name: 'grows', password: 'password', scopes: ['stream:read'] }, 'test');
    const socket = await open(await tokenOf('grows'));
    await system.users.setScopes('grows', ['stream:read', 'stream:write'], 'test');
    await system.users.setScopes('alice', aliceScopes, 'test');
    socket.send('still here');
    const answer = await new Promise((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
    expect(answer).toBe('x: still here');
    socket.close();
  });
});

describe('an answer that takes its time', () => {
  it('is cut when its token is revoked', async () => {
    const { token, tokenId } = await system.tokens.issue('reader');
    const answer = await fetch(`${system.url}/things/endless`, { headers: bearer(token) });
    expect(answer.status).toBe(200);
    const cut = expect(answer.text()).rejects.toThrow();
    await system.tokens.revoke(tokenId, 'test');
    await cut;
  });
});

describe('another process', () => {
  it('knows users, keys and revocations at once', async () => {
    const other = await startStrict(system.redis.url);
    try {
      await ready(other.url);
      const status = async (token: string): Promise<number> =>
        (await fetch(`${other.url}/things`, { headers: bearer(token) })).status;
      await system.users.add({ name: 'shared', password: 'password', scopes: ['stream:read'] }, 'test');
      const { token, tokenId } = await system.tokens.issue('shared');
      const { secret } = await system.apiKeys.create({ name: 'shared-key', scopes: ['stream:read'], owner: 'shared' });
      expect([await status(token), await status(secret)]).toEqual([200, 200]);
      await system.tokens.revoke(tokenId, 'test');
      await waitFor(async () => (await status(token)) === 401);
      await system.users.remove('shared', 'test');
      await waitFor(async () => (await status(secret)) === 401);
    } finally {
      await other.service.close();
    }
  });
});

describe('a user who is removed and added again', () => {
  it('has none of the tokens and keys from before', async () => {
    await system.users.add({ name: 'again', password: 'password', scopes: ['stream:read'] }, 'test');
    const before = await tokenOf('again');
    const { secret } = await system.apiKeys.create({ name: 'of-again', scopes: ['stream:read'], owner: 'again' });
    expect([await get(bearer(before)), await get(bearer(secret))]).toEqual([200, 200]);
    await system.users.remove('again', 'test');
    await system.users.add({ name: 'again', password: 'password', scopes: ['stream:read'] }, 'test');
    expect([await get(bearer(before)), await get(bearer(secret))]).toEqual([401, 401]);
    expect(await get(bearer(await tokenOf('again')))).toBe(200);
  });
});
