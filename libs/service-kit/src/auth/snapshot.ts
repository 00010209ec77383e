import { knownScopes } from '@sluice/contracts';
import { CURRENT_FIELD } from './auth-keys.js';
import { Grants } from './grants.js';
import { type ApiKeyRecord, type UserRecord, parseApiKey, parseSigningKey, parseUser } from './records.js';
import { type SigningKey, importSigningKey } from './signing-keys.js';

/** A user with rights made ready. */
interface KnownUser {
  readonly record: UserRecord;
  readonly grants: Grants;
}

/** An API key with rights made ready. */
export interface KnownApiKey {
  readonly name: string;
  readonly record: ApiKeyRecord;
  readonly grants: Grants;
}

/** Everything that decides who may do what, as it was at one moment. */
export interface Snapshot {
  readonly users: ReadonlyMap<string, KnownUser>;
  /** By the SHA-256 of their secret. */
  readonly apiKeys: ReadonlyMap<string, KnownApiKey>;
  readonly signingKeys: ReadonlyMap<string, SigningKey>;
  readonly currentKeyId: string | null;
  readonly generations: ReadonlyMap<string, number>;
  readonly notBeforeMs: ReadonlyMap<string, number>;
  readonly revoked: ReadonlySet<string>;
}

/** Replies of Redis: hashes as lists of fields and values, the set of revoked ids as a list. */
export interface SnapshotReplies {
  readonly users: readonly string[];
  readonly apiKeys: readonly string[];
  readonly signingKeys: readonly string[];
  readonly generations: readonly string[];
  readonly notBefore: readonly string[];
  readonly revoked: readonly string[];
}

export const EMPTY_SNAPSHOT: Snapshot = {
  users: new Map(),
  apiKeys: new Map(),
  signingKeys: new Map(),
  currentKeyId: null,
  generations: new Map(),
  notBeforeMs: new Map(),
  revoked: new Set(),
};

/** Makes replies into a snapshot; keys that `before` has are not made anew. */
export async function readSnapshot(replies: SnapshotReplies, before: Snapshot): Promise<Snapshot> {
  return {
    users: readUsers(replies.users),
    apiKeys: readApiKeys(replies.apiKeys),
    signingKeys: await readSigningKeys(replies.signingKeys, before),
    currentKeyId: new Map(pairs(replies.signingKeys)).get(CURRENT_FIELD) ?? null,
    generations: readNumbers(replies.generations),
    notBeforeMs: readNumbers(replies.notBefore),
    revoked: new Set(replies.revoked),
  };
}

function readUsers(reply: readonly string[]): Map<string, KnownUser> {
  const users = new Map<string, KnownUser>();
  for (const [name, text] of pairs(reply)) {
    const record = parseUser(text);
    if (record !== null) users.set(name, { record, grants: new Grants(knownScopes(record.scopes)) });
  }
  return users;
}

function readApiKeys(reply: readonly string[]): Map<string, KnownApiKey> {
  const keys = new Map<string, KnownApiKey>();
  for (const [name, text] of pairs(reply)) {
    const record = parseApiKey(text);
    if (record !== null) keys.set(record.digest, { name, record, grants: new Grants(knownScopes(record.scopes)) });
  }
  return keys;
}

async function readSigningKeys(reply: readonly string[], before: Snapshot): Promise<Map<string, SigningKey>> {
  const keys = new Map<string, SigningKey>();
  for (const [id, text] of pairs(reply)) {
    const record = id === CURRENT_FIELD ? null : parseSigningKey(text);
    if (record === null) continue;
    const known = before.signingKeys.get(id);
    // One that holds no key, whoever wrote it, keeps nobody else's tokens from being checked.
    const key = known ?? (await importSigningKey(id, record).catch(() => null));
    if (key !== null) keys.set(id, { ...key, record });
  }
  return keys;
}

function readNumbers(reply: readonly string[]): Map<string, number> {
  return new Map(pairs(reply).map(([name, text]) => [name, Number(text)]));
}

function pairs(reply: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let at = 0; at + 1 < reply.length; at += 2) list.push([reply[at] ?? '', reply[at + 1] ?? '']);
  return list;
}
