import { type LogEntry, type StreamLog } from '@sluice/stream-log';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { type Channel } from '../engine/catalogue.js';

/** A record of the past. */
interface PastRecord {
  /** Of the tick it belongs to. */
  readonly position: string;
  /** Of a basket: the key that ticked. */
  readonly key: string | null;
  readonly json: string;
}

export interface PastOptions {
  /** Ticks of this time and after it, ms since 1970. */
  readonly startMs: number | null;
  /** Ticks of this time and before it. */
  readonly endMs: number | null;
  /** Ticks after the one of this position. */
  readonly after: string | null;
  /** Of a basket: only this key. */
  readonly key: string | null;
  readonly maxRecords: number;
  readonly maxBytes: number;
}

export interface Past {
  /** Oldest first. */
  readonly records: readonly PastRecord[];
  /** Position behind which there is more; null when that is all. */
  readonly next: string | null;
}

const PAGE = 200;

/** Reads what the log still holds of a channel. */
export class HistoryReader {
  constructor(
    private readonly log: StreamLog,
    private readonly keys: ChannelKeys,
  ) {}

  /** Whole ticks, as many as the bounds allow, one at the least. @throws SluiceError LOG_UNAVAILABLE */
  async read(channel: Channel, options: PastOptions): Promise<Past> {
    const stream = this.keys.stream(channel.name);
    const records: PastRecord[] = [];
    let bytes = 0;
    let { after } = options;
    for (;;) {
      const page = await this.page(stream, after, options);
      for (const entry of page) {
        const more = recordsOf(channel, entry).filter(({ key }) => options.key === null || key === options.key);
        const size = more.reduce((sum, { json }) => sum + json.length, 0);
        const isFull = records.length + more.length > options.maxRecords || bytes + size > options.maxBytes;
        if (isFull && records.length > 0) return { records, next: after };
        records.push(...more);
        bytes += size;
        after = entry.id;
      }
      if (page.length < PAGE) return { records, next: null };
    }
  }

  private async page(stream: string, after: string | null, { startMs, endMs }: PastOptions): Promise<LogEntry[]> {
    const end = endMs === null ? Number.POSITIVE_INFINITY : endMs;
    if (after === null) {
      const range = {
        start: startMs === null ? '-' : String(startMs),
        end: endMs === null ? '+' : String(endMs),
        count: PAGE,
      };
      return this.log.reader.range(stream, range);
    }
    const page = await this.log.reader.read(stream, { after, count: PAGE });
    return page.filter(({ id }) => timeOf(id) >= (startMs ?? 0) && timeOf(id) <= end);
  }
}

function timeOf(position: string): number {
  return Number(position.slice(0, position.indexOf('-')));
}

function recordsOf(channel: Channel, { id, payload }: LogEntry): PastRecord[] {
  const parsed = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()) as object;
  const lists: readonly (readonly [string | null, unknown])[] =
    channel.keys === null ? [[null, parsed]] : Object.entries(parsed);
  return lists.flatMap(([key, list]) =>
    (list as readonly unknown[]).map((record) => ({ position: id, key, json: JSON.stringify(record) })),
  );
}
