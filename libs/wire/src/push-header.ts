import { parseAppendId } from './entry-id.js';
import { WireError, quoteValue } from './wire-error.js';

/** One entry of a message of the redis-streamer dialect: bytes `[start, end)` of the blob that follows the header. */
export interface PushPart {
  readonly sid: string;
  /** `<ms>-<seq>` or `<ms>-*`; null: the server gives the id. */
  readonly id: string | null;
  readonly start: number;
  readonly end: number;
}

/** Longest header text that is looked at (about 40,000 entries). */
export const MAX_HEADER_CHARS = 1024 * 1024;

/** One entry as a header names it, before its offset is known for a start or an end. */
export interface Claim {
  readonly sid: string;
  readonly id: string | null;
  readonly offset: number;
}

const OPEN = 91;
const CLOSE = 93;
const DIGIT_0 = 48;
const MAX_FAST_DIGITS = 9;

/**
 * The number of a header that is a lone integer (`[100]`, by far the commonest one), read from the bytes of the frame
 * without JSON; -1 when the header is anything else and {@link parsePushHeader} must look at it.
 */
export function parseLoneOffset(header: Uint8Array): number {
  const last = header.length - 1;
  if (last < 2 || last > MAX_FAST_DIGITS + 1 || header[0] !== OPEN || header[last] !== CLOSE) return -1;
  let value = 0;
  for (let at = 1; at < last; at++) {
    const digit = (header[at] as number) - DIGIT_0;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return header[1] === DIGIT_0 && last > 2 ? -1 : value;
}

function parseLoneText(text: string): number {
  const last = text.length - 1;
  if (last < 2 || last > MAX_FAST_DIGITS + 1) return -1;
  if (text.charCodeAt(0) !== OPEN || text.charCodeAt(last) !== CLOSE) return -1;
  let value = 0;
  for (let at = 1; at < last; at++) {
    const digit = text.charCodeAt(at) - DIGIT_0;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return text.charCodeAt(1) === DIGIT_0 && last > 2 ? -1 : value;
}

function offsetsError(message: string): WireError {
  return new WireError('INVALID_OFFSETS', message);
}

function parseOffset(value: unknown, index: number): number {
  // JSON can say -0; adding 0 makes it the one zero.
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value + 0;
  throw offsetsError(`push header: offset ${index} is ${quoteValue(value)}, not a whole number of bytes`);
}

function parseId(value: unknown, index: number): string | null {
  if (value === null || value === '*') return null;
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  const id = typeof text === 'string' ? parseAppendId(text) : null;
  if (id !== null) return id;
  throw new WireError('INVALID_ID', `push header: id ${index} is ${quoteValue(value)}, not an entry id`);
}

function parseTuple(tuple: unknown, width: number, index: number): Claim {
  if (!Array.isArray(tuple) || tuple.length !== width) {
    const form = width === 2 ? '[stream, end]' : '[stream, id, end]';
    throw new WireError('INVALID_HEADER', `push header: element ${index} is ${quoteValue(tuple)}, not ${form}`);
  }
  const sid: unknown = tuple[0];
  if (typeof sid !== 'string' || sid === '') {
    throw new WireError('INVALID_HEADER', `push header: stream ${index} is ${quoteValue(sid)}, not a name`);
  }
  const id = width === 3 ? parseId(tuple[1], index) : null;
  return { sid, id, offset: parseOffset(tuple[width - 1], index) };
}

function parseJson(text: string): unknown {
  if (text.length > MAX_HEADER_CHARS) {
    throw new WireError(
      'INVALID_HEADER',
      `push header of ${text.length} characters is longer than ${MAX_HEADER_CHARS}: send fewer entries a message`,
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new WireError('INVALID_HEADER', `push header ${quoteValue(text)} is not JSON`);
  }
}

/** For the codecs of this folder. @throws WireError `INVALID_HEADER` */
export function parseHeaderList(text: string): unknown[] {
  const list = parseJson(text);
  if (Array.isArray(list)) return list;
  throw new WireError('INVALID_HEADER', `push header ${quoteValue(text)} is not a list of offsets`);
}

/** Claims of `[[sid, offset], …]` or `[[sid, id, offset], …]`. For the codecs of this folder. */
export function claimsOfTuples(list: readonly unknown[]): Claim[] {
  const first: unknown = list[0];
  if (!Array.isArray(first) || (first.length !== 2 && first.length !== 3)) {
    throw new WireError(
      'INVALID_HEADER',
      `push header: element 0 is ${quoteValue(first)}, not [stream, end] or [stream, id, end]`,
    );
  }
  const width = first.length;
  return list.map((tuple: unknown, index) => parseTuple(tuple, width, index));
}

/** Claims of `[offset, …]`, one a stream. For the codecs of this folder. */
export function claimsOfNumbers(list: readonly unknown[], sids: readonly string[]): Claim[] {
  if (list.length !== sids.length) {
    throw new WireError(
      'INVALID_HEADER',
      `push header has ${list.length} offsets for ${sids.length} streams in the path`,
    );
  }
  return list.map((value: unknown, index) => ({
    sid: sids[index] as string,
    id: null,
    offset: parseOffset(value, index),
  }));
}

function parseClaims(text: string, pathSids: readonly string[]): Claim[] {
  const list = parseHeaderList(text);
  if (list.length === 0) {
    throw new WireError('INVALID_HEADER', `push header ${quoteValue(text)} is not a list of offsets`);
  }
  return Array.isArray(list[0]) ? claimsOfTuples(list) : claimsOfNumbers(list, pathSids);
}

function assertRising(claims: readonly Claim[], blobBytes: number): void {
  let before = 0;
  for (const { offset } of claims) {
    if (offset < before) throw offsetsError(`push header: offset ${offset} comes after ${before}`);
    if (offset > blobBytes) {
      throw offsetsError(`push header: offset ${offset} lies past the end of the data (${blobBytes} bytes)`);
    }
    before = offset;
  }
}

function fromStarts(claims: readonly Claim[], blobBytes: number): PushPart[] {
  return claims.map(({ sid, id, offset }, index) => ({
    sid,
    id,
    start: offset,
    end: claims[index + 1]?.offset ?? blobBytes,
  }));
}

function fromEnds(claims: readonly Claim[], blobBytes: number): PushPart[] {
  const last = claims.at(-1)?.offset ?? 0;
  if (last !== blobBytes) {
    throw offsetsError(
      `push header: ${blobBytes - last} bytes after the last end (${last} of ${blobBytes}) belong to no entry`,
    );
  }
  let start = 0;
  return claims.map(({ sid, id, offset: end }) => {
    const part = { sid, id, start, end };
    start = end;
    return part;
  });
}

/**
 * Reads the header of a push message of the redis-streamer dialect: `[end, …]` (one per stream of the path),
 * `[[sid, end], …]` or `[[sid, id, end], …]`. A list whose first offset is 0 holds starts, unless its last equals the
 * length of the data (and it is not a lone 0): then it holds ends and the first entry is empty. The parts returned cover the
 * data exactly, in order.
 * @param blobBytes length of the data frame that the header describes
 * @param pathSids the streams that the socket's path names
 * @throws WireError `INVALID_HEADER`, `INVALID_OFFSETS` or `INVALID_ID`, before any part is returned
 */
export function parsePushHeader(text: string, blobBytes: number, pathSids: readonly string[]): PushPart[] {
  const lone = pathSids.length === 1 ? parseLoneText(text) : -1;
  if (lone === blobBytes || lone === 0) return [{ sid: pathSids[0] as string, id: null, start: 0, end: blobBytes }];
  return partsOfClaims(parseClaims(text, pathSids), blobBytes);
}

/** What claims of starts or ends stand for; at least one. For the codecs of this folder. */
export function partsOfClaims(claims: readonly Claim[], blobBytes: number): PushPart[] {
  assertRising(claims, blobBytes);
  const startsAtZero = claims[0]?.offset === 0;
  const endsAtBlob = claims.length > 1 && claims.at(-1)?.offset === blobBytes;
  return startsAtZero && !endsAtBlob ? fromStarts(claims, blobBytes) : fromEnds(claims, blobBytes);
}
