import { type LogEntry, type LogReader } from '@sluice/stream-log';
import { compareEntryIds, entryOfPosition, type EntryId } from '@sluice/wire';

/** Entries of the first page; later ones follow the size of the entries seen. */
const FIRST_PAGE_ENTRIES = 32;
const MAX_PAGE_ENTRIES = 1000;
const PAGE_BYTES = 4 * 1024 * 1024;
/** Most payload bytes one request reads, unless its last page passes them. */
const MAX_READ_BYTES = 64 * 1024 * 1024;

/** A range of one stream. */
export interface BoundedRange {
  /** First id, inclusive (`-`, `(<id>` = exclusive). */
  readonly start: string;
  /** Last id, inclusive (`+`). */
  readonly end: string;
  readonly reverse: boolean;
  readonly count: number;
  /** Go on after this entry in the direction of the read; null: from the range's own bound. */
  readonly after: EntryId | null;
}

/** Entries read, and whether the bound on bytes ended the read early. */
export interface BoundedEntries {
  readonly entries: LogEntry[];
  readonly isCut: boolean;
}

/** Reads a range page by page, so that neither a reply of Redis nor the whole grows without bound. @throws SluiceError */
export async function readBounded(reader: LogReader, key: string, range: BoundedRange): Promise<BoundedEntries> {
  const entries: LogEntry[] = [];
  let position = range.after;
  let bytes = 0;
  let pageEntries = FIRST_PAGE_ENTRIES;
  while (entries.length < range.count) {
    if (bytes >= MAX_READ_BYTES) return { entries, isCut: true };
    const isInside = position !== null && position.includes('/');
    const asked = Math.min(pageEntries, range.count - entries.length);
    const page = isInside
      ? await restOfPacked(reader, key, position as EntryId, range.reverse)
      : await reader.range(key, { ...bounds(range, position), reverse: range.reverse, count: asked });
    for (const entry of page.slice(0, range.count - entries.length)) {
      entries.push(entry);
      bytes += entry.payload.length;
    }
    if (isInside) position = entryOfPosition(position as EntryId);
    else if (page.length < asked) break;
    else position = (page.at(-1) as LogEntry).id;
    const meanBytes = Math.max(1, bytes / Math.max(1, entries.length));
    pageEntries = Math.max(1, Math.min(MAX_PAGE_ENTRIES, Math.floor(PAGE_BYTES / meanBytes)));
  }
  return { entries, isCut: false };
}

/** The oldest entries after a position. @throws SluiceError */
export async function readAfter(reader: LogReader, key: string, after: EntryId, count: number): Promise<LogEntry[]> {
  return (await readBounded(reader, key, { start: '-', end: '+', reverse: false, count, after })).entries;
}

/** The newest entries after a position, newest first. @throws SluiceError */
export async function readNewest(reader: LogReader, key: string, after: EntryId, count: number): Promise<LogEntry[]> {
  const isInside = after.includes('/');
  const start = isInside ? entryOfPosition(after) : `(${after}`;
  const { entries } = await readBounded(reader, key, { start, end: '+', reverse: true, count, after: null });
  return isInside ? entries.filter(({ id }) => compareEntryIds(id, after) > 0) : entries;
}

function bounds({ start, end, reverse }: BoundedRange, position: EntryId | null): { start: string; end: string } {
  if (position === null) return { start, end };
  return reverse ? { start, end: `(${position}` } : { start: `(${position}`, end };
}

/** What a packed entry holds beyond one of its parts, in the direction of the read. */
async function restOfPacked(
  reader: LogReader,
  key: string,
  position: EntryId,
  reverse: boolean,
): Promise<readonly LogEntry[]> {
  const id = entryOfPosition(position);
  const parts = await reader.range(key, { start: id, end: id, count: Number.MAX_SAFE_INTEGER });
  const rest = parts.filter((part) => compareEntryIds(part.id, position) > 0 !== reverse && part.id !== position);
  return reverse ? rest.toReversed() : rest;
}
