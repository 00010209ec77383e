import { parsePosition } from '@sluice/wire';
import { unprocessable } from '../http/api-errors.js';
import { readDateTime } from '../records/times.js';

type Input = Readonly<Record<string, unknown>>;

/** Reads a moment of an input, ISO text or seconds since 1970, as ms since 1970; null without one. @throws ApiError 422 */
export function momentIn(input: Input, name: string, where: 'query' | 'body'): number | null {
  const value = input[name];
  if (value === undefined || value === null) return null;
  const text = readDateTime(value, false);
  if (text !== null) return Math.max(0, Date.parse(`${text}Z`));
  const msg = 'Input should be a valid datetime or date';
  const shown = typeof value === 'string' ? value.slice(0, 100) : null;
  throw unprocessable([{ type: 'datetime_from_date_parsing', loc: [where, name], msg, input: shown }]);
}

/** Reads a position that an earlier answer named. @throws ApiError 422 */
export function positionIn(text: string | null): string | null {
  if (text === null) return null;
  const position = parsePosition(text);
  if (position !== null) return position;
  const msg = 'Input should be a position as `x-next-after` names it';
  throw unprocessable([{ type: 'value_error', loc: ['query', 'after'], msg, input: text.slice(0, 100) }]);
}
