import { SluiceError } from '@sluice/contracts';

/** Where a Redis node listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What every connection to the same Redis (or cluster) shares. */
export interface RedisTarget {
  readonly seeds: readonly Endpoint[];
  readonly tls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  readonly database: number;
}

export function endpointName(endpoint: Endpoint): string {
  return `${endpoint.host}:${endpoint.port}`;
}

/**
 * Reads `redis://[user:password@]host[:port][/db]` (`rediss://` for TLS); several addresses of a cluster are separated by commas.
 * @throws SluiceError INVALID_PARAMETER; the message never shows the password.
 */
export function parseRedisUrl(text: string): RedisTarget {
  const urls = text.split(',').map((part) => toUrl(part.trim()));
  const first = urls[0];
  if (!first) throw new SluiceError('INVALID_PARAMETER', 'REDIS_URL is empty');
  const database = first.pathname.length > 1 ? Number(first.pathname.slice(1)) : 0;
  if (!Number.isInteger(database) || database < 0) {
    throw new SluiceError(
      'INVALID_PARAMETER',
      `REDIS_URL names the database "${first.pathname.slice(1)}", which is not a number`,
    );
  }
  return {
    seeds: urls.map((url) => ({
      host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
      port: Number(url.port || 6379),
    })),
    tls: first.protocol === 'rediss:',
    username: first.username ? decodeURIComponent(first.username) : null,
    password: first.password ? decodeURIComponent(first.password) : null,
    database,
  };
}

function toUrl(text: string): URL {
  const withScheme = text.includes('://') ? text : `redis://${text}`;
  const url = URL.parse(withScheme);
  if (!url || (url.protocol !== 'redis:' && url.protocol !== 'rediss:')) {
    throw new SluiceError('INVALID_PARAMETER', 'REDIS_URL must read redis://host:port or rediss://host:port');
  }
  return url;
}
