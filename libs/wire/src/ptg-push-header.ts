import { claimsOfNumbers, claimsOfTuples, parseHeaderList, partsOfClaims, type PushPart } from './push-header.js';
import { WireError } from './wire-error.js';

/** Most entries of a batch: bare offsets are so short that a header could name ten times as many. */
const MAX_ENTRIES = 40_000;

/** A header of a batch of the ptg dialect. */
export interface PtgPushHeader {
  /** In order, covering the data exactly; none for the header `[]`. */
  readonly parts: readonly PushPart[];
  /** Stream of each part, when the header itself names them: a later header of bare numbers means the same ones. */
  readonly sids: readonly string[] | null;
}

/** Streams that bare numbers mean: one for each number, or one and the same for any number of them. */
function streamsOf(numbers: number, sids: readonly string[] | null): readonly string[] {
  if (sids === null) {
    throw new WireError('INVALID_HEADER', 'push header: bare offsets name no stream, and neither does the path');
  }
  const first = sids[0] as string;
  return sids.every((sid) => sid === first) ? Array.from({ length: numbers }, () => first) : sids;
}

/**
 * Reads the header of a batch of the ptg dialect: `[offset, …]`, `[[sid, offset], …]`, `[[sid, id, offset], …]`, or `[]` for none.
 * Whether offsets are starts or ends is found out as in {@link parsePushHeader}.
 * @param blobBytes length of the data frame that the header describes
 * @param sids the streams that bare numbers mean: those of the last header that named some, else of the path; null: the path is `*`
 * @throws WireError `INVALID_HEADER`, `INVALID_OFFSETS` or `INVALID_ID`, before any part is returned
 */
export function parsePtgPushHeader(text: string, blobBytes: number, sids: readonly string[] | null): PtgPushHeader {
  const list = parseHeaderList(text);
  if (list.length > MAX_ENTRIES) {
    throw new WireError(
      'INVALID_HEADER',
      `push header names ${list.length} entries, more than ${MAX_ENTRIES}: send fewer a message`,
    );
  }
  if (list.length === 0) {
    if (blobBytes === 0) return { parts: [], sids: null };
    throw new WireError('INVALID_OFFSETS', `push header: ${blobBytes} bytes belong to no entry, the header is empty`);
  }
  if (!Array.isArray(list[0])) {
    const claims = claimsOfNumbers(list, streamsOf(list.length, sids));
    return { parts: partsOfClaims(claims, blobBytes), sids: null };
  }
  const claims = claimsOfTuples(list);
  return { parts: partsOfClaims(claims, blobBytes), sids: claims.map(({ sid }) => sid) };
}
