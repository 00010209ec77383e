import { SluiceError } from '@sluice/contracts';
import { V1_SOCKET_PATH } from '@sluice/wire';

const PROTOCOLS: Readonly<Record<string, { http: string; socket: string } | undefined>> = {
  'http:': { http: 'http:', socket: 'ws:' },
  'ws:': { http: 'http:', socket: 'ws:' },
  'https:': { http: 'https:', socket: 'wss:' },
  'wss:': { http: 'https:', socket: 'wss:' },
};

/** Where a Sluice is found, for both of its protocols. */
export interface Address {
  /** Without a slash at its end. */
  readonly httpBase: string;
  readonly socketUrl: string;
}

/**
 * Reads the address of a Sluice; `http`, `https`, `ws` and `wss` are understood alike, a path is kept as a prefix.
 * @throws SluiceError `INVALID_PARAMETER`
 */
export function parseAddress(url: string): Address {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const protocols = parsed === null ? undefined : PROTOCOLS[parsed.protocol];
  if (parsed === null || protocols === undefined || parsed.host === '') {
    throw new SluiceError('INVALID_PARAMETER', `url "${url}" is not an http://, https://, ws:// or wss:// address`);
  }
  const rest = `//${parsed.host}${parsed.pathname.replace(/\/+$/, '')}`;
  return { httpBase: protocols.http + rest, socketUrl: protocols.socket + rest + V1_SOCKET_PATH };
}
