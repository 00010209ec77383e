import { WireError } from '../wire-error.js';
import { ID_BYTES, readId, writeId } from './binary-id.js';
import {
  FRAME_HEAD_BYTES,
  FrameFlag,
  FrameKind,
  type FrameReader,
  readUint32,
  writeFrameHead,
  writeUint16,
  writeUint32,
} from './frame.js';
import { type EntryId } from '../entry-id.js';
import { type NameTable } from './name-table.js';

/** Redis field that holds a packed entry, where a single one has field `d`. */
export const PACKED_FIELD = 'p';

const COUNT_BYTES = 4;
const LENGTH_BYTES = 4;
const NAME_LENGTH_BYTES = 2;

/*
 * A packed entry is `u32 count · (u32 payloadBytes · payload)*`, big-endian: the entries part of a section of sluice.v1 as it
 * stands in the frame, stored as one Redis entry. Its parts are entries with the ids `<ms>-<seq>/<index>`.
 */

/** A section of a frame whose entries stay packed. */
export interface PackedSection {
  /** Stream name, which is the Redis key. */
  readonly name: string;
  /** Id of the packed entry; null in a push. */
  readonly id: EntryId | null;
  /** The packed entry: a view of the frame. */
  readonly packed: Uint8Array;
}

/** How many entries a packed entry holds, or 0 when the bytes are no packed entry. */
export function packedCount(packed: Uint8Array): number {
  return packed.length < COUNT_BYTES ? 0 : readUint32(packed, 0);
}

/**
 * The payloads of a packed entry, as views.
 * @throws WireError `INVALID_FRAME` when the bytes are cut short, hold more than they say, or hold nothing
 */
export function unpackPayloads(packed: Uint8Array): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  assertWhole(
    packed,
    walkPacked(packed, 0, (start, end) => payloads.push(packed.subarray(start, end))),
  );
  return payloads;
}

function assertWhole(packed: Uint8Array, end: number): void {
  if (end === packed.length) return;
  const surplus = packed.length - end;
  throw new WireError('INVALID_FRAME', `a packed entry of ${packed.length} bytes holds ${surplus} more than its parts`);
}

/** One packed entry. */
export function packPayloads(payloads: readonly Uint8Array[]): Uint8Array {
  let total = COUNT_BYTES;
  for (const payload of payloads) total += LENGTH_BYTES + payload.length;
  const out = new Uint8Array(total);
  writeUint32(out, 0, payloads.length);
  let at = COUNT_BYTES;
  for (const payload of payloads) {
    writeUint32(out, at, payload.length);
    out.set(payload, at + LENGTH_BYTES);
    at += LENGTH_BYTES + payload.length;
  }
  return out;
}

/** One push frame that stores `payloads` as one packed entry of the stream. */
export function encodePackedPush(
  options: { readonly tag: number; readonly acks?: boolean; readonly wantsIds?: boolean },
  name: Uint8Array,
  payloads: readonly Uint8Array[],
): Uint8Array {
  const packed = packPayloads(payloads);
  const out = new Uint8Array(FRAME_HEAD_BYTES + NAME_LENGTH_BYTES + name.length + packed.length);
  const acks = options.acks || options.wantsIds ? FrameFlag.ACK : 0;
  const flags = FrameFlag.PACKED | acks | (options.wantsIds ? FrameFlag.WANT_IDS : 0);
  writeFrameHead(out, FrameKind.PUSH, flags, options.tag);
  writeUint16(out, FRAME_HEAD_BYTES, name.length);
  out.set(name, FRAME_HEAD_BYTES + NAME_LENGTH_BYTES);
  out.set(packed, FRAME_HEAD_BYTES + NAME_LENGTH_BYTES + name.length);
  return out;
}

/** The body of a data frame with flag PACKED for one packed entry; the packed bytes are handed on by reference. */
export function encodePackedSection(name: Uint8Array, id: EntryId, packed: Uint8Array): Uint8Array[] {
  const head = new Uint8Array(NAME_LENGTH_BYTES + name.length + ID_BYTES);
  writeUint16(head, 0, name.length);
  head.set(name, NAME_LENGTH_BYTES);
  writeId(head, NAME_LENGTH_BYTES + name.length, id);
  return [head, packed];
}

/**
 * Reads the sections of a frame with flag PACKED to its end.
 * @throws WireError `INVALID_FRAME` or `INVALID_NAME`
 */
export function readPackedSections(reader: FrameReader, names: NameTable, withIds: boolean): PackedSection[] {
  const sections: PackedSection[] = [];
  do {
    const nameBytes = reader.uint16('a stream name');
    reader.need(nameBytes, 'a stream name');
    const name = names.lookup(reader.bytes, reader.at, nameBytes);
    reader.at += nameBytes;
    let id: EntryId | null = null;
    if (withIds) {
      reader.need(ID_BYTES, 'an entry id');
      id = readId(reader.bytes, reader.at);
      reader.at += ID_BYTES;
    }
    const start = reader.at;
    const end = walkPacked(reader.bytes, start, SKIP);
    reader.at = end;
    sections.push({ name, id, packed: reader.bytes.subarray(start, end) });
  } while (reader.remaining > 0);
  return sections;
}

const SKIP = (): void => undefined;

/** Calls `part` for each payload; returns where the packed entry that starts at `from` ends. */
function walkPacked(packed: Uint8Array, from: number, part: (start: number, end: number) => void): number {
  const count = from + COUNT_BYTES > packed.length ? 0 : readUint32(packed, from);
  if (count === 0) throw new WireError('INVALID_FRAME', 'a packed entry holds nothing');
  let at = from + COUNT_BYTES;
  for (let index = 0; index < count; index++) {
    const start = at + LENGTH_BYTES;
    const end = start <= packed.length ? start + readUint32(packed, at) : packed.length + 1;
    if (end > packed.length) {
      throw new WireError(
        'INVALID_FRAME',
        `a packed entry of ${packed.length} bytes ends inside part ${index} of ${count}`,
      );
    }
    part(start, end);
    at = end;
  }
  return at;
}
