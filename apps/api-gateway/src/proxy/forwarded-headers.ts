import { type IncomingMessage } from 'node:http';
import { type Edge } from '@sluice/service-kit';

/** Headers between two neighbours that are not passed on. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'http2-settings',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers that the gateway writes itself. */
const REWRITTEN: ReadonlySet<string> = new Set([
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-request-id',
]);

/** Request headers as they go to a service: name, value, name, value … */
export function forwardedHeaders(request: IncomingMessage, edge: Edge): string[] {
  const rawHeaders = request.httpVersionMajor === 2 ? http1Headers(request) : request.rawHeaders;
  const named = namedByConnection(request.headers.connection);
  const headers: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    const lowered = name.toLowerCase();
    if (HOP_BY_HOP.has(lowered) || REWRITTEN.has(lowered) || named?.has(lowered) === true) continue;
    headers.push(name, rawHeaders[at + 1] as string);
  }
  pushForwarding(headers, request, edge);
  return headers;
}

/** Headers of an HTTP/2 request as HTTP/1.1 has them: the authority is the host, and the crumbs of the cookie are one. */
function http1Headers(request: IncomingMessage): string[] {
  const { rawHeaders, headers } = request;
  const list: string[] = [];
  for (const name of ['host', 'cookie'] as const) if (headers[name] !== undefined) list.push(name, headers[name]);
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (!name.startsWith(':') && name !== 'host' && name !== 'cookie') list.push(name, rawHeaders[at + 1] as string);
  }
  return list;
}

/** Headers of an upgrade as they go to a service: the handshake's own hop-by-hop headers stay. */
export function upgradeHeaders(request: IncomingMessage, edge: Edge): string[] {
  const { rawHeaders } = request;
  const headers: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    const lowered = name.toLowerCase();
    const isKept = lowered === 'connection' || lowered === 'upgrade' || !HOP_BY_HOP.has(lowered);
    if (isKept && !REWRITTEN.has(lowered)) headers.push(name, rawHeaders[at + 1] as string);
  }
  pushForwarding(headers, request, edge);
  return headers;
}

/** Whether a service's response header is passed on to the client. */
export function isPassedBack(loweredName: string): boolean {
  return !HOP_BY_HOP.has(loweredName);
}

function pushForwarding(headers: string[], request: IncomingMessage, edge: Edge): void {
  const peer = request.socket.remoteAddress ?? '';
  const isFromProxy = edge.proxies.has(peer);
  const before = isFromProxy ? request.headers['x-forwarded-for'] : undefined;
  headers.push(
    'x-forwarded-for',
    before === undefined ? peer : `${String(before)}, ${peer}`,
    'x-forwarded-proto',
    edge.isHttps(request) ? 'https' : 'http',
    'x-request-id',
    edge.requestId(request),
  );
}

/** Headers that `Connection` declares to be for the next neighbour only; null in the usual case. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null;
  return new Set(connection.split(',').map((token) => token.trim().toLowerCase()));
}
