import { WireError } from '../wire-error.js';
import { type EntryId } from '../entry-id.js';
import { ID_BYTES, readId, writeId } from './binary-id.js';
import { FRAME_HEAD_BYTES, FrameFlag, FrameKind, FrameReader, writeFrameHead, writeUint32 } from './frame.js';

/** Says that every push up to `tag` that asked for an ack is settled. */
export interface AckFrame {
  readonly tag: number;
  /** Ids of the entries of those newly settled pushes that asked for ids and succeeded, in the order of the pushes. */
  readonly ids: readonly EntryId[];
}

const COUNT_BYTES = 4;

/**
 * One ack frame.
 * @throws WireError `INVALID_ID`
 */
export function encodeAck(tag: number, ids: readonly EntryId[] = []): Uint8Array {
  const bytes = ids.length === 0 ? 0 : COUNT_BYTES + ids.length * ID_BYTES;
  const out = new Uint8Array(FRAME_HEAD_BYTES + bytes);
  writeFrameHead(out, FrameKind.ACK, ids.length === 0 ? 0 : FrameFlag.IDS, tag);
  if (ids.length === 0) return out;
  writeUint32(out, FRAME_HEAD_BYTES, ids.length);
  let at = FRAME_HEAD_BYTES + COUNT_BYTES;
  for (const id of ids) {
    writeId(out, at, id);
    at += ID_BYTES;
  }
  return out;
}

/**
 * Reads an ack frame.
 * @throws WireError `INVALID_FRAME`
 */
export function decodeAck(frame: Uint8Array): AckFrame {
  const reader = new FrameReader(frame, FrameKind.ACK, FrameFlag.IDS);
  const { tag } = reader;
  const count = (reader.flags & FrameFlag.IDS) !== 0 ? reader.uint32('a count of ids') : 0;
  if (reader.remaining !== count * ID_BYTES) {
    throw new WireError('INVALID_FRAME', `an ack of ${count} ids has ${reader.remaining} bytes for them`);
  }
  const ids: EntryId[] = [];
  for (let at = reader.at; at < frame.length; at += ID_BYTES) ids.push(readId(frame, at));
  return { tag, ids };
}
