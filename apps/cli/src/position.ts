import { parsePosition, previousEntryId } from '@sluice/wire';
import { UsageError } from './exit.js';

const AGO = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)( ago)?$/;
const UNIT_MS: Readonly<Record<string, number | undefined>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** How positions are written, for `--help`. */
export const POSITION_HELP =
  '"now" or $, "start", - or 0, an entry id (reads after it), a time (2026-01-31T12:00:00Z) or an age (30s, 5m, 2h, 1d)';

/** Milliseconds since 1970 that a time or an age names, or null when the text is neither. */
function parseTimeMs(text: string, nowMs: number): number | null {
  const ago = AGO.exec(text);
  if (ago !== null) return Math.max(0, Math.floor(nowMs - Number(ago[1]) * (UNIT_MS[ago[2] ?? ''] ?? 0)));
  const timeMs = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(timeMs) ? null : timeMs;
}

/**
 * A position to read after.
 * @throws UsageError for a text that names none
 */
export function parseFrom(text: string, nowMs = Date.now()): string {
  if (text === 'now' || text === '$') return '$';
  if (text === 'start' || text === '-') return '-';
  const timeMs = parseTimeMs(text, nowMs);
  // An entry of just that millisecond shall be read too.
  if (timeMs !== null) return previousEntryId(`${timeMs}-0`) ?? '-';
  const position = parsePosition(text);
  if (position !== null) return position;
  throw new UsageError(`"${text}" is not a position: give ${POSITION_HELP}`);
}

/**
 * The first or last id of a range, both belonging to it.
 * @throws UsageError for a text that names none
 */
export function parseBound(text: string, nowMs = Date.now()): string {
  if (text === '-' || text === 'start') return '-';
  if (text === '+' || text === 'end' || text === 'now') return '+';
  const timeMs = parseTimeMs(text, nowMs);
  if (timeMs !== null) return String(timeMs);
  if (/^\d+(-\d+)?$/.test(text)) return text;
  throw new UsageError(`"${text}" is not the bound of a range: give an entry id, a time, an age, "start" or "end"`);
}
