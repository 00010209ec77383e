import { SluiceError } from '@sluice/contracts';
import { parseEntryId, parsePosition } from '@sluice/wire';
import { type BoundedRange } from '../../streams/bounded-read.js';

const DEFAULT_COUNT = 100;

/** The range that a query asks for. @throws SluiceError `INVALID_ID` */
export function rangeOf(query: {
  readonly start?: string;
  readonly end?: string;
  readonly after?: string;
  readonly reverse?: boolean;
  readonly count?: number;
}): BoundedRange {
  const { start = '-', end = '+', after, reverse = false, count = DEFAULT_COUNT } = query;
  const position = after === undefined ? null : parsePosition(after);
  if (after !== undefined && position === null) throw invalid('after', after);
  return { start: boundOf('start', start), end: boundOf('end', end), reverse, count, after: position };
}

/** A date, with or without a time: whatever else `Date.parse` makes a guess at is refused. */
const ISO_TIME = /^\d{4}-\d\d-\d\d(T|$)/;

/** Milliseconds since 1970 of a number or an ISO 8601 time. @throws SluiceError `INVALID_PARAMETER` */
export function timeOf(text: string): number {
  const time = /^\d{1,15}$/.test(text) ? Number(text) : ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(time)) return time;
  const message = `nearest must be milliseconds since 1970 or an ISO 8601 time, got ${JSON.stringify(text)}`;
  throw new SluiceError('INVALID_PARAMETER', message);
}

/** `-`, `+`, an id, `(` and an id; a bare `<ms>` means the whole millisecond, as in Redis. */
function boundOf(name: string, text: string): string {
  if (text === '-' || text === '+') return text;
  const isExclusive = text.startsWith('(');
  const id = isExclusive ? text.slice(1) : text;
  if (parseEntryId(id) === null) throw invalid(name, text);
  return text;
}

function invalid(name: string, text: string): SluiceError {
  const allowed = name === 'after' ? 'an entry id' : 'an entry id, -, + or ( before an id';
  return new SluiceError('INVALID_ID', `${name} must be ${allowed}, got ${JSON.stringify(text)}`);
}
