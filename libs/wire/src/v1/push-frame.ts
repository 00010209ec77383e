import { WireError } from '../wire-error.js';
import {
  FRAME_HEAD_BYTES,
  FrameFlag,
  FrameKind,
  FrameReader,
  writeFrameHead,
  writeUint16,
  type SectionToEncode,
  type WireSection,
} from './frame.js';
import { type NameTable } from './name-table.js';
import { readPackedSections, type PackedSection } from './packed.js';
import { SectionWriter, assertEncodable, readSections, sectionBytes } from './section.js';

const KEY_LENGTH_BYTES = 2;
/** Longest idempotency key, in bytes of UTF-8. */
export const MAX_IDEMPOTENCY_KEY_BYTES = 256;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a push asks of the server. */
export interface PushOptions {
  /** The sender's number of the frame, higher than that of the frame before. */
  readonly tag: number;
  /** Ask for an ack frame. */
  readonly acks?: boolean;
  /** Ask for the ids of the entries in the ack frame. */
  readonly wantsIds?: boolean;
  /** Idempotency key: the same push sent again with the same key is stored once. Needs exactly one section. */
  readonly key?: string | undefined;
}

/** A push as the server reads it; nothing of it was stored before all of it was checked. */
export interface PushFrame {
  readonly tag: number;
  readonly acks: boolean;
  readonly wantsIds: boolean;
  readonly key: string | null;
  /** Empty when the frame is packed. */
  readonly sections: readonly WireSection[];
  /** Set when each section is to be stored as one packed entry. */
  readonly packed: readonly PackedSection[] | null;
}

const KNOWN_FLAGS =
  FrameFlag.IDS | FrameFlag.ACK | FrameFlag.PACKED | FrameFlag.FIELDS | FrameFlag.WANT_IDS | FrameFlag.KEY;

function encodeKey(key: string | undefined, sections: readonly SectionToEncode[]): Uint8Array | null {
  if (key === undefined) return null;
  const bytes = encoder.encode(key);
  if (bytes.length === 0 || bytes.length > MAX_IDEMPOTENCY_KEY_BYTES) {
    throw new WireError(
      'INVALID_FRAME',
      `an idempotency key of ${bytes.length} bytes is not 1 to ${MAX_IDEMPOTENCY_KEY_BYTES}`,
    );
  }
  if (sections.length !== 1) {
    throw new WireError('INVALID_FRAME', `a push with an idempotency key has ${sections.length} streams, not one`);
  }
  return bytes;
}

/**
 * One push frame in one buffer.
 * @throws WireError `INVALID_FRAME`, `INVALID_NAME` or `INVALID_ID`
 */
export function encodePush(options: PushOptions, sections: readonly SectionToEncode[]): Uint8Array {
  if (sections.length === 0) throw new WireError('INVALID_FRAME', 'a push without sections cannot be sent');
  sections.forEach(assertEncodable);
  const key = encodeKey(options.key, sections);
  const layout = {
    ids: sections.some(({ entries }) => entries.some(({ id }) => id !== undefined && id !== null)),
    fields: sections.some(({ entries }) => entries.some(({ fields }) => fields !== undefined && fields.length > 0)),
  };
  let total = FRAME_HEAD_BYTES + (key === null ? 0 : KEY_LENGTH_BYTES + key.length);
  for (const section of sections) total += sectionBytes(section, layout);
  const out = new Uint8Array(total);
  const flags =
    (layout.ids ? FrameFlag.IDS : 0) |
    (layout.fields ? FrameFlag.FIELDS : 0) |
    (options.acks || options.wantsIds ? FrameFlag.ACK : 0) |
    (options.wantsIds ? FrameFlag.WANT_IDS : 0) |
    (key === null ? 0 : FrameFlag.KEY);
  writeFrameHead(out, FrameKind.PUSH, flags, options.tag);
  const writer = new SectionWriter(out, FRAME_HEAD_BYTES, null);
  if (key !== null) {
    writeUint16(out, writer.at, key.length);
    out.set(key, writer.at + KEY_LENGTH_BYTES);
    writer.at += KEY_LENGTH_BYTES + key.length;
  }
  for (const section of sections) writer.section(section, layout);
  return out;
}

/** What the head of a push says, also of one whose body is refused. */
export function pushHead(frame: Uint8Array): Pick<PushFrame, 'tag' | 'acks'> {
  const { flags, tag } = new FrameReader(frame, FrameKind.PUSH, KNOWN_FLAGS);
  return { tag, acks: (flags & FrameFlag.ACK) !== 0 };
}

function readKey(reader: FrameReader): string {
  const length = reader.uint16('an idempotency key');
  const bytes = reader.take(length, 'an idempotency key');
  if (length === 0 || length > MAX_IDEMPOTENCY_KEY_BYTES) {
    throw new WireError(
      'INVALID_FRAME',
      `an idempotency key of ${length} bytes is not 1 to ${MAX_IDEMPOTENCY_KEY_BYTES}`,
    );
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw new WireError('INVALID_FRAME', 'the idempotency key is not valid UTF-8');
  }
}

/**
 * Reads a push frame whole; payloads are views of it.
 * @throws WireError `INVALID_FRAME`, `INVALID_NAME` or `INVALID_ID`, and what the table's `resolve` throws
 */
export function decodePush(frame: Uint8Array, names: NameTable): PushFrame {
  const reader = new FrameReader(frame, FrameKind.PUSH, KNOWN_FLAGS);
  const { flags, tag } = reader;
  const key = (flags & FrameFlag.KEY) !== 0 ? readKey(reader) : null;
  const layout = { ids: (flags & FrameFlag.IDS) !== 0, fields: (flags & FrameFlag.FIELDS) !== 0 };
  const isPacked = (flags & FrameFlag.PACKED) !== 0;
  if (isPacked && (layout.ids || layout.fields || key !== null)) {
    throw new WireError('INVALID_FRAME', 'a packed push has neither ids, fields nor an idempotency key');
  }
  const packed = isPacked ? readPackedSections(reader, names, false) : null;
  const sections = isPacked ? [] : readSections(reader, names, layout, true);
  if (key !== null && sections.length !== 1) {
    throw new WireError('INVALID_FRAME', `a push with an idempotency key has ${sections.length} streams, not one`);
  }
  const acks = (flags & FrameFlag.ACK) !== 0;
  const wantsIds = acks && (flags & FrameFlag.WANT_IDS) !== 0;
  return { tag, acks, wantsIds, key, sections, packed };
}
