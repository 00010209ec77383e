import { type IncomingMessage } from 'node:http';
import { type SluiceError } from '@sluice/contracts';
import { type Identity } from '../auth/identity.js';
import { type Connection } from './connection.js';

/** An upgrade request, taken apart once. */
export interface UpgradeRequest {
  /** Request id, for the log. */
  readonly id: string;
  /** Path without the query, as it stands in the URL (still percent-encoded). */
  readonly path: string;
  /** Parts of the path that the pattern names, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly identity: Identity;
  readonly raw: IncomingMessage;
}

/** How an upgrade is refused before the handshake. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One WebSocket address and what happens there. */
export interface SocketRoute<Context> {
  /** Pattern such as `/data/:sid/push`; a named part is one path segment. */
  readonly path: string;
  /** Subprotocols the address speaks; the first one the client offers and this list holds is chosen. */
  readonly protocols?: readonly string[];
  /**
   * Checks the request and resolves everything the connection needs, once.
   * @throws SluiceError to refuse the upgrade
   */
  prepare(request: UpgradeRequest): Context | Promise<Context>;
  /** Takes the connection over. Listeners for messages must be attached before it returns. */
  accept(connection: Connection, context: Context, request: UpgradeRequest): void;
  /** The dialect's own form of a refusal; null for the usual one. */
  refuse?(error: SluiceError): UpgradeRefusal | null;
}

type Matcher = (segments: readonly string[]) => Record<string, string> | null;

/** Compiles a pattern into a function from path segments to its named parts; null when the path is another. */
export function compilePath(pattern: string): Matcher {
  const parts = pattern.split('/');
  return (segments) => {
    if (segments.length !== parts.length) return null;
    const params: Record<string, string> = {};
    for (const [at, part] of parts.entries()) {
      const segment = segments[at] ?? '';
      if (!part.startsWith(':')) {
        if (segment !== part) return null;
        continue;
      }
      const decoded = decodeSegment(segment);
      if (decoded === null || decoded === '') return null;
      params[part.slice(1)] = decoded;
    }
    return params;
  };
}

function decodeSegment(segment: string): string | null {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
