import { randomInt } from 'node:crypto';
import { type EntryId } from '@sluice/wire';

/** Where a record is. */
export interface RecordPlace {
  readonly channel: string;
  readonly entryId: EntryId;
}

const ID_MEMBER = Buffer.from('{"id":"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ENTRY_ID = /^(\d+)-(\d+)(?:\/(\d+))?$/;

/**
 * Where the newest records are in the log, by id; on each channel that a record ticked on the newest place counts. Bounded: the oldest
 * are forgotten first. Records begin with their id, so that an entry's ids are found without parsing it; what only looks like one is
 * told apart when the entry is read. So is another id with the same hash, which is all that is kept of an id: places are
 * numbers in arrays that were made once, some 40 bytes each, and no work for the collector.
 */
export class LookupIndex {
  private readonly channels: string[] = [];
  private readonly channelNumbers = new Map<string, number>();
  /** By bucket: 1 + the newest slot in it; and by slot: 1 + the next older one. 0: none. */
  private readonly heads: Int32Array;
  private readonly olders: Int32Array;
  /** Two halves of an id's hash. */
  private readonly hashes: Int32Array;
  private readonly checks: Int32Array;
  /** 1 + the number of the channel; 0: the slot holds nothing. */
  private readonly owners: Int32Array;
  private readonly times: Float64Array;
  private readonly sequences: Float64Array;
  /** 1 + the index within a packed entry; 0: it is none. */
  private readonly parts: Int32Array;
  private readonly seed = randomInt(2 ** 32);
  private next = 0;
  private held = 0;
  private hash = 0;
  private check = 0;

  constructor(private readonly maxRecords: number) {
    this.heads = new Int32Array(2 ** Math.ceil(Math.log2(2 * maxRecords + 1)));
    this.olders = new Int32Array(maxRecords);
    this.hashes = new Int32Array(maxRecords);
    this.checks = new Int32Array(maxRecords);
    this.owners = new Int32Array(maxRecords);
    this.times = new Float64Array(maxRecords);
    this.sequences = new Float64Array(maxRecords);
    this.parts = new Int32Array(maxRecords);
  }

  /** How many places are known. */
  get size(): number {
    return this.held;
  }

  /** Where the record ticked last on each channel that it ticked on, the newest first. */
  places(id: string): readonly RecordPlace[] {
    const bytes = Buffer.from(id);
    this.hashOf(bytes, 0, bytes.length);
    const found: RecordPlace[] = [];
    for (let slot = this.first(); slot >= 0; slot = this.older(slot))
      if (this.isHashed(slot)) found.push(this.placeIn(slot));
    return found;
  }

  /** Takes in the records of an entry, nested ones too. */
  add(channel: string, entryId: EntryId, payload: Uint8Array): void {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const owner = this.numberOf(channel);
    const [, time, sequence, part] = ENTRY_ID.exec(entryId) ?? [];
    for (let at = bytes.indexOf(ID_MEMBER); at >= 0; at = bytes.indexOf(ID_MEMBER, at + 1)) {
      const slot = this.put(bytes, at + ID_MEMBER.length, owner);
      this.times[slot] = Number(time);
      this.sequences[slot] = Number(sequence);
      this.parts[slot] = part === undefined ? 0 : Number(part) + 1;
    }
  }

  /** The slot of the id that begins there. */
  private put(bytes: Buffer, start: number, owner: number): number {
    this.hashText(bytes, start);
    const slot = this.next;
    this.next = (slot + 1) % this.maxRecords;
    this.forget(slot);
    for (let known = this.first(); known >= 0; known = this.older(known)) {
      if (!this.isHashed(known) || this.owners[known] !== owner) continue;
      this.forget(known);
      break;
    }
    this.hashes[slot] = this.hash;
    this.checks[slot] = this.check;
    this.owners[slot] = owner;
    const bucket = this.hash & (this.heads.length - 1);
    this.olders[slot] = this.heads[bucket] ?? 0;
    this.heads[bucket] = slot + 1;
    this.held += 1;
    return slot;
  }

  private forget(slot: number): void {
    if (this.owners[slot] === 0) return;
    const bucket = (this.hashes[slot] ?? 0) & (this.heads.length - 1);
    const after = this.olders[slot] ?? 0;
    if (this.heads[bucket] === slot + 1) this.heads[bucket] = after;
    else {
      let newer = (this.heads[bucket] ?? 0) - 1;
      while (newer >= 0 && this.olders[newer] !== slot + 1) newer = this.older(newer);
      this.olders[newer] = after;
    }
    this.owners[slot] = 0;
    this.held -= 1;
  }

  private first(): number {
    return (this.heads[this.hash & (this.heads.length - 1)] ?? 0) - 1;
  }

  private older(slot: number): number {
    return (this.olders[slot] ?? 0) - 1;
  }

  private isHashed(slot: number): boolean {
    return this.hashes[slot] === this.hash && this.checks[slot] === this.check;
  }

  private placeIn(slot: number): RecordPlace {
    const part = this.parts[slot] ?? 0;
    const whole = `${this.times[slot]}-${this.sequences[slot]}`;
    return {
      channel: this.channels[(this.owners[slot] ?? 0) - 1] ?? '',
      entryId: part === 0 ? whole : `${whole}/${part - 1}`,
    };
  }

  private numberOf(channel: string): number {
    const known = this.channelNumbers.get(channel);
    if (known !== undefined) return known;
    const number = this.channels.push(channel);
    this.channelNumbers.set(channel, number);
    return number;
  }

  /** Hashes the text of JSON that begins there. */
  private hashText(bytes: Buffer, start: number): void {
    let end = start;
    let isPlain = true;
    for (; end < bytes.length && bytes[end] !== QUOTE; end += 1) {
      if (bytes[end] !== BACKSLASH) continue;
      isPlain = false;
      end += 1;
    }
    if (isPlain) return this.hashOf(bytes, start, end);
    const text = Buffer.from(JSON.parse(`"${bytes.toString('utf8', start, end)}"`) as string);
    this.hashOf(text, 0, text.length);
  }

  private hashOf(bytes: Uint8Array, start: number, end: number): void {
    let hash = this.seed | 0;
    let check = ~this.seed;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      hash = Math.imul(hash ^ byte, 0x01000193);
      check = Math.imul(check + byte, 0x5bd1e995);
      check ^= check >>> 15;
    }
    hash ^= hash >>> 16;
    this.hash = hash;
    this.check = check;
  }
}
