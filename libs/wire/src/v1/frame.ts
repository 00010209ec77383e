import { WireError } from '../wire-error.js';

/** WebSocket subprotocol that these frames belong to. */
export const V1_SUBPROTOCOL = 'sluice.v1';
/** Path of its socket. */
export const V1_SOCKET_PATH = '/v1/socket';
/** Bytes before the body of every binary frame: kind, flags, tag. */
export const FRAME_HEAD_BYTES = 6;

/** First byte of a binary frame. */
export const FrameKind = { PUSH: 1, DATA: 2, ACK: 3 } as const;
/** First byte of a binary frame. */
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** Bits of the second byte of a binary frame. */
export const FrameFlag = {
  /** Entries (of an ack: the frame) carry ids. */
  IDS: 1,
  /** Push: answer with an ack frame. */
  ACK: 2,
  /**
   * Push: each section is stored as one packed entry. Data: each section holds one packed entry, its id before its count.
   */
  PACKED: 4,
  /** Entries carry fields beside their payload. */
  FIELDS: 8,
  /** Push: the ack carries the ids of this frame's entries. */
  WANT_IDS: 16,
  /** Push: the frame begins with an idempotency key and holds one section. */
  KEY: 32,
  /**
   * Data: behind each id stands the index of the part in its packed entry (u32), all ones for an entry that is not packed. For
   * packed entries that are not sent whole.
   */
  PARTS: 64,
} as const;

/** An extra field of an entry, beside its payload. */
export interface WireField {
  readonly name: string;
  readonly value: Uint8Array;
}

/** One entry of a frame. */
export interface WireEntry {
  /** `<ms>-<seq>`; in a push also `<ms>-*`, and null where the server gives the id. */
  readonly id: string | null;
  /** Decoded: a view of the frame, of the frame's own class (a Buffer of a Buffer). */
  readonly payload: Uint8Array;
  readonly fields?: readonly WireField[];
}

/** The entries of one stream in a frame. */
export interface WireSection {
  /** Stream name, which is the Redis key. */
  readonly name: string;
  readonly entries: readonly WireEntry[];
}

/** An entry to be encoded; `id` missing or null: the server gives it (push only). */
export interface EntryToEncode {
  readonly id?: string | null;
  readonly payload: Uint8Array;
  readonly fields?: readonly WireField[] | undefined;
}

/** The entries of one stream, to be encoded; the name as bytes ({@link encodeName}), so that callers encode it once. */
export interface SectionToEncode {
  readonly name: Uint8Array;
  readonly entries: readonly EntryToEncode[];
}

const encoder = new TextEncoder();

/** UTF-8 of a name, for callers to keep. */
export function encodeName(name: string): Uint8Array {
  return encoder.encode(name);
}

/** Kind of a binary frame, or 0 when the frame is too short to have a head. */
export function frameKind(frame: Uint8Array): number {
  return frame.length < FRAME_HEAD_BYTES ? 0 : (frame[0] as number);
}

/** An unsigned 32-bit number, big-endian. By hand: making a DataView costs more than reading a small frame. */
export function readUint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return high * 0x10000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
}

/** Writes an unsigned 32-bit number, big-endian. */
export function writeUint32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/** Writes an unsigned 16-bit number, big-endian. */
export function writeUint16(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 8;
  out[at + 1] = value;
}

/** Writes a head at the start of `out`. */
export function writeFrameHead(out: Uint8Array, kind: FrameKind, flags: number, tag: number): void {
  out[0] = kind;
  out[1] = flags;
  writeUint32(out, 2, tag);
}

/** The six bytes before a body; with {@link encodeSection} a frame whose body many followers share. */
export function encodeFrameHead(kind: FrameKind, flags: number, tag: number): Uint8Array {
  const head = new Uint8Array(FRAME_HEAD_BYTES);
  writeFrameHead(head, kind, flags, tag);
  return head;
}

/** A position in the bytes of a frame that never leaves them. */
export class FrameReader {
  at = FRAME_HEAD_BYTES;

  /** @throws WireError `INVALID_FRAME` when the frame has no head, is of another kind or has flags outside `knownFlags` */
  constructor(
    readonly bytes: Uint8Array,
    kind: FrameKind,
    knownFlags: number,
  ) {
    if (bytes.length < FRAME_HEAD_BYTES) {
      throw new WireError('INVALID_FRAME', `a frame of ${bytes.length} bytes has no head of ${FRAME_HEAD_BYTES}`);
    }
    if (bytes[0] !== kind) throw new WireError('INVALID_FRAME', `frame kind ${bytes[0]} is not ${kind}`);
    if ((this.flags & ~knownFlags) !== 0) {
      throw new WireError('INVALID_FRAME', `frame flags ${this.flags} hold unknown bits (known: ${knownFlags})`);
    }
  }

  get flags(): number {
    return this.bytes[1] as number;
  }

  get tag(): number {
    return readUint32(this.bytes, 2);
  }

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  /** @throws WireError `INVALID_FRAME` unless that many bytes are left */
  need(count: number, what: string): void {
    if (count > this.bytes.length - this.at) {
      throw new WireError(
        'INVALID_FRAME',
        `frame of ${this.bytes.length} bytes ends inside ${what}: ${count} bytes due at byte ${this.at}`,
      );
    }
  }

  uint16(what: string): number {
    this.need(2, what);
    const value = ((this.bytes[this.at] as number) << 8) | (this.bytes[this.at + 1] as number);
    this.at += 2;
    return value;
  }

  uint32(what: string): number {
    this.need(4, what);
    const value = readUint32(this.bytes, this.at);
    this.at += 4;
    return value;
  }

  /** A view of the next `count` bytes. */
  take(count: number, what: string): Uint8Array {
    this.need(count, what);
    const start = this.at;
    this.at += count;
    return this.bytes.subarray(start, this.at);
  }
}
