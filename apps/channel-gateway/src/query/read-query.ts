import { unprocessable, type ApiError } from '../http/api-errors.js';
import { readFilters } from './read-filters.js';
import { type StateQuery } from './query.js';

const MAX_NAMES = 100;
const MAX_OFFSET = 1_000_000_000;

/**
 * Reads what a request asks of a state: `query` as every client of the dialect knows it, and what is ours beside it: `limit`,
 * `offset`, `sort=x,-y`, `fields=id,x` and `lenient=true`.
 * @throws ApiError 422 or 400
 */
export function readQuery(parameters: Readonly<Record<string, unknown>>): StateQuery {
  const sort = namesIn(parameters, 'sort').map((name) =>
    name.startsWith('-') ? { attr: name.slice(1), isDescending: true } : { attr: name, isDescending: false },
  );
  return {
    filters: readFilters(textIn(parameters, 'query')),
    sort,
    fields: textIn(parameters, 'fields') === null ? null : namesIn(parameters, 'fields'),
    limit: countIn(parameters, 'limit'),
    offset: countIn(parameters, 'offset') ?? 0,
    isLenient: flagIn(parameters, 'lenient'),
  };
}

/** A whole number of a parameter; null without one. @throws ApiError 422 */
export function countIn(parameters: Readonly<Record<string, unknown>>, name: string, most = MAX_OFFSET): number | null {
  const text = textIn(parameters, name);
  if (text === null) return null;
  if (/^\d{1,10}$/.test(text) && Number(text) <= most) return Number(text);
  throw fault('int_parsing', name, `Input should be an integer from 0 to ${most}`, text);
}

/** The text of a parameter that may be given once; null without one. @throws ApiError 422 */
export function textIn(parameters: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = parameters[name];
  if (value === undefined) return null;
  if (typeof value === 'string') return value;
  throw fault('string_type', name, 'Input should be a valid string', null);
}

function namesIn(parameters: Readonly<Record<string, unknown>>, name: string): string[] {
  const names = textIn(parameters, name)?.split(',') ?? [];
  if (names.includes('')) throw fault('string_too_short', name, 'Input should be names with commas between them', '');
  if (names.length <= MAX_NAMES) return names;
  throw fault('too_long', name, `Input should have at most ${MAX_NAMES} names`, `${names.length} names`);
}

function flagIn(parameters: Readonly<Record<string, unknown>>, name: string): boolean {
  const text = textIn(parameters, name) ?? 'false';
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw fault('bool_parsing', name, 'Input should be true or false', text);
}

function fault(type: string, name: string, msg: string, input: string | null): ApiError {
  return unprocessable([{ type, loc: ['query', name], msg, input: input?.slice(0, 100) ?? null }]);
}
