import { FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { readTogether } from './read-together.js';
import { text, toSluiceError } from './replies.js';
import { type Argument } from './resp/command-writer.js';
import { type Reply, ReplyError } from './resp/parser.js';
import { type Topology } from './topology.js';

/** What XINFO STREAM knows of a stream. */
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
  /** Bytes of the larger one of the first and the last entry: what to expect of the others; 0 when there is none. */
  readonly sampleBytes: number;
}

const NO_STREAM: Bounds = {
  exists: false,
  length: 0,
  lastGeneratedId: FIRST_ENTRY_ID,
  entriesAdded: 0,
  firstId: null,
  maxDeletedId: FIRST_ENTRY_ID,
  sampleBytes: 0,
};

/**
 * The command that reads the bounds of `key`, for a transaction: alone it would fail where there is no stream. Not a script: in one,
 * Redis copies the two entries that come with it ten times slower.
 */
export function boundsCommand(key: string): Argument[] {
  return ['XINFO', 'STREAM', key];
}

/** Reads the bounds by themselves. @throws SluiceError */
export async function readBounds(topology: Topology, key: string): Promise<Bounds> {
  const [reply] = await readTogether(topology, key, [boundsCommand(key)]);
  if (isBoundsError(reply)) throw toSluiceError(reply, key);
  return parseBounds(reply);
}

/** Whether the reply is an error, other than that there is no stream. */
export function isBoundsError(reply: Reply | undefined): reply is ReplyError {
  return reply instanceof ReplyError && !reply.message.includes('no such key');
}

export function parseBounds(reply: Reply | undefined): Bounds {
  if (!Array.isArray(reply)) return NO_STREAM;
  const fields = new Map<string, Reply>();
  for (let at = 0; at + 1 < reply.length; at += 2) fields.set(text(reply[at]), reply[at + 1] ?? null);
  const [first, last] = [fields.get('first-entry'), fields.get('last-entry')];
  return {
    exists: true,
    length: Number(fields.get('length')),
    lastGeneratedId: text(fields.get('last-generated-id')),
    entriesAdded: Number(fields.get('entries-added') ?? 0),
    firstId: Array.isArray(first) ? text(first[0]) : null,
    maxDeletedId: text(fields.get('max-deleted-entry-id')) || FIRST_ENTRY_ID,
    sampleBytes: Math.max(entryBytes(first), entryBytes(last)),
  };
}

function entryBytes(entry: Reply | undefined): number {
  const fields = Array.isArray(entry) ? entry[1] : null;
  if (!Array.isArray(fields)) return 0;
  return fields.reduce<number>((sum, part) => sum + (part instanceof Uint8Array ? part.byteLength : 0), 0);
}
