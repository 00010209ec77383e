/**
 * Variables with our prefix that one program may find in its environment although another one reads them:
 * `npm start` hands its whole environment to every app.
 */
const KNOWN_NAMES: readonly string[] = [
  'SLUICE_URL',
  'SLUICE_TOKEN',
  'SLUICE_HOST',
  'SLUICE_LOG_LEVEL',
  'SLUICE_AUTH_MODE',
  'SLUICE_AUTH_TOKEN_LIFETIME_SECONDS',
  'SLUICE_AUTH_TOKEN_ALGORITHM',
  'SLUICE_AUTH_SIGNING_KEY_LIFETIME_SECONDS',
  'SLUICE_OIDC_ISSUER',
  'SLUICE_OIDC_AUDIENCE',
  'SLUICE_OIDC_SCOPE_CLAIM',
  'SLUICE_ALLOW_ANONYMOUS',
  'SLUICE_ALLOWED_HOSTS',
  'SLUICE_CORS_ORIGINS',
  'SLUICE_TRUSTED_PROXIES',
  'SLUICE_DRAIN_TIMEOUT_MS',
  'SLUICE_HEARTBEAT_MS',
  'SLUICE_COMPRESSION',
  'SLUICE_DURABILITY',
  'SLUICE_TLS',
  'SLUICE_CHROMIUM',
  'SLUICE_PYTHON',
  'SLUICE_CHANNELS',
];

/** Families owned by one app or tool each, which checks the names after the prefix itself. */
const KNOWN_PREFIXES: readonly string[] = [
  'SLUICE_API_GATEWAY_',
  'SLUICE_STREAM_STORE_',
  'SLUICE_CHANNEL_GATEWAY_',
  'SLUICE_REGISTRY_',
  'SLUICE_RETENTION_',
  'SLUICE_QUOTA_',
  'SLUICE_REDIS_',
  'SLUICE_TLS_',
  'SLUICE_DEMO_',
  'SLUICE_CLI_',
  'SLUICE_BENCH_',
  'SLUICE_TEST_',
];

/** Prefix of every variable of ours. */
export const VARIABLE_PREFIX = 'SLUICE_';

/**
 * Whether a variable this program does not read belongs to another part of Sluice. A family of which this program reads
 * at least one name is not another's: there, an unread name is a mistake, unless a program of that family is addressed
 * from elsewhere (`_PORT`, `_URL`).
 */
export function isKnownElsewhere(name: string, ownNames: readonly string[]): boolean {
  if (KNOWN_NAMES.includes(name)) return true;
  const family = KNOWN_PREFIXES.find((prefix) => name.startsWith(prefix));
  if (family === undefined) return false;
  if (family === 'SLUICE_TEST_' || /_(PORT|URL)$/.test(name)) return true;
  return !ownNames.some((own) => own.startsWith(family) && !/_(PORT|URL)$/.test(own));
}

/** Names worth suggesting for a mistyped one. */
export function suggestibleNames(ownNames: readonly string[]): string[] {
  return [...new Set([...ownNames, ...KNOWN_NAMES])];
}
