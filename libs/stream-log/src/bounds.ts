import { Buffer } from 'node:buffer';
import { FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { text } from './replies.js';
import { type Argument } from './resp/command-writer.js';
import { type Reply } from './resp/parser.js';

/** What XINFO STREAM knows of a stream, without the payloads of its first and last entry. */
export interface Bounds {
  readonly exists: boolean;
  readonly length: number;
  readonly lastGeneratedId: EntryId;
  /** Entries ever added; counts go on over trimming. */
  readonly entriesAdded: number;
  /** Id of the first entry there is; null when the stream is empty. */
  readonly firstId: EntryId | null;
  /** Id of the highest entry taken out by XDEL, or 0-0. */
  readonly maxDeletedId: EntryId;
}

/*
 * KEYS[1] stream
 * Returns {exists 0|1, length, last-generated-id, entries-added, first entry's id or '', max-deleted-entry-id}.
 */
const SCRIPT = `
if redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0, '0-0', 0, '', '0-0'} end
local info = redis.call('XINFO', 'STREAM', KEYS[1])
local f = {}
for i = 1, #info, 2 do f[info[i]] = info[i + 1] end
local first = f['first-entry']
return {1, f['length'], f['last-generated-id'], f['entries-added'] or -1, first and first[1] or '', f['max-deleted-entry-id'] or '0-0'}
`;

const SCRIPT_BYTES = Buffer.from(SCRIPT, 'latin1');
/** The command that reads the bounds of `key`. EVAL and not EVALSHA: inside a transaction a missing script would cost the read. */
export function boundsCommand(key: string): Argument[] {
  return ['EVAL', SCRIPT_BYTES, 1, key];
}

export function parseBounds(reply: Reply | undefined): Bounds {
  const [exists, length, lastGeneratedId, entriesAdded, firstId, maxDeletedId] = Array.isArray(reply) ? reply : [];
  const first = firstId === undefined ? '' : text(firstId);
  return {
    exists: exists === 1,
    length: Number(length ?? 0),
    lastGeneratedId: lastGeneratedId === undefined ? FIRST_ENTRY_ID : text(lastGeneratedId),
    entriesAdded: Number(entriesAdded ?? 0),
    firstId: first === '' ? null : first,
    maxDeletedId: maxDeletedId === undefined ? FIRST_ENTRY_ID : text(maxDeletedId),
  };
}
