const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;
const OPCODE_TEXT = 0x1;
const FINAL = 0x80;

/** Payloads up to this size are copied behind their frame head, larger ones stand beside it. */
const COPY_LIMIT_BYTES = 16 * 1024;

/** One text message as a server frame: the head and payload as one piece when small, as two when large. */
export function textFrame(payload: string | Uint8Array): Uint8Array[] {
  return frame(FINAL_TEXT, typeof payload === 'string' ? Buffer.from(payload) : payload);
}

/** One binary message as a server frame: the head and payload as one piece when small, as two when large. */
export function binaryFrame(payload: Uint8Array): Uint8Array[] {
  return frame(FINAL_BINARY, payload);
}

/**
 * One part of a text message that is sent in parts, as a server frame. Parts may end within a character. Pings may come between the parts
 * of a message, but no other message.
 */
export function textPartFrame(
  payload: Uint8Array,
  { isFirst, isLast }: { readonly isFirst: boolean; readonly isLast: boolean },
): Uint8Array[] {
  return frame((isLast ? FINAL : 0) | (isFirst ? OPCODE_TEXT : 0), payload);
}

/** Bytes a frame head takes for a payload of this size. */
export function frameHeadBytes(payloadBytes: number): number {
  if (payloadBytes < 126) return 2;
  return payloadBytes < 65_536 ? 4 : 10;
}

/**
 * Writes a frame head and returns the offset behind it. For encoders that lay out many frames in one buffer.
 * @param isText text (1) or binary (2) message
 */
export function writeFrameHead(target: Uint8Array, offset: number, isText: boolean, payloadBytes: number): number {
  target[offset] = isText ? FINAL_TEXT : FINAL_BINARY;
  if (payloadBytes < 126) {
    target[offset + 1] = payloadBytes;
    return offset + 2;
  }
  if (payloadBytes < 65_536) {
    target[offset + 1] = 126;
    target[offset + 2] = payloadBytes >>> 8;
    target[offset + 3] = payloadBytes & 0xff;
    return offset + 4;
  }
  target[offset + 1] = 127;
  new DataView(target.buffer, target.byteOffset).setBigUint64(offset + 2, BigInt(payloadBytes));
  return offset + 10;
}

/** A message read back from pieces of whole, unmasked frames. */
export interface ServerMessage {
  /** Of a message in parts, the first one says it. */
  readonly isText: boolean;
  /** False: the next one goes on with the same message. */
  readonly isLast: boolean;
  readonly payload: Buffer;
}

/** Reads pieces of whole server frames back into messages, for sockets that must encode them another way. */
export function readFrames(pieces: readonly Uint8Array[]): ServerMessage[] {
  const bytes = Buffer.concat(pieces);
  const messages: ServerMessage[] = [];
  for (let at = 0; at < bytes.length;) {
    const isText = ((bytes[at] ?? 0) & 0x0f) === OPCODE_TEXT;
    const isLast = ((bytes[at] ?? 0) & FINAL) !== 0;
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    at = start + length;
    messages.push({ isText, isLast, payload: bytes.subarray(start, at) });
  }
  return messages;
}

function frame(firstByte: number, payload: Uint8Array): Uint8Array[] {
  const headBytes = frameHeadBytes(payload.length);
  const isCopied = payload.length <= COPY_LIMIT_BYTES;
  const head = Buffer.allocUnsafe(isCopied ? headBytes + payload.length : headBytes);
  writeFrameHead(head, 0, false, payload.length);
  head[0] = firstByte;
  if (!isCopied) return [head, payload];
  head.set(payload, headBytes);
  return [head];
}
