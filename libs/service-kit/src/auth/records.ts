/** A user, as Redis holds one. */
export interface UserRecord {
  /** `argon2id` hash; null: nobody can log in with a password. */
  readonly password: string | null;
  readonly scopes: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
}

/** An API key, as Redis holds one. */
export interface ApiKeyRecord {
  /** SHA-256 of the secret, in hexadecimal. */
  readonly digest: string;
  readonly scopes: readonly string[];
  /** Subject that made it. */
  readonly owner: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** A key that signs tokens, as Redis holds one. */
export interface SigningKeyRecord {
  readonly alg: 'HS256' | 'EdDSA';
  /** JSON Web Key with its private part. */
  readonly jwk: Readonly<Record<string, unknown>>;
  /** Epoch ms. */
  readonly createdAtMs: number;
  /** Epoch ms at which its last token will have expired; null while it signs. */
  readonly retiresAtMs: number | null;
}

/** Reads a record that we wrote; null when somebody else changed it into something that is none. */
export function parseUser(text: string): UserRecord | null {
  const value = parseObject(text);
  const isUser = (value?.['password'] === null || typeof value?.['password'] === 'string') && hasScopes(value);
  return isUser ? (value as unknown as UserRecord) : null;
}

/** As {@link parseUser}. */
export function parseApiKey(text: string): ApiKeyRecord | null {
  const value = parseObject(text);
  const isKey = typeof value?.['digest'] === 'string' && typeof value['owner'] === 'string' && hasScopes(value);
  return isKey ? (value as unknown as ApiKeyRecord) : null;
}

/** As {@link parseUser}. */
export function parseSigningKey(text: string): SigningKeyRecord | null {
  const value = parseObject(text);
  const isAlgorithm = value?.['alg'] === 'HS256' || value?.['alg'] === 'EdDSA';
  const isKey = isAlgorithm && typeof value['jwk'] === 'object' && typeof value['createdAtMs'] === 'number';
  return isKey ? (value as unknown as SigningKeyRecord) : null;
}

function hasScopes(value: Record<string, unknown>): boolean {
  const { scopes } = value;
  return Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string');
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
