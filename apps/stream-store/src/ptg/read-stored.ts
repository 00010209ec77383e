import { FIRST_ENTRY_ID } from '@sluice/wire';
import { type LogEntry, type LogReader } from '@sluice/stream-log';
import { MAX_OFFSETS_ENTRIES, formatOffsets } from '../dialect/offsets-header.js';
import { type LabelledEntry } from '../follow/pull-encoder.js';
import { readAfter, readNewest } from '../streams/bounded-read.js';
import { type PtgDataQuery, type PtgStart } from './data-query.js';

/** No further stream is read once so many payload bytes are. */
const MAX_READ_BYTES = 64 * 1024 * 1024;

interface Found {
  readonly stream: PtgStart;
  readonly entries: readonly LogEntry[];
}

/**
 * Reads what is there, without waiting: streams asked for their newest entries first, each oldest entry first. What the header of
 * the answer has no room for is left out, of the newest entries the older ones.
 * @throws SluiceError of the log
 */
export async function readStored(reader: LogReader, { streams, count }: PtgDataQuery): Promise<LabelledEntry[]> {
  const isNewest = ({ start }: PtgStart): boolean => start === '*';
  const ordered = [...streams.filter(isNewest), ...streams.filter((stream) => !isNewest(stream))];
  const found: Found[] = [];
  let bytes = 0;
  for (const stream of ordered) {
    if (bytes >= MAX_READ_BYTES) break;
    const entries = await readOne(reader, stream, Math.min(count, MAX_OFFSETS_ENTRIES));
    for (const { payload } of entries) bytes += payload.length;
    if (entries.length > 0) found.push({ stream, entries });
  }
  return fit(found);
}

async function readOne(reader: LogReader, { key, start }: PtgStart, count: number): Promise<readonly LogEntry[]> {
  // From now, and nothing is waited for.
  if (start === '$') return [];
  if (start === '*') return (await readNewest(reader, key, FIRST_ENTRY_ID, count)).toReversed();
  return readAfter(reader, key, start, count);
}

/** As many entries as the header has room for, each stream having its share of them. */
function fit(found: readonly Found[]): LabelledEntry[] {
  const all = labelled(found);
  const room = formatOffsets(all, true).entries;
  if (room === all.length) return all;
  const share = Math.max(1, Math.floor(room / found.length));
  return labelled(
    found.map(({ stream, entries }) => ({
      stream,
      entries: stream.start === '*' ? entries.slice(-share) : entries.slice(0, share),
    })),
  );
}

function labelled(found: readonly Found[]): LabelledEntry[] {
  return found.flatMap(({ stream: { label }, entries }) => entries.map((entry) => ({ label, entry })));
}
