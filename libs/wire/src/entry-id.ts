/**
 * Id of an entry as text: `<ms>-<seq>`, both unsigned 64-bit in decimal without leading zeros. Ids are compared with
 * {@link compareEntryIds}, never as text (`…-9` stands before `…-10`).
 */
export type EntryId = string;

/** Position before every entry of a stream; no entry can have it. */
export const FIRST_ENTRY_ID: EntryId = '0-0';

/** The highest id there is. */
export const LAST_ENTRY_ID: EntryId = '18446744073709551615-18446744073709551615';

const MAX_U64 = '18446744073709551615';
/** Longest text looked at: two numbers of 20 digits with room for needless leading zeros. */
const MAX_ID_CHARS = 64;
const DIGIT_0 = 48;
const DIGIT_9 = 57;

function isDigits(text: string, from: number, to: number): boolean {
  if (from >= to) return false;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code < DIGIT_0 || code > DIGIT_9) return false;
  }
  return true;
}

/** Decimal digits of a u64 without leading zeros, or null when `text[from, to)` is none. */
function canonicalU64(text: string, from: number, to: number): string | null {
  if (!isDigits(text, from, to)) return null;
  let start = from;
  while (start < to - 1 && text.charCodeAt(start) === DIGIT_0) start++;
  const digits = text.slice(start, to);
  if (digits.length < MAX_U64.length) return digits;
  return digits.length === MAX_U64.length && digits <= MAX_U64 ? digits : null;
}

/**
 * The canonical form of an entry id: `<ms>-<seq>` as it stands, a bare `<ms>` as `<ms>-0`. Null for anything else,
 * also for numbers beyond 64 bits.
 */
export function parseEntryId(text: string): EntryId | null {
  if (text.length > MAX_ID_CHARS) return null;
  const dash = text.indexOf('-');
  const ms = canonicalU64(text, 0, dash < 0 ? text.length : dash);
  if (ms === null) return null;
  if (dash < 0) return `${ms}-0`;
  const seq = canonicalU64(text, dash + 1, text.length);
  if (seq === null) return null;
  return ms.length + seq.length + 1 === text.length ? text : `${ms}-${seq}`;
}

/**
 * Id of an entry to be appended: an entry id, or `<ms>-*` (the server numbers within the millisecond). Null for anything
 * else, also for `0-0`, which no entry can have.
 */
export function parseAppendId(text: string): string | null {
  if (text.endsWith('-*')) {
    const ms = text.length > MAX_ID_CHARS ? null : canonicalU64(text, 0, text.length - 2);
    return ms === null ? null : `${ms}-*`;
  }
  const id = parseEntryId(text);
  return id === FIRST_ENTRY_ID ? null : id;
}

/**
 * A position a client may ask from: an entry id, or `<ms>-<seq>/<index>` inside a packed entry (the same as the id of one of its
 * parts). Null for anything else.
 */
export function parsePosition(text: string): EntryId | null {
  const slash = text.indexOf('/');
  if (slash < 0) return parseEntryId(text);
  const id = parseEntryId(text.slice(0, slash));
  const index = text.slice(slash + 1);
  return id === null || !/^(0|[1-9]\d{0,9})$/.test(index) ? null : `${id}/${index}`;
}

/** The entry that a position lies in or after: `<ms>-<seq>` without the index of a part. */
export function entryOfPosition(position: EntryId): EntryId {
  const slash = position.indexOf('/');
  return slash < 0 ? position : position.slice(0, slash);
}

/** Id of one part of a packed entry, counted from 0. */
export function packedPartId(id: EntryId, index: number): EntryId {
  return `${id}/${index}`;
}

function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length < b.length ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Numeric order of two canonical ids or positions: negative, 0 or positive. Exact over the whole 64 bits. The parts of a packed
 * entry stand before the entry itself, which as a position means all of it.
 */
export function compareEntryIds(a: EntryId, b: EntryId): number {
  if (a === b) return 0;
  const dashA = a.indexOf('-');
  const dashB = b.indexOf('-');
  const byTime = compareDigits(a.slice(0, dashA), b.slice(0, dashB));
  if (byTime !== 0) return byTime;
  const slashA = a.indexOf('/', dashA);
  const slashB = b.indexOf('/', dashB);
  const seqA = a.slice(dashA + 1, slashA < 0 ? undefined : slashA);
  const seqB = b.slice(dashB + 1, slashB < 0 ? undefined : slashB);
  const bySequence = compareDigits(seqA, seqB);
  if (bySequence !== 0) return bySequence;
  if (slashA < 0) return slashB < 0 ? 0 : 1;
  return slashB < 0 ? -1 : compareDigits(a.slice(slashA + 1), b.slice(slashB + 1));
}

function addOne(digits: string): string {
  return digits.length < 16 ? String(Number(digits) + 1) : String(BigInt(digits) + 1n);
}

function subtractOne(digits: string): string {
  return digits.length < 16 ? String(Number(digits) - 1) : String(BigInt(digits) - 1n);
}

/** The lowest id above a canonical id; null above {@link LAST_ENTRY_ID}. */
export function nextEntryId(id: EntryId): EntryId | null {
  const dash = id.indexOf('-');
  const ms = id.slice(0, dash);
  const seq = id.slice(dash + 1);
  if (seq !== MAX_U64) return `${ms}-${addOne(seq)}`;
  return ms === MAX_U64 ? null : `${addOne(ms)}-0`;
}

/** The highest id below a canonical id; null below {@link FIRST_ENTRY_ID}. */
export function previousEntryId(id: EntryId): EntryId | null {
  const dash = id.indexOf('-');
  const ms = id.slice(0, dash);
  const seq = id.slice(dash + 1);
  if (seq !== '0') return `${ms}-${subtractOne(seq)}`;
  return ms === '0' ? null : `${subtractOne(ms)}-${MAX_U64}`;
}

/** Milliseconds since 1970 of a canonical id (rounded to a double's 53 bits beyond the year 287396). */
export function entryTimeMs(id: EntryId): number {
  return Number(id.slice(0, id.indexOf('-')));
}
