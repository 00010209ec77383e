import { type SluiceError } from '@sluice/contracts';
import { type Connection, type DialectReply, type ErrorDialect, type UpgradeRefusal } from '@sluice/service-kit';
import { closeReason } from '@sluice/wire';
import { toSluiceError } from '../streams/refusing.js';
import { ParameterError } from './parameters.js';

/** Paths that speak otherwise: our own routes and those that every service has. */
const OTHER_PATHS = /^\/(v1|ptg|health|metrics|api-docs)(\/|$)/;

/**
 * How the redis-streamer dialect tells errors over HTTP: `{"detail":[…]}` for parameters, `{"detail":"…"}` for routes,
 * `{"error":"…"}` for everything else, with the status of the error table.
 */
export const STREAMER_ERRORS: ErrorDialect = {
  owns: (path) => !OTHER_PATHS.test(path),
  reply: (error) => toDialectReply(error),
};

function toDialectReply(error: SluiceError): DialectReply {
  if (error instanceof ParameterError) return { status: 422, body: { detail: error.faults } };
  if (error.code === 'NOT_FOUND') return { status: 404, body: { detail: 'Not Found' } };
  if (error.code === 'METHOD_NOT_ALLOWED') return { status: 405, body: { detail: 'Method Not Allowed' } };
  const results = error.code === 'PARTIAL_APPEND' ? error.details : {};
  return { status: error.status, body: { error: error.message, ...results } };
}

/** An upgrade of the dialect refused before the handshake: 403 for whatever the client sent wrong. */
export function dialectRefusal(error: SluiceError): UpgradeRefusal {
  const isClientsFault = error.status < 500 && ![401, 429].includes(error.status);
  return { status: isClientsFault ? 403 : error.status, body: JSON.stringify({ error: error.message }) };
}

/** Close code and reason of a socket of any protocol that ends with an error. */
export function toClose(error: unknown): { readonly code: number; readonly reason: string } {
  const known = toSluiceError(error);
  return { code: known.closeCode, reason: closeReason(`${known.code}: ${known.message}`) };
}

/** Ends a socket of any protocol with an error. */
export function closeWith(connection: Connection, error: unknown): void {
  const { code, reason } = toClose(error);
  void connection.close(code, reason);
}
