import { type IncomingMessage } from 'node:http';
import { type Edge } from '@sluice/service-kit';

/** Headers between two neighbours that are not passed on. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
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
  const { rawHeaders } = request;
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
  const protocol = isFromProxy ? request.headers['x-forwarded-proto'] : undefined;
  headers.push(
    'x-forwarded-for',
    before === undefined ? peer : `${String(before)}, ${peer}`,
    'x-forwarded-proto',
    protocol === 'https' ? 'https' : 'http',
    'x-request-id',
    edge.requestId(request),
  );
}

/** Headers that `Connection` declares to be for the next neighbour only; null in the usual case. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null;
  return new Set(connection.split(',').map((token) => token.trim().toLowerCase()));
}
