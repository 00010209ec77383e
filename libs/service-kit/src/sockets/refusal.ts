import { STATUS_CODES } from 'node:http';
import { type Duplex } from 'node:stream';
import { SluiceError, errorBody } from '@sluice/contracts';
import { retryAfter } from '../edge/edge.js';
import { type UpgradeRefusal } from './socket-route.js';

/**
 * The usual refusal of an upgrade: our error body. What the original dialect refuses at all (bad parameters, unknown
 * paths) it refuses with 403; other reasons keep their own status.
 */
export function usualRefusal(error: SluiceError, requestId: string): UpgradeRefusal {
  const status = error.status === 400 || error.status === 404 ? 403 : error.status;
  return { status, headers: retryAfter(error), body: JSON.stringify(errorBody(error, requestId)) };
}

/** A refusal that asks for a credential says which kind is taken. */
export function withChallenge(error: SluiceError, refusal: UpgradeRefusal): UpgradeRefusal {
  if (error.code !== 'UNAUTHENTICATED') return refusal;
  return { ...refusal, headers: { 'www-authenticate': 'Bearer', ...refusal.headers } };
}

/** Answers an upgrade as plain HTTP and ends the connection. */
export function refuseUpgrade(socket: Duplex, refusal: UpgradeRefusal, requestId: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = Buffer.from(refusal.body);
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Refused'}`,
    'connection: close',
    `content-type: ${refusal.contentType ?? 'application/json; charset=utf-8'}`,
    `content-length: ${body.length}`,
    'cache-control: no-store',
    `x-request-id: ${requestId}`,
    ...Object.entries(refusal.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.once('finish', () => {
    socket.destroy();
  });
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
}
