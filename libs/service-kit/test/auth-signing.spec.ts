import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { SignJWT, decodeJwt, decodeProtectedHeader } from 'jose';
import { type StrictSample, ready, startStrict, startStrictSystem } from './support/strict.js';

let system: Awaited<ReturnType<typeof startStrictSystem>>;
let other: StrictSample;

beforeAll(async () => {
  system = await startStrictSystem({ SLUICE_AUTH_SIGNING_KEY_LIFETIME_SECONDS: '1' });
  other = await startStrict(system.redis.url, { SLUICE_AUTH_TOKEN_ALGORITHM: 'EdDSA' });
  await ready(other.url);
  await system.users.add({ name: 'alice', password: 'wonderland', scopes: ['stream:read'] }, 'test');
});

afterAll(async () => {
  await other.service.close();
  await system.close();
});

const status = async ({ url }: { url: string }, token: string): Promise<number> =>
  (await fetch(`${url}/things`, { headers: { authorization: `Bearer ${token}` } })).status;
const keyIdOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';
const keyIds = async (): Promise<string[]> =>
  ((await system.redis.command('HKEYS', 'sluice:auth:signing-keys')) as string[]).filter((id) => id !== 'current');

describe('the keys that sign tokens', () => {
  it('are replaced when they are old, and what they have signed stays valid', async () => {
    const { token: first } = await system.tokens.issue('alice');
    const { token: second } = await waitFor(async () => {
      const issued = await system.tokens.issue('alice');
      return keyIdOf(issued.token) === keyIdOf(first) ? null : issued;
    });
    expect([await status(system, first), await status(system, second), await status(other, first)]).toEqual([
      200, 200, 200,
    ]);
  });

  it('sign with the algorithm that is asked for, and each process takes what the other signs', async () => {
    const { token: ours } = await system.tokens.issue('alice');
    const { token: theirs } = await other.tokens.issue('alice');
    expect([decodeProtectedHeader(ours).alg, decodeProtectedHeader(theirs).alg]).toEqual(['HS256', 'EdDSA']);
    for (const place of [system, other])
      expect([await status(place, ours), await status(place, theirs)]).toEqual([200, 200]);
  });

  it('take no signature of another algorithm: a public key is no secret', async () => {
    const { token } = await other.tokens.issue('alice');
    const kid = keyIdOf(token);
    const record = JSON.parse(String(await system.redis.command('HGET', 'sluice:auth:signing-keys', kid))) as {
      jwk: { x: string };
    };
    const forged = await new SignJWT(decodeJwt(token))
      .setProtectedHeader({ alg: 'HS256', kid })
      .sign(Buffer.from(record.jwk.x, 'base64url'));
    expect([await status(system, forged), await status(system, token)]).toEqual([401, 200]);
  });

  it('are one, however many processes need the first', async () => {
    await system.redis.command('DEL', 'sluice:auth:signing-keys');
    await system.redis.command('XADD', 'sluice:auth:events', '*', 'd', '{}');
    const fresh = await Promise.all([startStrict(system.redis.url), startStrict(system.redis.url)]);
    try {
      await Promise.all(fresh.map(({ url }) => ready(url)));
      const issued = await Promise.all([...fresh, ...fresh].map(({ tokens }) => tokens.issue('alice')));
      expect(new Set(issued.map(({ token }) => keyIdOf(token))).size).toBe(1);
      expect(await keyIds()).toHaveLength(1);
    } finally {
      await Promise.all(fresh.map(({ service }) => service.close()));
    }
  });

  it('go when their last token has expired', async () => {
    const record = JSON.stringify({ alg: 'HS256', jwk: { kty: 'oct', k: 'YQ' }, createdAtMs: 1, retiresAtMs: 2 });
    await system.redis.command('HSET', 'sluice:auth:signing-keys', 'long-gone', record);
    await waitFor(async () => {
      await system.tokens.issue('alice');
      return !(await keyIds()).includes('long-gone');
    });
  });

  it('that somebody broke in Redis keep nobody else out', async () => {
    await system.redis.command(
      'HSET',
      'sluice:auth:signing-keys',
      'broken',
      '{"alg":"EdDSA","jwk":{},"createdAtMs":1}',
    );
    await system.redis.command('HSET', 'sluice:auth:users', 'broken', 'no JSON');
    const { token } = await system.tokens.issue('alice');
    await system.users.setScopes('alice', ['stream:read', 'stream:write'], 'test');
    expect(await status(system, token)).toBe(200);
  });
});
