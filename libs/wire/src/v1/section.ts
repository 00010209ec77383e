import { packedPartId } from '../entry-id.js';
import { WireError, quoteValue } from '../wire-error.js';
import { ID_BYTES, readId, readPushId, writeId } from './binary-id.js';
import {
  writeUint16,
  writeUint32,
  type EntryToEncode,
  type FrameReader,
  type SectionToEncode,
  type WireEntry,
  type WireField,
  type WireSection,
} from './frame.js';
import { type NameTable } from './name-table.js';

/** Payloads from this size on are not copied into the section but stand in it by reference. */
export const BY_REFERENCE_BYTES = 16 * 1024;

const LENGTH_BYTES = 4;
const NAME_LENGTH_BYTES = 2;
const FIELD_COUNT_BYTES = 2;
const PART_BYTES = 4;
/** In place of the index of a part: the entry is not packed. */
const NO_PART = 0xffffffff;
/** Above this, `set` is faster than a loop. */
const LOOP_COPY_BYTES = 24;

/** How the entries of a section are written. */
export interface SectionLayout {
  readonly ids: boolean;
  readonly fields: boolean;
  /** Ids are followed by the index of a part. */
  readonly parts?: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NO_FIELDS: readonly WireField[] = [];

function fieldsBytes(fields: readonly WireField[]): number {
  let bytes = FIELD_COUNT_BYTES;
  for (const { name, value } of fields) {
    const nameBytes = encoder.encode(name).length;
    if (nameBytes > 0xffff) throw new WireError('INVALID_FRAME', `a field name of ${nameBytes} bytes cannot be sent`);
    bytes += NAME_LENGTH_BYTES + nameBytes + LENGTH_BYTES + value.length;
  }
  return bytes;
}

/** Whether one of the ids is that of a part of a packed entry. */
export function hasParts(entries: readonly { readonly id?: string | null }[]): boolean {
  return entries.some(({ id }) => id?.includes('/') === true);
}

function idBytes({ ids, parts = false }: SectionLayout): number {
  return (ids ? ID_BYTES : 0) + (ids && parts ? PART_BYTES : 0);
}

/** Bytes of a section as it will be encoded, payloads included. */
export function sectionBytes(section: SectionToEncode, layout: SectionLayout): number {
  const { entries } = section;
  const perEntry = LENGTH_BYTES + idBytes(layout);
  let bytes = NAME_LENGTH_BYTES + section.name.length + LENGTH_BYTES + entries.length * perEntry;
  for (const entry of entries) bytes += entry.payload.length;
  if (layout.fields) for (const entry of entries) bytes += fieldsBytes(entry.fields ?? NO_FIELDS);
  return bytes;
}

/** Writes sections into one buffer; large payloads may be left out of it as pieces of their own. */
export class SectionWriter {
  private pieceStart = 0;

  constructor(
    private readonly out: Uint8Array,
    public at: number,
    private readonly pieces: Uint8Array[] | null,
  ) {}

  section(section: SectionToEncode, layout: SectionLayout): void {
    const { name, entries } = section;
    writeUint16(this.out, this.at, name.length);
    this.bytes(name, this.at + NAME_LENGTH_BYTES);
    writeUint32(this.out, this.at, entries.length);
    this.at += LENGTH_BYTES;
    for (const entry of entries) this.entry(entry, layout);
  }

  /** Ends the piece being written. */
  cut(): void {
    if (this.pieces === null || this.at === this.pieceStart) return;
    this.pieces.push(this.out.subarray(this.pieceStart, this.at));
    this.pieceStart = this.at;
  }

  private entry(entry: EntryToEncode, layout: SectionLayout): void {
    if (layout.ids) this.id(entry.id, layout.parts === true);
    if (layout.fields) this.fields(entry.fields ?? NO_FIELDS);
    const { payload } = entry;
    writeUint32(this.out, this.at, payload.length);
    this.at += LENGTH_BYTES;
    if (this.pieces === null || payload.length < BY_REFERENCE_BYTES) {
      this.bytes(payload, this.at);
      return;
    }
    this.cut();
    this.pieces.push(payload);
  }

  private id(id: string | null | undefined, hasPart: boolean): void {
    const slash = hasPart && typeof id === 'string' ? id.indexOf('/') : -1;
    writeId(this.out, this.at, slash < 0 ? id : id?.slice(0, slash));
    this.at += ID_BYTES;
    if (!hasPart) return;
    writeUint32(this.out, this.at, slash < 0 ? NO_PART : Number(id?.slice(slash + 1)));
    this.at += PART_BYTES;
  }

  private fields(fields: readonly WireField[]): void {
    writeUint16(this.out, this.at, fields.length);
    this.at += FIELD_COUNT_BYTES;
    for (const { name, value } of fields) {
      const nameBytes = encoder.encode(name);
      writeUint16(this.out, this.at, nameBytes.length);
      this.bytes(nameBytes, this.at + NAME_LENGTH_BYTES);
      writeUint32(this.out, this.at, value.length);
      this.bytes(value, this.at + LENGTH_BYTES);
    }
  }

  private bytes(source: Uint8Array, at: number): void {
    const { out } = this;
    if (source.length > LOOP_COPY_BYTES) out.set(source, at);
    else for (let index = 0; index < source.length; index++) out[at + index] = source[index] as number;
    this.at = at + source.length;
  }
}

/** @throws WireError `INVALID_NAME` or `INVALID_FRAME` for what the layout cannot carry */
export function assertEncodable(section: SectionToEncode): void {
  if (section.name.length === 0 || section.name.length > 0xffff) {
    throw new WireError('INVALID_NAME', `a stream name of ${section.name.length} bytes cannot be sent`);
  }
  if (section.entries.length === 0) throw new WireError('INVALID_FRAME', 'a section without entries cannot be sent');
  for (const { fields } of section.entries) {
    if (fields !== undefined && fields.length > 0xffff) {
      throw new WireError('INVALID_FRAME', `an entry with ${fields.length} fields cannot be sent`);
    }
  }
}

/**
 * The body of a data frame for one stream, to be sent after {@link encodeFrameHead} to every follower that wants this
 * layout. Small payloads are copied into one buffer, larger ones (from 16 KiB) are pieces by themselves, not copied: they must
 * not change while the pieces are in use.
 * @throws WireError `INVALID_ID` when an entry has no id or a wrong one
 */
export function encodeSection(section: SectionToEncode, layout: SectionLayout): Uint8Array[] {
  assertEncodable(section);
  let inline = sectionBytes(section, layout);
  for (const { payload } of section.entries) if (payload.length >= BY_REFERENCE_BYTES) inline -= payload.length;
  const pieces: Uint8Array[] = [];
  const writer = new SectionWriter(new Uint8Array(inline), 0, pieces);
  writer.section(section, layout);
  writer.cut();
  return pieces;
}

function readFields(reader: FrameReader): WireField[] {
  const count = reader.uint16('a count of fields');
  reader.need(count * (NAME_LENGTH_BYTES + LENGTH_BYTES), 'fields');
  const fields: WireField[] = [];
  for (let index = 0; index < count; index++) {
    const name = decoder.decode(reader.take(reader.uint16('a field name'), 'a field name'));
    fields.push({ name, value: reader.take(reader.uint32('a field value'), 'a field value') });
  }
  return fields;
}

function readEntries(reader: FrameReader, count: number, layout: SectionLayout, push: boolean): WireEntry[] {
  const { bytes } = reader;
  const entries: WireEntry[] = [];
  const headBytes = LENGTH_BYTES + idBytes(layout);
  for (let index = 0; index < count; index++) {
    reader.need(headBytes, 'an entry');
    let id: string | null = null;
    if (layout.ids) {
      id = push ? readPushId(bytes, reader.at) : readId(bytes, reader.at);
      reader.at += ID_BYTES;
      if (layout.parts === true) {
        const part = reader.uint32('the index of a part');
        if (part !== NO_PART) id = packedPartId(id ?? '', part);
      }
    }
    const fields = layout.fields ? readFields(reader) : undefined;
    const length = reader.uint32('a payload length');
    reader.need(length, 'a payload');
    const payload = bytes.subarray(reader.at, reader.at + length);
    reader.at += length;
    entries.push(fields === undefined ? { id, payload } : { id, payload, fields });
  }
  return entries;
}

/**
 * Reads sections to the end of the frame.
 * @throws WireError `INVALID_FRAME`, `INVALID_NAME` or `INVALID_ID`
 */
export function readSections(
  reader: FrameReader,
  names: NameTable,
  layout: SectionLayout,
  push: boolean,
): WireSection[] {
  const leastEntryBytes = LENGTH_BYTES + idBytes(layout) + (layout.fields ? FIELD_COUNT_BYTES : 0);
  const sections: WireSection[] = [];
  do {
    const nameBytes = reader.uint16('a stream name');
    reader.need(nameBytes, 'a stream name');
    const name = names.lookup(reader.bytes, reader.at, nameBytes);
    reader.at += nameBytes;
    const count = reader.uint32('a count of entries');
    if (count === 0) throw new WireError('INVALID_FRAME', `the section of ${quoteValue(name)} holds no entry`);
    // Checked before anything is made for them: a count is only believed if the frame is long enough for it.
    if (count * leastEntryBytes > reader.remaining)
      reader.need(count * leastEntryBytes, `${count} entries of ${quoteValue(name)}`);
    sections.push({ name, entries: readEntries(reader, count, layout, push) });
  } while (reader.remaining > 0);
  return sections;
}
