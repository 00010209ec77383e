import { randomBytes, webcrypto } from 'node:crypto';
import { defineScript } from '@sluice/stream-log';
import { type JWK, exportJWK, generateKeyPair, importJWK } from 'jose';
import { type SigningKeyRecord } from './records.js';

/** A key that signs tokens, ready to use. */
export interface SigningKey {
  readonly id: string;
  readonly record: SigningKeyRecord;
  readonly signWith: webcrypto.CryptoKey;
  readonly verifyWith: webcrypto.CryptoKey;
}

/** Makes the record of a new key. */
export async function newSigningKey(alg: SigningKeyRecord['alg'], nowMs: number): Promise<SigningKeyRecord> {
  const jwk =
    alg === 'HS256' ? { kty: 'oct', k: randomBytes(32).toString('base64url') } : await exportJWK(await newEdKey());
  return { alg, jwk, createdAtMs: nowMs, retiresAtMs: null };
}

async function newEdKey(): Promise<webcrypto.CryptoKey> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  return privateKey;
}

/** Makes a record ready to use. @throws Error when it holds no key of its algorithm */
export async function importSigningKey(id: string, record: SigningKeyRecord): Promise<SigningKey> {
  if (record.alg === 'HS256') {
    const bytes = Buffer.from(String(record.jwk['k']), 'base64url');
    const hmac = { name: 'HMAC', hash: 'SHA-256' };
    const key = await webcrypto.subtle.importKey('raw', bytes, hmac, false, ['sign', 'verify']);
    return { id, record, signWith: key, verifyWith: key };
  }
  const { d: _private, ...open } = record.jwk;
  const signWith = (await importJWK(record.jwk as JWK, record.alg)) as webcrypto.CryptoKey;
  const verifyWith = (await importJWK(open as JWK, record.alg)) as webcrypto.CryptoKey;
  return { id, record, signWith, verifyWith };
}

/*
 * Lets a new key sign, unless another process was faster. The key before it stays for what it has signed; those whose
 * last token has expired go.
 *
 * KEYS[1] the keys · ARGV[1] id of the key that signs, or empty · ARGV[2], ARGV[3] the new one's id and record
 * ARGV[4] record of the one before, with its end, or empty · ARGV[5…] ids of those that go
 * Returns 1 when the new key signs, 0 when another does.
 */
export const ROTATE_SIGNING_KEY = defineScript(
  'rotate-signing-key',
  `
local current = redis.call('HGET', KEYS[1], 'current') or ''
if current == ARGV[2] then return 1 end
if current ~= ARGV[1] then return 0 end
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], ARGV[1], ARGV[4]) end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3], 'current', ARGV[2])
for at = 5, #ARGV do redis.call('HDEL', KEYS[1], ARGV[at]) end
return 1
`,
);
