import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { type CryptoKey, type JWK, SignJWT, UnsecuredJWT, exportJWK, generateKeyPair } from 'jose';
import { ConfigError } from '../src/index.js';
import { startStrict, startStrictSystem } from './support/strict.js';

/** An issuer in this process: discovery and keys, as they are at the moment. */
class Issuer {
  readonly keys: JWK[] = [];
  #server: Server | null = null;
  url = '';

  async start(port = 0): Promise<void> {
    const server = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      const discovery = { issuer: this.url, jwks_uri: `${this.url}/jwks`, authorization_endpoint: `${this.url}/auth` };
      response.end(JSON.stringify(request.url === '/jwks' ? { keys: this.keys } : discovery));
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  async addKey(kid: string): Promise<CryptoKey> {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    this.keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'ES256' });
    return privateKey;
  }
}

const issuer = new Issuer();
let key: CryptoKey;
let system: Awaited<ReturnType<typeof startStrictSystem>>;

beforeAll(async () => {
  await issuer.start();
  key = await issuer.addKey('one');
  system = await startStrictSystem({ SLUICE_OIDC_ISSUER: issuer.url, SLUICE_OIDC_AUDIENCE: 'sluice' });
  await system.users.add({ name: 'alice', password: 'wonderland', scopes: ['admin'] }, 'test');
});

afterAll(async () => {
  await system.close();
  issuer.stop();
});

interface Changes {
  readonly claims?: Record<string, unknown>;
  readonly head?: Record<string, unknown>;
  readonly signWith?: CryptoKey | Uint8Array;
}

const claimsOf = (claims: Record<string, unknown> = {}): Record<string, unknown> => {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer.url,
    aud: 'sluice',
    sub: 'alice',
    iat: now,
    exp: now + 60,
    scope: 'openid stream:read',
    ...claims,
  };
};
const token = ({ claims = {}, head = {}, signWith = key }: Changes = {}): Promise<string> =>
  new SignJWT(claimsOf(claims)).setProtectedHeader({ alg: 'ES256', kid: 'one', ...head }).sign(signWith);
const call = async (text: string, method = 'GET'): Promise<number> =>
  (await fetch(`${system.url}/things`, { method, headers: { authorization: `Bearer ${text}` } })).status;

describe('the token of a foreign issuer', () => {
  it('allows those of its scopes that are ours, and never what a user of the same name may do', async () => {
    const text = await token();
    expect([await call(text), await call(text, 'POST')]).toEqual([200, 403]);
    expect(await call(await token({ claims: { scope: ['stream:read=a*'] } }))).toBe(200);
    expect(await call(await token({ claims: { scope: 'openid email' } }))).toBe(403);
    expect(await call(await token({ claims: { scope: undefined } }))).toBe(403);
  });

  it.each<[string, Changes]>([
    ['of another issuer', { claims: { iss: 'http://127.0.0.1:1' } }],
    ['for another program', { claims: { aud: 'other' } }],
    ['for nobody in particular', { claims: { aud: undefined } }],
    ['that has expired', { claims: { exp: 1 } }],
    ['that never expires', { claims: { exp: undefined } }],
    ['of nobody', { claims: { sub: '' } }],
    ['with a key id that the issuer does not have', { head: { kid: 'two' } }],
  ])('%s is refused', async (_title, changes) => {
    expect(await call(await token(changes))).toBe(401);
  });

  it('without a signature, or with one made of the public key, is refused', async () => {
    const publicKey = Buffer.from(JSON.stringify(issuer.keys[0]));
    const confused = await new SignJWT(claimsOf()).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(publicKey);
    const { privateKey } = await generateKeyPair('ES256');
    const unsigned = new UnsecuredJWT(claimsOf()).encode();
    for (const text of [confused, unsigned, await token({ signWith: privateKey })]) expect(await call(text)).toBe(401);
  });

  it('signed with a key that the issuer has just begun to use is taken', async () => {
    const next = await issuer.addKey('next');
    const text = await token({ head: { kid: 'next' }, signWith: next });
    await waitFor(async () => (await call(text)) === 200);
  });

  it('is taken back with all others of its subject', async () => {
    const text = await token({ claims: { sub: 'bob', iat: Math.floor(Date.now() / 1000) - 5 } });
    expect(await call(text)).toBe(200);
    await system.tokens.revokeAll(`oidc:${issuer.url}#bob`, 'test');
    expect([await call(text), await call(await token())]).toEqual([401, 200]);
  });
});

describe('an issuer that does not answer', () => {
  it('costs its own users a 503 and nobody else anything, until it is back', async () => {
    const away = new Issuer();
    await away.start();
    const port = Number(new URL(away.url).port);
    const hidden = await away.addKey('away');
    away.stop();
    const settings = { SLUICE_OIDC_ISSUER: away.url, SLUICE_OIDC_AUDIENCE: 'sluice' };
    const other = await startStrict(system.redis.url, settings);
    const status = async (text: string): Promise<number> =>
      (await fetch(`${other.url}/things`, { headers: { authorization: `Bearer ${text}` } })).status;
    try {
      const foreign = await token({ claims: { iss: away.url }, head: { kid: 'away' }, signWith: hidden });
      const { token: ours } = await system.tokens.issue('alice');
      await waitFor(async () => (await status(ours)) === 200);
      expect(await status(foreign)).toBe(503);
      await away.start(port);
      await waitFor(async () => (await status(foreign)) === 200);
    } finally {
      await other.service.close();
      away.stop();
    }
  });

  it('needs an audience', async () => {
    const starting = startStrict(system.redis.url, { SLUICE_OIDC_ISSUER: 'http://127.0.0.1:1' });
    await expect(starting).rejects.toThrow(ConfigError);
  });
});
