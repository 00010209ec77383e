import { hash, randomBytes } from 'node:crypto';
import { type ApiKeyView, type NewApiKeyView, SluiceError, parseScopes } from '@sluice/contracts';
import { type AccessParts, settleChange } from './access-parts.js';
import { ADD_FIELD } from './access-scripts.js';
import { API_KEYS_KEY, KEY_USES_KEY } from './auth-keys.js';
import { type ApiKeyRecord, parseApiKey } from './records.js';
import { assertSubjectName } from './subject-names.js';

const MAX_API_KEYS = 10_000;
/** Of one owner who is no administrator: nobody may use up what is there for all. */
const MAX_KEYS_OF_USER = 100;
const SECRET_BYTES = 32;
/** What every API key begins with: tells it from a token, and is found by scanners for lost secrets. */
const API_KEY_PREFIX = 'sluice_';
const USE_EVERY_MS = 60_000;

/** Whether a credential may be an API key. */
export function isApiKey(text: string): boolean {
  return text.startsWith(API_KEY_PREFIX) && text.length < 100;
}

/** What Redis knows of a secret. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'hex');
}

/**
 * Keys for machines. A key allows what its own scopes and its owner's rights both allow, and ends with its owner. Only
 * its digest is kept. Changes as in `UserDirectory`.
 */
export class ApiKeys {
  readonly #notedAtMs = new Map<string, number>();

  constructor(private readonly parts: AccessParts) {}

  /** Sorted by name. @throws SluiceError `LOG_UNAVAILABLE` */
  async list(): Promise<ApiKeyView[]> {
    const { commands } = this.parts.redis;
    const subject = 'API keys';
    const keys = toMap((await commands.run({ name: 'HGETALL', args: [API_KEYS_KEY], subject })) as string[]);
    const uses = toMap((await commands.run({ name: 'HGETALL', args: [KEY_USES_KEY], subject })) as string[]);
    const views = [...keys].flatMap(([name, text]) => {
      const record = parseApiKey(text);
      return record === null ? [] : [toView(name, record, uses.get(name) ?? null)];
    });
    return views.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /**
   * Makes a key; the answer holds its secret, which nobody can find out later.
   * @param key `isByAdmin`: the owner may have any number of keys
   * @throws SluiceError `INVALID_NAME`, `INVALID_PARAMETER` for scopes, `NAME_TAKEN`, `QUOTA_EXCEEDED`
   */
  async create({
    name,
    scopes,
    owner,
    isByAdmin = false,
  }: {
    readonly name: string;
    readonly scopes: readonly string[];
    readonly owner: string;
    readonly isByAdmin?: boolean;
  }): Promise<NewApiKeyView> {
    assertSubjectName(name, 'API key');
    parseScopes(scopes);
    if (!isByAdmin) await this.#assertRoom(owner);
    const secret = `${API_KEY_PREFIX}${randomBytes(SECRET_BYTES).toString('base64url')}`;
    const record: ApiKeyRecord = { digest: digestOf(secret), scopes, owner, createdAt: new Date().toISOString() };
    const args = [name, JSON.stringify(record), MAX_API_KEYS];
    const subject = `API key "${name}"`;
    const added = await this.parts.redis.commands.runScript(ADD_FIELD, [API_KEYS_KEY], args, { subject });
    if (added === 0) throw new SluiceError('NAME_TAKEN', `There is an API key "${name}" already`);
    if (added === -1) throw new SluiceError('QUOTA_EXCEEDED', `There are ${MAX_API_KEYS} API keys, as many as can be`);
    await settleChange(this.parts, 'key-created', owner, { key: name, scopes });
    return { ...toView(name, record, null), secret };
  }

  async #assertRoom(owner: string): Promise<void> {
    const own = (await this.list()).filter((key) => key.owner === owner);
    if (own.length < MAX_KEYS_OF_USER) return;
    throw new SluiceError(
      'QUOTA_EXCEEDED',
      `"${owner}" has ${own.length} API keys, as many as a user can: revoke some`,
    );
  }

  /** Ends a key and the sockets opened with it. @throws SluiceError `API_KEY_NOT_FOUND` */
  async revoke(name: string, by: string): Promise<void> {
    const { commands } = this.parts.redis;
    const subject = `API key "${name}"`;
    const removed = await commands.run({ name: 'HDEL', args: [API_KEYS_KEY, name], subject, isRepeatable: false });
    if (removed === 0) throw new SluiceError('API_KEY_NOT_FOUND', `There is no API key "${name}"`);
    await commands.run({ name: 'HDEL', args: [KEY_USES_KEY, name], subject });
    await settleChange(this.parts, 'key-revoked', by, { key: name });
  }

  /** Removes the keys of an owner, as part of another change, which tells everybody and writes the audit trail. */
  async removeAllOf(owner: string): Promise<void> {
    const { commands } = this.parts.redis;
    const subject = `API keys of "${owner}"`;
    const keys = toMap((await commands.run({ name: 'HGETALL', args: [API_KEYS_KEY], subject })) as string[]);
    const names = [...keys].filter(([, text]) => parseApiKey(text)?.owner === owner).map(([name]) => name);
    if (names.length === 0) return;
    await commands.run({ name: 'HDEL', args: [API_KEYS_KEY, ...names], subject });
    await commands.run({ name: 'HDEL', args: [KEY_USES_KEY, ...names], subject });
  }

  /** Notes that a key was used now, in Redis at most once a minute. */
  noteUse(name: string): void {
    const nowMs = Date.now();
    if (nowMs - (this.#notedAtMs.get(name) ?? 0) < USE_EVERY_MS) return;
    if (this.#notedAtMs.size >= MAX_API_KEYS) this.#notedAtMs.clear();
    this.#notedAtMs.set(name, nowMs);
    const args = [KEY_USES_KEY, name, nowMs];
    // When it was last used is good to know, and no reason to refuse anything.
    this.parts.redis.commands.run({ name: 'HSET', args, subject: 'uses of API keys' }).catch(() => undefined);
  }
}

function toView(name: string, { scopes, owner, createdAt }: ApiKeyRecord, usedAtMs: string | null): ApiKeyView {
  const lastUsedAt = usedAtMs === null ? null : new Date(Number(usedAtMs)).toISOString();
  return { name, scopes, owner, createdAt, lastUsedAt };
}

function toMap(reply: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let at = 0; at + 1 < reply.length; at += 2) map.set(reply[at] ?? '', reply[at + 1] ?? '');
  return map;
}
