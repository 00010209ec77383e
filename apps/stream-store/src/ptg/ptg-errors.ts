import { type SluiceError } from '@sluice/contracts';
import { type DialectReply, type ErrorDialect, type UpgradeRefusal } from '@sluice/service-kit';
import { ParameterError } from '../dialect/parameters.js';

const ROOT = '/ptg';
const ASK_FOR_BEARER = { 'www-authenticate': 'Bearer' };

/**
 * How the ptg dialect tells errors over HTTP: `{"detail":[{loc,msg,type}]}` with 422 for parameters and bodies,
 * `{"detail":"…"}` for routes and missing credentials, `{"detail":[{msg,type}]}` with the status of the error table for
 * everything else.
 */
export const PTG_ERRORS: ErrorDialect = {
  owns: (path) => path === ROOT || path.startsWith(`${ROOT}/`),
  reply: (error) => toPtgReply(error),
};

function toPtgReply(error: SluiceError): DialectReply {
  if (error instanceof ParameterError) return { status: 422, body: { detail: error.faults } };
  const { code, status, message, details } = error;
  if (code === 'UNAUTHENTICATED') return { status, headers: ASK_FOR_BEARER, body: { detail: 'Not authenticated' } };
  if (code === 'NOT_FOUND') return { status, body: { detail: 'Not Found' } };
  if (code === 'METHOD_NOT_ALLOWED') return { status, body: { detail: 'Method Not Allowed' } };
  const results = code === 'PARTIAL_APPEND' ? details : {};
  return { status, body: { detail: [{ msg: message, type: code, ...results }] } };
}

/** An upgrade of the dialect refused before the handshake: 401 without a credential, 403 for whatever else the client sent wrong. */
export function ptgRefusal(error: SluiceError): UpgradeRefusal {
  const { status, headers, body } = toPtgReply(error);
  const isBadRequest = status < 500 && ![401, 429].includes(status);
  return {
    status: isBadRequest ? 403 : status,
    ...(headers === undefined ? {} : { headers }),
    body: JSON.stringify(body),
  };
}
