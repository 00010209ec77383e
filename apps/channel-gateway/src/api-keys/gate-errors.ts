import { type ErrorDialect } from '@sluice/service-kit';
import { CHANNEL_ERRORS } from '../http/api-errors.js';
import { type ApiKeyGate } from './api-key-gate.js';
import { loginPage } from './login-pages.js';

/** How errors are told where an application has keys: pages that are refused show where to log in. */
export function gatedErrors(gate: ApiKeyGate | null): ErrorDialect {
  if (gate === null) return CHANNEL_ERRORS;
  const page = {
    status: 403,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    body: loginPage(gate.name),
  };
  return {
    owns: (path) => CHANNEL_ERRORS.owns(path),
    reply: (error, request) => {
      if (error.code !== 'UNAUTHENTICATED') return CHANNEL_ERRORS.reply(error, request);
      if (!request.path.startsWith('/api/')) return page;
      return { status: 403, body: { detail: gate.message, status_code: 403 } };
    },
  };
}
