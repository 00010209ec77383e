import {
  FRAME_HEAD_BYTES,
  FrameFlag,
  FrameKind,
  FrameReader,
  writeFrameHead,
  type SectionToEncode,
  type WireSection,
} from './frame.js';
import { WireError } from '../wire-error.js';
import { packedPartId } from '../entry-id.js';
import { type NameTable } from './name-table.js';
import { readPackedSections, unpackPayloads, type PackedSection } from './packed.js';
import { SectionWriter, assertEncodable, hasParts, readSections, sectionBytes } from './section.js';

/** Entries of a subscription, as the client reads them. */
export interface DataFrame {
  readonly sub: number;
  readonly sections: readonly WireSection[];
}

const KNOWN_FLAGS = FrameFlag.IDS | FrameFlag.FIELDS | FrameFlag.PACKED | FrameFlag.PARTS;

/** Flags of a data frame whose sections hold one packed entry each. */
export const PACKED_DATA_FLAGS = FrameFlag.IDS | FrameFlag.PACKED;

/** Flags of a data frame with or without extra fields, and with or without indexes of parts. */
export function dataFlags(fields: boolean, parts = false): number {
  return FrameFlag.IDS | (fields ? FrameFlag.FIELDS : 0) | (parts ? FrameFlag.PARTS : 0);
}

/**
 * One data frame in one buffer. Where followers share bodies use `encodeFrameHead` and `encodeSection`.
 * @throws WireError `INVALID_FRAME`, `INVALID_NAME` or `INVALID_ID`
 */
export function encodeData(sub: number, sections: readonly SectionToEncode[], fields = false): Uint8Array {
  sections.forEach(assertEncodable);
  const layout = { ids: true, fields, parts: sections.some(({ entries }) => hasParts(entries)) };
  let total = FRAME_HEAD_BYTES;
  for (const section of sections) total += sectionBytes(section, layout);
  const out = new Uint8Array(total);
  writeFrameHead(out, FrameKind.DATA, dataFlags(fields, layout.parts), sub);
  const writer = new SectionWriter(out, FRAME_HEAD_BYTES, null);
  for (const section of sections) writer.section(section, layout);
  return out;
}

/**
 * Reads a data frame; payloads are views of it.
 * @throws WireError `INVALID_FRAME` or `INVALID_NAME`
 */
export function decodeData(frame: Uint8Array, names: NameTable): DataFrame {
  const reader = new FrameReader(frame, FrameKind.DATA, KNOWN_FLAGS);
  const { flags, tag } = reader;
  if ((flags & FrameFlag.IDS) === 0) throw new WireError('INVALID_FRAME', `data frame flags ${flags} lack the ids`);
  if ((flags & FrameFlag.PACKED) !== 0 && (flags & (FrameFlag.FIELDS | FrameFlag.PARTS)) !== 0) {
    throw new WireError('INVALID_FRAME', `data frame flags ${flags}: packed entries have neither fields nor indexes`);
  }
  if ((flags & FrameFlag.PACKED) !== 0)
    return { sub: tag, sections: readPackedSections(reader, names, true).map(unpack) };
  const layout = { ids: true, fields: (flags & FrameFlag.FIELDS) !== 0, parts: (flags & FrameFlag.PARTS) !== 0 };
  return { sub: tag, sections: readSections(reader, names, layout, false) };
}

function unpack({ name, id, packed }: PackedSection): WireSection {
  const entries = unpackPayloads(packed).map((payload, index) => ({ id: packedPartId(id ?? '', index), payload }));
  return { name, entries };
}
