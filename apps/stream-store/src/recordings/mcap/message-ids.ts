import { compareEntryIds, entryOfPosition, nextEntryId, type EntryId } from '@sluice/wire';

/** Profile of files that keep the ids of entries in this way. */
export const PROFILE = 'sluice';

const NANOSECONDS = 1_000_000n;
const LAST_TIME_MS = (2n ** 64n - 1n) / NANOSECONDS - 1n;

/** How an id is written in a message. */
export interface MessageTime {
  /** Nanoseconds: the milliseconds of the id, and its number within them as nanoseconds. */
  readonly logTime: bigint;
  /** 0, or the number of the part within a packed entry, from 1 on. */
  readonly sequence: number;
}

/** Whether messages can have a time as late as this. */
export function canTell(id: EntryId): boolean {
  return BigInt(id.slice(0, id.indexOf('-'))) <= LAST_TIME_MS;
}

/** The times of an entry's message. Numbers within a millisecond from a million on cannot be told; import numbers them anew. */
export function timeOfId(id: EntryId): MessageTime {
  const [whole, part] = id.split('/');
  const [ms, number] = (whole as string).split('-');
  const within = BigInt(number as string);
  const logTime = BigInt(ms as string) * NANOSECONDS + (within < NANOSECONDS ? within : NANOSECONDS - 1n);
  return { logTime, sequence: part === undefined ? 0 : Number(part) + 1 };
}

/**
 * The id of a message: the one it was written from, or for files of others its time in milliseconds, numbered. Ids rise: a message
 * that comes before its time gets the next one after `last`.
 */
export function idOfMessage({ logTime, sequence }: MessageTime, isOwn: boolean, last: EntryId | null): EntryId {
  const ms = logTime / NANOSECONDS;
  const part = isOwn && sequence > 0 ? `/${sequence - 1}` : '';
  const id = isOwn ? `${ms}-${logTime % NANOSECONDS}${part}` : `${ms}-0`;
  if (last === null || compareEntryIds(id, last) > 0) return id === '0-0' ? '0-1' : id;
  return nextEntryId(entryOfPosition(last)) ?? last;
}
