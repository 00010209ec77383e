import { SluiceError } from '@sluice/contracts';
import {
  FIRST_ENTRY_ID,
  LAST_ENTRY_ID,
  compareEntryIds,
  entryOfPosition,
  entryTimeMs,
  parseEntryId,
  type EntryId,
} from '@sluice/wire';
import { readBounds, type Bounds } from './bounds.js';
import { runOnKey } from './redirect.js';
import { entriesAfter, parseEntries, unpackEntries } from './replies.js';
import { type Topology } from './topology.js';
import { type LogEntry } from './types.js';

export interface RangeOptions {
  /** First id, inclusive; `-` = the oldest; `(<id>` = exclusive; a bare `<ms>` = the first of that millisecond. */
  readonly start: string;
  /** Last id, inclusive; `+` = the newest; a bare `<ms>` = the last of that millisecond. */
  readonly end: string;
  /** Newest first. */
  readonly reverse?: boolean;
  readonly count: number;
}

/** Reads of the past. All return at once; entries without field `d` are left out. @throws SluiceError */
export class LogReader {
  constructor(private readonly topology: Topology) {}

  bounds(key: string): Promise<Bounds> {
    return readBounds(this.topology, key);
  }

  /** What `$` means now: the last id the stream ever gave out, `0-0` for a stream that does not exist. */
  async lastGeneratedId(key: string): Promise<EntryId> {
    return (await this.bounds(key)).lastGeneratedId;
  }

  /** The oldest entries after `after`, in order. */
  async read(key: string, options: { readonly after: EntryId; readonly count: number }): Promise<LogEntry[]> {
    const { after, count } = options;
    const start = after.includes('/') ? entryOfPosition(after) : `(${after}`;
    const extra = after.includes('/') ? 1 : 0;
    const found = await this.range(key, { start, end: '+', count: count + extra });
    return (extra > 0 ? entriesAfter(found, after) : found).slice(0, count);
  }

  /** The newest entries after `after`, newest first. */
  async newest(key: string, options: { readonly after: EntryId; readonly count: number }): Promise<LogEntry[]> {
    const { after, count } = options;
    const start = after.includes('/') ? entryOfPosition(after) : `(${after}`;
    const found = await this.range(key, { start, end: '+', reverse: true, count });
    return found.filter((entry) => compareEntryIds(entry.id, after) > 0);
  }

  async range(key: string, options: RangeOptions): Promise<LogEntry[]> {
    const { start, end, reverse = false, count } = options;
    const found: LogEntry[] = [];
    let [from, to] = [start, end];
    while (found.length < count && !isEmptyRange(from, to)) {
      const asked = count - found.length;
      const command = reverse ? ['XREVRANGE', key, to, from] : ['XRANGE', key, from, to];
      const page = await this.page(key, [...command, 'COUNT', asked]);
      const entries = unpackEntries(reverse ? page.entries.toReversed() : page.entries);
      found.push(...(reverse ? entries.toReversed() : entries));
      // Entries of other tools were passed over: look further for as many.
      if (page.last === null || page.count < asked || page.entries.length === page.count) break;
      if (reverse) to = `(${page.last}`;
      else from = `(${page.last}`;
    }
    return found.length > count ? found.slice(0, count) : found;
  }

  /** The entry whose id's time is nearest to `timeMs` (the earlier one when two are equally near); null for an empty stream. */
  async nearest(key: string, timeMs: number): Promise<LogEntry | null> {
    const time = String(Math.max(0, Math.floor(timeMs)));
    const [before] = await this.range(key, { start: '-', end: time, reverse: true, count: 1 });
    const [behind] = await this.range(key, { start: time, end: '+', count: 1 });
    if (!before || !behind) return before ?? behind ?? null;
    if (compareEntryIds(before.id, behind.id) >= 0) return before;
    return timeMs - entryTimeMs(before.id) <= entryTimeMs(behind.id) - timeMs ? before : behind;
  }

  private async page(key: string, command: (string | number)[]): Promise<ReturnType<typeof parseEntries>> {
    const [reply] = await runOnKey(this.topology, key, [command]);
    return parseEntries(reply);
  }
}

/** Nothing lies behind the highest id and before the lowest; Redis calls such a range an error. */
function isEmptyRange(start: string, end: string): boolean {
  return excludes(start, LAST_ENTRY_ID) || excludes(end, FIRST_ENTRY_ID);
}

function excludes(bound: string, id: EntryId): boolean {
  return bound.startsWith('(') && bound.includes('-') && parseEntryId(bound.slice(1)) === id;
}

/** @throws SluiceError STREAM_NOT_FOUND */
export function assertExists(key: string, bounds: Bounds): void {
  if (!bounds.exists) throw new SluiceError('STREAM_NOT_FOUND', `there is no stream "${key}"`);
}
