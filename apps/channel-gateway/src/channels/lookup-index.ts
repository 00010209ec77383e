import { type EntryId } from '@sluice/wire';

/** Where a record is. */
export interface RecordPlace {
  readonly channel: string;
  readonly entryId: EntryId;
}

const ID_MEMBER = Buffer.from('{"id":"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const NONE: readonly RecordPlace[] = [];

/**
 * Where the newest records are in the log, by id. Bounded: the oldest are forgotten first. Records begin with their id, so that
 * an entry's ids are found without parsing it; what only looks like one is told apart when the entry is read.
 */
export class LookupIndex {
  /** The slot of each id in the rings. */
  private readonly held = new Map<string, number>();
  /*
   * Ids and their places in the order they came, written over and over: a map itself gets slow at telling its oldest key, and an object
   * for each of so many is memory and work for the collector.
   */
  private readonly ids: string[] = [];
  private readonly channels: string[] = [];
  private readonly entryIds: EntryId[] = [];
  private next = 0;
  /** Of the few ids that ticked on several channels: where they did so before. */
  private readonly others = new Map<string, readonly RecordPlace[]>();

  constructor(private readonly maxRecords: number) {}

  get size(): number {
    return this.held.size;
  }

  /** Where the record ticked last on each channel that it ticked on, the newest first. */
  places(id: string): readonly RecordPlace[] {
    const slot = this.held.get(id);
    if (slot === undefined) return NONE;
    return [this.placeIn(slot), ...(this.others.get(id) ?? NONE).toReversed()];
  }

  /** Takes in the records of an entry, nested ones too. */
  add(channel: string, entryId: EntryId, payload: Uint8Array): void {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    for (let at = bytes.indexOf(ID_MEMBER); at >= 0; at = bytes.indexOf(ID_MEMBER, at + 1)) {
      const start = at + ID_MEMBER.length;
      const end = endOfText(bytes, start);
      const text = bytes.toString('utf8', start, end);
      this.put(text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text, channel, entryId);
    }
  }

  private put(id: string, channel: string, entryId: EntryId): void {
    const slot = this.next;
    this.next = (slot + 1) % this.maxRecords;
    const oldest = this.ids[slot];
    if (oldest !== undefined && this.held.get(oldest) === slot) {
      this.held.delete(oldest);
      this.others.delete(oldest);
    }
    const known = this.held.get(id);
    if (known !== undefined) this.keepOthers(id, this.placeIn(known), channel);
    this.held.set(id, slot);
    this.ids[slot] = id;
    this.channels[slot] = channel;
    this.entryIds[slot] = entryId;
  }

  private keepOthers(id: string, place: RecordPlace, channel: string): void {
    const before = [...(this.others.get(id) ?? NONE), place].filter((other) => other.channel !== channel);
    if (before.length === 0) this.others.delete(id);
    else this.others.set(id, before);
  }

  private placeIn(slot: number): RecordPlace {
    return { channel: this.channels[slot] ?? '', entryId: this.entryIds[slot] ?? '' };
  }
}

function endOfText(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
