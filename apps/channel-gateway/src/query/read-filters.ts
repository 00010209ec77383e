import { readDateTime } from '../records/times.js';
import { type Fault } from '../records/faults.js';
import { ApiError, unprocessable } from '../http/api-errors.js';
import { burdenOf } from '../bodies/json-burden.js';
import { type Comparison, type Condition, type Loc, type Operand } from './query.js';

const COMPARISONS: readonly Comparison[] = ['==', '!=', '<', '<=', '>', '>='];
const EXPECTED = "'==', '!=', '<', '<=', '>' or '>='";
const MAX_QUERY_CHARS = 65_536;
const MAX_DEPTH = 16;
const MAX_CONDITIONS = 200;
const MAX_VALUES = 1_000;
const SHOWN_CHARS = 200;
/** Where the words of a fault are explained. */
const EXPLAINED_AT = '/docs';

/**
 * Reads the text of a query. Absent, `null` and `{}` mean no condition; members that are not known are passed over.
 * @throws ApiError 422 for what is not JSON, 400 for JSON of another shape
 */
export function readFilters(text: string | null): readonly Condition[] {
  if (text === null) return [];
  const input = parse(text);
  if (input === null) return [];
  if (!isObject(input))
    throw shapeFault('model_type', [], 'Input should be a valid dictionary or instance of Query', input);
  const filters = input['filters'] ?? [];
  if (!Array.isArray(filters)) throw shapeFault('list_type', ['filters'], 'Input should be a valid list', filters);
  const budget = { left: MAX_CONDITIONS };
  return filters.map((filter, at) => readCondition(filter, ['filters', at], budget));
}

/** A query that does not fit, told as the dialect tells it: 400. */
export function shapeFault(type: string, loc: Loc, msg: string, input: unknown, ctx: Fault['ctx'] = {}): ApiError {
  return new ApiError(400, [{ type, loc, msg, input: shown(input), ctx, url: EXPLAINED_AT }]);
}

function parse(text: string): unknown {
  const invalid = (error: string): ApiError =>
    unprocessable([
      {
        type: 'json_invalid',
        loc: ['query', 'query'],
        msg: `Invalid JSON: ${error}`,
        input: shown(text),
        ctx: { error },
      },
    ]);
  if (text.length > MAX_QUERY_CHARS) throw invalid(`longer than ${MAX_QUERY_CHARS} characters`);
  const burden = burdenOf(Buffer.from(text), MAX_DEPTH);
  if (burden !== null) throw invalid(burden);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : 'not valid');
  }
}

function readCondition(input: unknown, loc: Loc, budget: { left: number }): Condition {
  budget.left -= 1;
  if (budget.left < 0) throw shapeFault('too_long', loc, `A query has at most ${MAX_CONDITIONS} conditions`, null);
  if (!isObject(input))
    throw shapeFault('model_type', loc, 'Input should be a valid dictionary or instance of Filter', input);
  for (const kind of ['or', 'and'] as const) {
    const parts = input['attr'] === undefined ? input[kind] : undefined;
    if (parts === undefined) continue;
    if (!Array.isArray(parts) || parts.length === 0) {
      throw shapeFault('list_type', [...loc, kind], 'Input should be a list of at least one filter', parts);
    }
    return { kind, parts: parts.map((part, at) => readCondition(part, [...loc, kind, at], budget)) };
  }
  const { attr, by } = input;
  if (attr === undefined) throw shapeFault('missing', [...loc, 'attr'], 'Field required', input);
  if (typeof attr !== 'string')
    throw shapeFault('string_type', [...loc, 'attr'], 'Input should be a valid string', attr);
  if (by === undefined) throw shapeFault('missing', [...loc, 'by'], 'Field required', input);
  if (!isObject(by)) {
    throw shapeFault(
      'model_type',
      [...loc, 'by'],
      'Input should be a valid dictionary or instance of FilterCondition',
      by,
    );
  }
  return readBy(attr, by, loc);
}

function readBy(attr: string, by: Readonly<Record<string, unknown>>, loc: Loc): Condition {
  const where = by['where'] ?? '==';
  const at = [...loc, 'by', 'value'];
  if (where === 'null' || where === 'not null') return { kind: 'null', attr, isNull: where === 'null', loc };
  if (where === 'in') return { kind: 'in', attr, values: readValues(by['value'], at), loc };
  if (where === 'contains') return { kind: 'contains', attr, value: readValue(by['value'], at), loc };
  if (!COMPARISONS.includes(where as Comparison)) {
    throw shapeFault('literal_error', [...loc, 'by', 'where'], `Input should be ${EXPECTED}`, where, {
      expected: EXPECTED,
    });
  }
  const operand = readOperand(by, [...loc, 'by']);
  return operand === null
    ? { kind: 'always', attr, loc }
    : { kind: 'compare', attr, where: where as Comparison, operand, loc };
}

/** All members are checked; of those there are, the first counts. */
function readOperand(by: Readonly<Record<string, unknown>>, loc: Loc): Operand | null {
  const { value = null, when = null, attr = null } = by;
  const known = value === null ? null : readValue(value, [...loc, 'value']);
  const moment = when === null ? null : readDateTime(when, true);
  if (when !== null && moment === null) {
    throw shapeFault('datetime_from_date_parsing', [...loc, 'when'], 'Input should be a valid datetime or date', when, {
      error: 'it is neither ISO text nor seconds since 1970',
    });
  }
  if (attr !== null && typeof attr !== 'string') {
    throw shapeFault('string_type', [...loc, 'attr'], 'Input should be a valid string', attr);
  }
  if (known !== null) return { kind: 'value', value: known };
  if (moment !== null) return { kind: 'when', when: moment };
  return attr === null ? null : { kind: 'attribute', attr };
}

function readValue(value: unknown, loc: Loc): string | number {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'number')
    throw shapeFault('finite_number', loc, 'Input should be a finite number', String(value));
  throw shapeFault('string_type', loc, 'Input should be a valid number or string', value);
}

function readValues(values: unknown, loc: Loc): (string | number)[] {
  if (!Array.isArray(values) || values.length > MAX_VALUES) {
    throw shapeFault('list_type', loc, `Input should be a list of at most ${MAX_VALUES} values`, values);
  }
  return values.map((value, at) => readValue(value, [...loc, at]));
}

function shown(input: unknown): unknown {
  const text = typeof input === 'string' ? input : (JSON.stringify(input) ?? 'null');
  if (text.length > SHOWN_CHARS) return `${text.slice(0, SHOWN_CHARS)}…`;
  return input ?? null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
