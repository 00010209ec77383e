import { type DialectReply, type ErrorDialect } from '@sluice/service-kit';
import { CHANNEL_ERRORS } from '../http/api-errors.js';
import { type ApiKeyGate } from './api-key-gate.js';
import { loginPage } from './login-pages.js';

/**
 * How errors are told: names that are not served are not found, by any method and without a key. Where an application has keys, pages
 * that are refused show where to log in.
 * @param isMissing whether a path of the API names what is not served
 */
export function gatedErrors(gate: ApiKeyGate | null, isMissing: (path: string) => boolean): ErrorDialect {
  return {
    owns: (path) => CHANNEL_ERRORS.owns(path),
    reply: (error, request) => {
      const isRefused = gate !== null && error.code === 'UNAUTHENTICATED';
      if ((isRefused || error.code === 'METHOD_NOT_ALLOWED') && isMissing(request.path)) {
        return { status: 404, body: { detail: 'Not Found' } };
      }
      return isRefused ? refusal(gate, request.path) : CHANNEL_ERRORS.reply(error, request);
    },
  };
}

function refusal({ name, message }: ApiKeyGate, path: string): DialectReply {
  if (path.startsWith('/api/')) return { status: 403, body: { detail: message, status_code: 403 } };
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
  return { status: 403, headers, body: loginPage(name) };
}
