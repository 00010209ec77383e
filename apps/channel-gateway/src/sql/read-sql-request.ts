import { type Fault } from '../records/faults.js';
import { unprocessable, type ApiError } from '../http/api-errors.js';

type SqlFormat = 'json' | 'csv' | 'arrow';

/** Media types of the formats that a client may ask for by `accept` as well; the first one is the usual. */
const SQL_TYPES: readonly (readonly [format: SqlFormat, type: string])[] = [
  ['json', 'application/json'],
  ['csv', 'text/csv'],
  ['arrow', 'application/vnd.apache.arrow.stream'],
];

/** What a client wants to know. */
export interface SqlRequest {
  readonly sql: string;
  /** For the `?` or `$1` of the text. */
  readonly values: readonly (string | number | boolean | null)[];
  readonly format: SqlFormat;
  readonly maxRows: number;
  /** All members of the body. */
  readonly input: Readonly<Record<string, unknown>>;
}

const MOST_CHARS = 65_536;
const MOST_VALUES = 1_000;
const MOST_ROWS = 10_000;
const MEMBERS: ReadonlySet<string> = new Set(['sql', 'params', 'format', 'limit', 'start', 'end']);

/** Reads the body of a SQL request. @param accept of the request; the body's `format` counts more @throws ApiError 422 */
export function readSqlRequest(input: unknown, accept = ''): SqlRequest {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw fault('model_type', [], 'Input should be an object with the member "sql"');
  }
  const members = input as Readonly<Record<string, unknown>>;
  const extra = Object.keys(members).find((name) => !MEMBERS.has(name));
  if (extra !== undefined) throw fault('extra_forbidden', [extra.slice(0, 100)], 'Extra inputs are not permitted');
  const { sql, params = [], format = acceptedFormat(accept), limit = MOST_ROWS } = members;
  if (sql === undefined) throw fault('missing', ['sql'], 'Field required');
  if (typeof sql !== 'string' || sql.length > MOST_CHARS) {
    throw fault('string_type', ['sql'], `Input should be a text of at most ${MOST_CHARS} characters`);
  }
  if (!Array.isArray(params) || params.length > MOST_VALUES || !params.every(isPlain)) {
    throw fault('list_type', ['params'], `Input should be a list of at most ${MOST_VALUES} plain values`);
  }
  if (!isFormat(format)) throw fault('literal_error', ['format'], "Input should be 'json', 'csv' or 'arrow'");
  if (!Number.isInteger(limit) || (limit as number) < 0 || (limit as number) > MOST_ROWS) {
    throw fault('int_type', ['limit'], `Input should be an integer from 0 to ${MOST_ROWS}`);
  }
  return { sql, values: params, format, maxRows: limit as number, input: members };
}

/** The first of the types in the header that there is. */
function acceptedFormat(accept: string): SqlFormat {
  const types = accept.split(',').map((type) => type.split(';', 1)[0]?.trim().toLowerCase());
  const found = types.flatMap((type) => SQL_TYPES.filter(([, known]) => known === type))[0];
  return found?.[0] ?? 'json';
}

function isFormat(value: unknown): value is SqlFormat {
  return SQL_TYPES.some(([format]) => format === value);
}

function isPlain(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
}

function fault(type: string, path: Fault['loc'], msg: string): ApiError {
  return unprocessable([{ type, loc: ['body', ...path], msg, input: null }]);
}
