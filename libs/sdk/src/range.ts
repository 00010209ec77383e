import { SluiceError } from '@sluice/contracts';
import {
  LengthPrefixedReader,
  NameTable,
  decodeData,
  entryOfPosition,
  nextEntryId,
  previousEntryId,
  type EntryId,
} from '@sluice/wire';
import { wireToSluice } from './checks.js';
import { streamPath, type Query, type Rest } from './rest.js';
import { type Entry } from './types.js';

/** Which entries of a stream. */
export interface RangeOptions {
  /** First id, milliseconds or `-` (default). Inclusive. */
  readonly start?: string;
  /** Last id, milliseconds or `+` (default). Inclusive. */
  readonly end?: string;
  /** Newest first. */
  readonly reverse?: boolean;
  /** Entries at most; default all. */
  readonly count?: number;
  readonly signal?: AbortSignal;
}

const PAGE_ENTRIES = 1000;
const MAX_ITEM_BYTES = 256 * 1024 * 1024;
/** The server's answer in frames: nothing of it is encoded as text. */
const BINARY = 'binary';

async function fetchEntries(rest: Rest, name: string, query: Query, signal?: AbortSignal): Promise<Entry[]> {
  const response = await rest.request(streamPath(name, '/entries'), { query: { ...query, as: BINARY }, signal });
  const body = new Uint8Array(await response.arrayBuffer());
  return wireToSluice(() => readEntries(body));
}

function readEntries(body: Uint8Array): Entry[] {
  const reader = new LengthPrefixedReader(MAX_ITEM_BYTES);
  const names = new NameTable((name) => name);
  const entries: Entry[] = [];
  for (const frame of reader.push(body)) {
    for (const section of decodeData(frame, names).sections) {
      for (const entry of section.entries) entries.push({ ...entry, id: entry.id as EntryId, stream: section.name });
    }
  }
  reader.end();
  return entries;
}

/** Reads a range page by page, as the loop that takes it goes on. */
export async function* readRange(
  rest: Rest,
  name: string,
  options: RangeOptions,
): AsyncGenerator<Entry, void, undefined> {
  const { reverse = false, signal } = options;
  let { start, end } = options;
  let left = options.count ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const count = Math.min(left, PAGE_ENTRIES);
    const page = await fetchEntries(rest, name, { start, end, reverse: reverse ? 1 : undefined, count }, signal);
    yield* page.slice(0, left);
    left -= page.length;
    const last = page.at(-1);
    if (last === undefined) return;
    const lastEntry = entryOfPosition(last.id);
    const beyond = reverse ? previousEntryId(lastEntry) : nextEntryId(lastEntry);
    if (beyond === null) return;
    if (reverse) end = beyond;
    else start = beyond;
  }
}

/** The entry nearest in time, or null when the stream is empty. */
export async function readNearest(rest: Rest, name: string, time: Date | number | string): Promise<Entry | null> {
  const nearest = time instanceof Date ? time.getTime() : time;
  try {
    return (await fetchEntries(rest, name, { nearest }))[0] ?? null;
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'STREAM_NOT_FOUND') return null;
    throw error;
  }
}
