import { type EntryId } from '@sluice/wire';
import { type RetentionPolicy } from '../types.js';

/** What Redis says of one stream at one moment, without any payload. */
export interface StreamFacts {
  readonly exists: boolean;
  readonly length: number;
  readonly entriesAdded: number;
  readonly lastGeneratedId: EntryId;
  readonly firstEntryId: EntryId | null;
  readonly lastEntryId: EntryId | null;
  readonly groups: number;
  /** Estimated bytes in memory. */
  readonly bytes: number;
  /** The server's clock. */
  readonly timeMs: number;
  /** Set for this stream; null: the default holds. */
  readonly policy: RetentionPolicy | null;
}

/** Reads the reply of the script `stream-facts` (from `offset` of a longer reply). */
export function parseFacts(reply: unknown, offset = 0): StreamFacts {
  const values = Array.isArray(reply) ? reply.slice(offset) : [];
  const [exists, length, added, lastGenerated, first, last, groups, bytes, time, ...policy] = values.map(String);
  const [maxEntries, maxAgeMs, maxBytes, isSet] = policy;
  return {
    exists: exists === '1',
    length: Number(length),
    entriesAdded: Number(added),
    lastGeneratedId: lastGenerated ?? '0-0',
    firstEntryId: first || null,
    lastEntryId: last || null,
    groups: Number(groups),
    bytes: Number(bytes),
    timeMs: Number(time),
    policy:
      isSet === '1' ? { maxEntries: bound(maxEntries), maxAgeMs: bound(maxAgeMs), maxBytes: bound(maxBytes) } : null,
  };
}

function bound(text: string | undefined): number | null {
  return text === undefined || text === '' ? null : Number(text);
}
