import { type EntryId } from '@sluice/wire';

/** Where a record is. */
export interface RecordPlace {
  readonly channel: string;
  readonly entryId: EntryId;
}

const ID_MEMBER = Buffer.from('{"id":"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What is held of one id. */
interface Held {
  /** Its place in the ring. */
  slot: number;
  place: RecordPlace;
  /** Where it ticked on other channels before. */
  others: readonly RecordPlace[];
}

const NONE: readonly RecordPlace[] = [];

/**
 * Where the newest records are in the log, by id. Bounded: the oldest are forgotten first. Records begin with their id, so that
 * an entry's ids are found without parsing it; what only looks like one is told apart when the entry is read.
 */
export class LookupIndex {
  private readonly held = new Map<string, Held>();
  /** Ids in the order they came, written over and over: a map itself gets slow at telling its oldest key. */
  private readonly ring: string[] = [];
  private next = 0;

  constructor(private readonly maxRecords: number) {}

  get size(): number {
    return this.held.size;
  }

  /** Where the record ticked last on each channel that it ticked on, the newest first. */
  places(id: string): readonly RecordPlace[] {
    const held = this.held.get(id);
    return held === undefined ? NONE : [held.place, ...held.others.toReversed()];
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
    const slot = this.next;
    this.next = (slot + 1) % this.maxRecords;
    const oldest = this.ring[slot];
    if (oldest !== undefined && this.held.get(oldest)?.slot === slot) this.held.delete(oldest);
    this.ring[slot] = id;
    const known = this.held.get(id);
    if (known === undefined) {
      this.held.set(id, { slot, place, others: NONE });
      return;
    }
    const before = [...known.others, known.place].filter(({ channel }) => channel !== place.channel);
    known.slot = slot;
    known.place = place;
    known.others = before.length === 0 ? NONE : before;
  }
}

function endOfText(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
