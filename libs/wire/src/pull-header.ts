import { parseEntryId, type EntryId } from './entry-id.js';
import { WireError, quoteValue } from './wire-error.js';

/** One entry of a pull message: `bytes` long, standing after those before it. */
export interface PullPart {
  readonly sid: string;
  readonly id: EntryId;
  readonly bytes: number;
}

/** One entry as a pull header names it: bytes `[start, end)` of the data frame. */
export interface PullSlice {
  readonly sid: string;
  readonly id: EntryId;
  readonly start: number;
  readonly end: number;
}

/** JSON text in ASCII only, so that it may stand in an HTTP header. */
function escapeNonAscii(json: string): string {
  return json.replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * The header of a pull message of the redis-streamer dialect, also the `x-offsets` of REST: `[["sid","id",end],…]`, ends
 * counted over the whole message.
 * @param ascii write other characters as `\uXXXX`, as an HTTP header needs it
 */
export function formatPullHeader(parts: readonly PullPart[], ascii = false): string {
  let text = '[';
  let end = 0;
  let sid: string | undefined;
  let quotedSid = '';
  for (const part of parts) {
    if (part.sid !== sid) {
      sid = part.sid;
      quotedSid = ascii ? escapeNonAscii(JSON.stringify(sid)) : JSON.stringify(sid);
    }
    end += part.bytes;
    text += text.length === 1 ? `[${quotedSid},"${part.id}",${end}]` : `,[${quotedSid},"${part.id}",${end}]`;
  }
  return `${text}]`;
}

function parseSlice(tuple: unknown, start: number, index: number): PullSlice {
  if (!Array.isArray(tuple) || tuple.length !== 3) {
    throw new WireError(
      'INVALID_HEADER',
      `pull header: element ${index} is ${quoteValue(tuple)}, not [stream, id, end]`,
    );
  }
  const [sid, rawId, end] = tuple as unknown[];
  if (typeof sid !== 'string') {
    throw new WireError('INVALID_HEADER', `pull header: stream ${index} is ${quoteValue(sid)}, not a name`);
  }
  const id = typeof rawId === 'string' ? parseEntryId(rawId) : null;
  if (id === null) throw new WireError('INVALID_ID', `pull header: id ${index} is ${quoteValue(rawId)}`);
  if (typeof end !== 'number' || !Number.isSafeInteger(end) || end < start) {
    throw new WireError('INVALID_OFFSETS', `pull header: end ${index} is ${quoteValue(end)} after ${start}`);
  }
  return { sid, id, start, end };
}

/**
 * Reads the header of a pull message (or `x-offsets`).
 * @param blobBytes length of the data it describes; the ends must reach exactly there
 * @throws WireError `INVALID_HEADER`, `INVALID_OFFSETS` or `INVALID_ID`
 */
export function parsePullHeader(text: string, blobBytes: number): PullSlice[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw new WireError('INVALID_HEADER', `pull header ${quoteValue(text)} is not JSON`);
  }
  if (!Array.isArray(list)) throw new WireError('INVALID_HEADER', `pull header ${quoteValue(text)} is not a list`);
  let start = 0;
  const slices = list.map((tuple: unknown, index) => {
    const slice = parseSlice(tuple, start, index);
    start = slice.end;
    return slice;
  });
  if (start !== blobBytes) {
    throw new WireError('INVALID_OFFSETS', `pull header: the last end is ${start}, the data has ${blobBytes} bytes`);
  }
  return slices;
}
