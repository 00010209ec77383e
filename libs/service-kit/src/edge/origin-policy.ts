import { type IncomingHttpHeaders } from 'node:http';
import { hostnameOf, isLoopbackName } from './loopback.js';

/** Response headers that pages of other origins may read. */
const EXPOSED_HEADERS =
  'x-offsets, x-last-entry-id, x-gaps, x-next-entry-id, x-next-after, x-truncated, entry-offset, x-request-id, retry-after, location';
const ALLOWED_METHODS = 'GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS';
const PREFLIGHT_MAX_AGE_SECONDS = '600';

/** Header names and values, in order. */
export type HeaderList = [name: string, value: string][];

/**
 * Which web pages may use the service. Loopback origins and the service's own origin always may; others must be listed.
 * `*` gives what the original systems do: any origin, with credentials, the origin echoed when a cookie came along.
 */
export class OriginPolicy {
  readonly #allowed: ReadonlySet<string>;
  readonly #acceptsAll: boolean;

  constructor(origins: readonly string[]) {
    this.#allowed = new Set(origins.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
    this.#acceptsAll = this.#allowed.has('*');
  }

  /** Whether a page of this origin, asking under this host name, may use the service. */
  isAllowed(origin: string, host: string | undefined): boolean {
    if (this.#acceptsAll) return true;
    const lowered = origin.toLowerCase();
    if (this.#allowed.has(lowered)) return true;
    const authority = /^https?:\/\/(.+)$/.exec(lowered)?.[1];
    if (authority === undefined) return false;
    if (authority === host?.toLowerCase()) return true;
    const hostname = hostnameOf(authority);
    return hostname !== null && isLoopbackName(hostname);
  }

  /**
   * Whether a request comes from a page that may not make it. Reads of allowed or unknown origin pass: without CORS
   * headers the page cannot see the answer. Writes, and whatever a page of another site embeds, do not.
   */
  isForeign(method: string | undefined, headers: IncomingHttpHeaders): boolean {
    if (this.#acceptsAll) return false;
    const { origin } = headers;
    if (origin !== undefined) {
      return method !== 'GET' && method !== 'HEAD' && !this.isAllowed(origin, headers.host);
    }
    const isEmbedded = headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] === 'no-cors';
    return isEmbedded && this.#allowed.size === 0;
  }

  /** Headers that let the page of this request read the answer; empty when it may not or there is none. */
  responseHeaders(headers: IncomingHttpHeaders): HeaderList {
    const { origin } = headers;
    if (origin === undefined) return [];
    if (!this.isAllowed(origin, headers.host)) return [['vary', 'Origin']];
    const isEchoed = !this.#acceptsAll || headers.cookie !== undefined;
    const list: HeaderList = [
      ['access-control-allow-origin', isEchoed ? origin : '*'],
      ['access-control-allow-credentials', 'true'],
      ['access-control-expose-headers', EXPOSED_HEADERS],
    ];
    if (isEchoed) list.push(['vary', 'Origin']);
    return list;
  }

  /** Headers that answer a preflight of an allowed origin. */
  preflightHeaders(headers: IncomingHttpHeaders): HeaderList {
    const list = this.responseHeaders(headers);
    list.push(['access-control-allow-methods', ALLOWED_METHODS], ['access-control-max-age', PREFLIGHT_MAX_AGE_SECONDS]);
    const requested = headers['access-control-request-headers'];
    if (requested !== undefined) list.push(['access-control-allow-headers', requested]);
    if (headers['access-control-request-private-network'] === 'true') {
      list.push(['access-control-allow-private-network', 'true']);
    }
    return list;
  }
}
