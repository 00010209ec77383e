import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { LOGIN_ERRORS, LoginFormError, missingField, type LoginFault } from './login-errors.js';

/** What somebody logs in with. */
export interface LoginForm {
  readonly username: string;
  readonly password: string;
  /** `exp` of the query: seconds that the cookie shall live; null when it was not asked for. */
  readonly cookieSeconds: number | null;
}

/** Largest body of a log-in. */
const MAX_LOGIN_BYTES = 16 * 1024;

const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data'];

/** Teaches the server multipart forms, and bounds what a log-in may send before anybody is known. */
export function readForms(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (LOGIN_ERRORS.owns(route.url)) route.bodyLimit = MAX_LOGIN_BYTES;
  });
  const options = { parseAs: 'buffer', bodyLimit: MAX_LOGIN_BYTES } as const;
  fastify.addContentTypeParser('multipart/form-data', options, async (request: FastifyRequest, body: Buffer) => {
    return multipartFields(body, request.headers['content-type'] ?? '');
  });
}

/** Fields by name; of several with one name the last counts, files do not. */
async function multipartFields(body: Buffer, contentType: string): Promise<Record<string, string>> {
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
    const fields = [...form].filter((field): field is [string, string] => typeof field[1] === 'string');
    return Object.fromEntries(fields);
  } catch {
    throw new LoginFormError([missingField('username'), missingField('password')]);
  }
}

/** @throws LoginFormError naming every field that is missing, empty or wrong */
export function readLoginForm({ body, query, headers }: Pick<FastifyRequest, 'body' | 'query' | 'headers'>): LoginForm {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const fields = FORM_TYPES.includes(type) && typeof body === 'object' ? ((body ?? {}) as Record<string, unknown>) : {};
  const faults: LoginFault[] = [];
  const field = (name: string): string => {
    const value = Array.isArray(fields[name]) ? (fields[name] as unknown[]).at(-1) : fields[name];
    if (typeof value === 'string' && value !== '') return value;
    faults.push(missingField(name));
    return '';
  };
  const form = { username: field('username'), password: field('password'), cookieSeconds: seconds(query, faults) };
  if (faults.length > 0) throw new LoginFormError(faults);
  return form;
}

function seconds(query: unknown, faults: LoginFault[]): number | null {
  const given = (query as Readonly<Record<string, unknown>> | undefined)?.['exp'];
  const text = Array.isArray(given) ? (given as unknown[]).at(-1) : given;
  if (text === undefined) return null;
  const value = Number(text);
  if (typeof text === 'string' && text.trim() !== '' && Number.isSafeInteger(value)) return value;
  faults.push({ loc: ['query', 'exp'], msg: 'value is not a valid integer', type: 'type_error.integer' });
  return null;
}
