export { parseBoolean } from './booleans.js';
export { CloseCode, MAX_CLOSE_REASON_BYTES, closeReason } from './close-codes.js';
export {
  FIRST_ENTRY_ID,
  LAST_ENTRY_ID,
  compareEntryIds,
  entryOfPosition,
  entryTimeMs,
  nextEntryId,
  packedPartId,
  parseAppendId,
  parseEntryId,
  parsePosition,
  previousEntryId,
  type EntryId,
} from './entry-id.js';
export { LengthPrefixedReader, encodeLengthPrefixed } from './length-prefixed.js';
export { formatPullHeader, parsePullHeader, type PullPart, type PullSlice } from './pull-header.js';
export { parsePtgPushHeader, type PtgPushHeader } from './ptg-push-header.js';
export { MAX_HEADER_CHARS, parseLoneOffset, parsePushHeader, type PushPart } from './push-header.js';
export {
  DEFAULT_DEVICE,
  MAX_NAME_BYTES,
  RESERVED_KEY_PREFIX,
  assertName,
  assertStreamKey,
  isReservedKey,
  parseStreamName,
  streamKey,
  type StreamName,
} from './stream-name.js';
export { decodeAck, encodeAck, type AckFrame } from './v1/ack-frame.js';
export {
  parseClientMessage,
  parseServerMessage,
  type ClientMessage,
  type FollowMessage,
  type NoticeBody,
  type Position,
  type ServerMessage,
} from './v1/control.js';
export { PACKED_DATA_FLAGS, dataFlags, decodeData, encodeData, type DataFrame } from './v1/data-frame.js';
export {
  FRAME_HEAD_BYTES,
  FrameFlag,
  FrameKind,
  V1_SOCKET_PATH,
  V1_SUBPROTOCOL,
  encodeFrameHead,
  encodeName,
  frameKind,
  type EntryToEncode,
  type SectionToEncode,
  type WireEntry,
  type WireField,
  type WireSection,
} from './v1/frame.js';
export { NameTable } from './v1/name-table.js';
export {
  PACKED_FIELD,
  encodePackedPush,
  encodePackedSection,
  packPayloads,
  packedCount,
  unpackPayloads,
  type PackedSection,
} from './v1/packed.js';
export {
  MAX_IDEMPOTENCY_KEY_BYTES,
  decodePush,
  encodePush,
  type PushFrame,
  type PushOptions,
  pushHead,
} from './v1/push-frame.js';
export { BY_REFERENCE_BYTES, encodeSection, hasParts, type SectionLayout } from './v1/section.js';
export { WireError, quoteValue, type WireErrorCode } from './wire-error.js';
