import { type LogEntry } from '@sluice/stream-log';
import { encodeData, encodeLengthPrefixed, encodeName } from '@sluice/wire';

/** Content type of length-prefixed `sluice.v1` data frames. */
export const V1_FRAMES_TYPE = 'application/vnd.sluice.v1';
/** Content type of length-prefixed payloads. */
export const ENTRIES_TYPE = 'application/vnd.sluice.entries';

/** Entries of one stream as one length-prefixed data frame. */
export function encodeEntries(key: string, entries: readonly LogEntry[]): Uint8Array {
  if (entries.length === 0) return new Uint8Array(0);
  const section = { name: encodeName(key), entries: entries.map(({ id, payload }) => ({ id, payload })) };
  return encodeLengthPrefixed([encodeData(0, [section])]);
}
