import { SluiceError } from '@sluice/contracts';
import { type DialectReply, type ErrorDialect } from '@sluice/service-kit';

/** One value of a log-in that is missing or wrong, in the words of the ptg dialect. */
export interface LoginFault {
  readonly loc: readonly string[];
  readonly msg: string;
  readonly type: string;
}

/** A log-in whose form or query is wrong: 422. */
export class LoginFormError extends SluiceError {
  constructor(readonly faults: readonly LoginFault[]) {
    super('INVALID_PARAMETER', faults.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '));
  }
}

/** A field that the form lacks, or has empty. */
export function missingField(name: string): LoginFault {
  return { loc: ['body', name], msg: 'field required', type: 'value_error.missing' };
}

const CHALLENGE = { 'www-authenticate': 'Bearer' };
const NO_STORE = { 'cache-control': 'no-store' };
/** What reads a body that is no form at all ends with. */
const UNREADABLE: readonly SluiceError['code'][] = ['INVALID_PARAMETER', 'UNSUPPORTED_MEDIA_TYPE'];

/** How the log-in tells errors: as the ptg dialect does, on both of its paths. */
export const LOGIN_ERRORS: ErrorDialect = {
  owns: (path) => /^\/(ptg\/)?token\/?$/.test(path),
  reply: (error) => toReply(error),
};

function toReply(error: SluiceError): DialectReply {
  if (error instanceof LoginFormError) return reply(422, error.faults);
  if (UNREADABLE.includes(error.code)) return reply(422, [missingField('username'), missingField('password')]);
  if (error.code === 'METHOD_NOT_ALLOWED') return reply(405, 'Method Not Allowed');
  if (error.code === 'NOT_FOUND') return reply(404, 'Not Found');
  if (error.code === 'UNAUTHENTICATED') return reply(401, error.message, CHALLENGE);
  const seconds = error.details?.['retryAfterSeconds'];
  return reply(error.status, error.message, typeof seconds === 'number' ? { 'retry-after': String(seconds) } : {});
}

function reply(status: number, detail: unknown, headers: Readonly<Record<string, string>> = {}): DialectReply {
  return { status, headers: { ...NO_STORE, ...headers }, body: { detail } };
}
