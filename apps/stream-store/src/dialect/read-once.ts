import { FIRST_ENTRY_ID, compareEntryIds, type EntryId } from '@sluice/wire';
import { type LogEntry, type StreamLog } from '@sluice/stream-log';
import { readAfter, readNewest } from '../streams/bounded-read.js';
import { type LabelledEntry } from '../follow/pull-encoder.js';
import { type Address } from './addresses.js';
import { FirstArrival, type OnEnd, type ToldGap } from './first-arrival.js';
import { unmovedCursor, type DataQuery } from './data-query.js';
import { MAX_OFFSETS_ENTRIES } from './offsets-header.js';
import { type Start } from './positions.js';

/** What one GET reads: entries in the order of the reply, and per stream the position to ask from next. */
export interface ReadOnce {
  readonly parts: readonly LabelledEntry[];
  /** Cursor of each stream after the first `sent` parts. */
  cursors(sent: number): string[];
  readonly gaps: readonly ToldGap[];
}

interface Found {
  readonly entries: readonly LogEntry[];
  /** The start of a stream asked for from now, made explicit. */
  readonly resolved: EntryId;
}

/**
 * Reads what is there; when there is nothing, waits for the first that comes.
 * @param onEnd ends a wait early
 * @throws SluiceError of the log
 */
export async function readOnce(log: StreamLog, query: DataQuery, onEnd: OnEnd): Promise<ReadOnce> {
  const { addresses } = query;
  const starts = addresses.map((_address, index) => query.starts[index] ?? query.starts[0] ?? '$');
  const gaps: ToldGap[] = [];
  let found = await Promise.all(addresses.map(({ key }, index) => readNow(log, query, key, starts[index] as Start)));
  if (found.every(({ entries }) => entries.length === 0)) {
    const after = found.map(({ resolved }) => resolved);
    const arrived = await new FirstArrival(log, query.count, addresses, gaps).run(after, query.blockMs, onEnd);
    found = found.map(({ resolved }, index) => ({ resolved, entries: arrived[index] ?? [] }));
  }
  return {
    parts: found.flatMap(({ entries }, index) => {
      const { label } = addresses[index] as Address;
      return entries.map((entry) => ({ label, entry }));
    }),
    cursors: (sent) => cursorsOf(query, found, sent),
    gaps,
  };
}

/** Reads what a stream has after its start; nothing where only a follower can tell what is missing before it. */
async function readNow(log: StreamLog, query: DataQuery, key: string, start: Start): Promise<Found> {
  const { isLatest } = query;
  // The list of names and ids in the reply's header has room for no more.
  const count = Math.min(query.count, MAX_OFFSETS_ENTRIES);
  if (start === '$') return { entries: [], resolved: await log.reader.lastGeneratedId(key) };
  const after = start === '*' ? FIRST_ENTRY_ID : start;
  if (isLatest || start === '*') {
    const newest = await readNewest(log.reader, key, after, count);
    return { entries: isLatest ? newest : newest.toReversed(), resolved: after };
  }
  const entries = query.tellsGaps ? [] : await readAfter(log.reader, key, after, count);
  return { entries, resolved: after };
}

function cursorsOf(query: DataQuery, found: readonly Found[], sent: number): string[] {
  let left = sent;
  return found.map(({ entries, resolved }, index) => {
    const taken = entries.slice(0, left);
    left -= taken.length;
    return taken.length === 0 ? unmovedCursor(query, index, resolved) : highest(taken);
  });
}

function highest(entries: readonly LogEntry[]): EntryId {
  return entries.reduce((max, { id }) => (compareEntryIds(id, max) > 0 ? id : max), FIRST_ENTRY_ID);
}
