import { type EntryId } from '@sluice/wire';

/** Where a record is. */
export interface RecordPlace {
  readonly channel: string;
  readonly entryId: EntryId;
}

const ID_MEMBER = Buffer.from('{"id":"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Where the newest records are in the log, by id. Bounded: the oldest are forgotten first. Records begin with their id, so that
 * an entry's ids are found without parsing it; what only looks like one is told apart when the entry is read.
 */
export class LookupIndex {
  private readonly places = new Map<string, readonly RecordPlace[]>();

  constructor(private readonly maxRecords: number) {}

  get size(): number {
    return this.places.size;
  }

  /** Where the record ticked last; with a channel, where on that one. */
  find(id: string, channel: string | null = null): RecordPlace | null {
    const places = this.places.get(id) ?? [];
    return places.findLast((place) => channel === null || place.channel === channel) ?? null;
  }

  /** Takes in the records of an entry, nested ones too. */
  add(channel: string, entryId: EntryId, payload: Uint8Array): void {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const place = { channel, entryId };
    for (let at = bytes.indexOf(ID_MEMBER); at >= 0; at = bytes.indexOf(ID_MEMBER, at + 1)) {
      const start = at + ID_MEMBER.length;
      const end = endOfText(bytes, start);
      const text = bytes.toString('utf8', start, end);
      this.put(text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text, place);
    }
  }

  private put(id: string, place: RecordPlace): void {
    const others = (this.places.get(id) ?? []).filter(({ channel }) => channel !== place.channel);
    this.places.delete(id);
    this.places.set(id, [...others, place]);
    if (this.places.size <= this.maxRecords) return;
    const oldest = this.places.keys().next();
    if (oldest.done !== true) this.places.delete(oldest.value);
  }
}

function endOfText(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
