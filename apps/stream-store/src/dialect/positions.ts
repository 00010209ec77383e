import { FIRST_ENTRY_ID, parsePosition, type EntryId } from '@sluice/wire';
import { type QueryReader } from './parameters.js';

/** Where a reader starts: after an id, from now (`$`), or with the newest entries (`*`). */
export type Start = EntryId | '$' | '*';

const PARAMETER = 'last_entry_id';

/** A position as a client writes it; null for what is none. */
export function parseStart(text: string): Start | null {
  if (text === '$' || text === '*') return text;
  if (text === '-') return FIRST_ENTRY_ID;
  return parsePosition(text);
}

/**
 * Reads `last_entry_id`: one position for every stream, or one per stream joined by `+` (which a query string turns into a
 * space). `-` and `0` are before the first entry.
 * @param streams number of streams; null where they are found by pattern
 * @returns one position, or one per stream
 */
export function readStarts(query: QueryReader, streams: number | null): Start[] {
  const text = query.text(PARAMETER, '$');
  const parts = text.split(/[+ ]/);
  const starts = parts.map(parseStart);
  const invalid = parts.find((_part, index) => starts[index] === null);
  if (invalid !== undefined) {
    query.refuse(PARAMETER, `${JSON.stringify(invalid.slice(0, 64))} is not an entry id, $, * or -`);
    return ['$'];
  }
  if (parts.length > 1 && parts.length !== streams) {
    query.refuse(PARAMETER, `${parts.length} positions for ${streams ?? 'a pattern of'} streams`);
    return ['$'];
  }
  return starts as Start[];
}
