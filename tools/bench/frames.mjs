import { encodeName, encodePackedPush, encodePush } from '@sluice/wire';

const chunkBytes = 128 * 1024;
/** Chunks that are used in turn, so that one which the socket still holds is not written to. */
const chunkCount = 4;
/** Never all zero: a server may skip unmasking then, which a browser never lets it. */
const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
const maskBytes = mask.length;
const tagOffset = 2;

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** One frame as a client sends it: final and masked. */
export function maskedFrame(opcode, payload) {
  const head = lengthHead(payload.length);
  const frame = Buffer.allocUnsafe(1 + head.length + maskBytes + payload.length);
  frame[0] = 0x80 | opcode;
  head.copy(frame, 1);
  mask.copy(frame, 1 + head.length);
  const start = 1 + head.length + maskBytes;
  for (let index = 0; index < payload.length; index += 1) frame[start + index] = payload[index] ^ mask[index & 3];
  return frame;
}

function lengthHead(length) {
  if (length < 126) return Buffer.from([0x80 | length]);
  const head = Buffer.alloc(length < 65536 ? 3 : 9);
  head[0] = 0x80 | (length < 65536 ? 126 : 127);
  if (length < 65536) head.writeUInt16BE(length, 1);
  else head.writeUInt32BE(length, 5);
  return head;
}

/** What every entry of a measurement holds: printable, and the same in every run. */
export function payloadOf(byteCount) {
  const payload = Buffer.allocUnsafe(byteCount);
  for (let index = 0, state = 7; index < byteCount; index += 1) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    payload[index] = 97 + ((state >> 16) % 26);
  }
  return payload;
}

/**
 * Messages of one connection, encoded before the clock runs. `take(n)` gives the bytes of the next `n` messages (at most
 * `chunkMessages`), each with `entriesPerMessage` entries. Encodings: `plain` (one binary frame an entry), `headed` (a header
 * frame and a binary frame an entry), `many` (a header frame that names each entry, then one binary frame) and `v1` (push frames of sluice.v1, whose tags count on).
 */
export class PushMessages {
  #chunks;
  #turn = 0;
  #messageBytes;
  #tagAt;
  #tags;

  constructor(
    { encoding, stream, payloadBytes, entriesPerMessage = 1, acks = false, packed = false },
    tags = { last: 0 },
  ) {
    const payload = payloadOf(payloadBytes);
    const message = encoders[encoding]({ stream, payload, count: entriesPerMessage, acks, packed });
    this.entriesPerMessage = entriesPerMessage;
    this.chunkMessages = Math.max(1, Math.ceil(chunkBytes / message.length));
    this.#messageBytes = message.length;
    this.#tags = encoding === 'v1' ? tags : null;
    this.#tagAt = this.#tags ? headBytes(message) : 0;
    const chunk = Buffer.concat(Array.from({ length: this.chunkMessages }, () => message));
    this.#chunks = Array.from({ length: this.#tags ? chunkCount : 1 }, () => Buffer.from(chunk));
  }

  take(messages) {
    this.#turn = (this.#turn + 1) % this.#chunks.length;
    const chunk = this.#chunks[this.#turn];
    if (this.#tags) this.#number(chunk, messages);
    return chunk.subarray(0, messages * this.#messageBytes);
  }

  #number(chunk, messages) {
    for (let index = 0, at = this.#tagAt + tagOffset; index < messages; index += 1, at += this.#messageBytes) {
      this.#tags.last += 1;
      const tag = this.#tags.last;
      chunk[at] = (tag >>> 24) ^ mask[tagOffset];
      chunk[at + 1] = ((tag >>> 16) & 255) ^ mask[tagOffset + 1];
      chunk[at + 2] = ((tag >>> 8) & 255) ^ mask[(tagOffset + 2) & 3];
      chunk[at + 3] = (tag & 255) ^ mask[(tagOffset + 3) & 3];
    }
  }
}

const encoders = {
  plain: ({ payload }) => maskedFrame(opcodes.binary, payload),
  headed: ({ payload }) => {
    const header = maskedFrame(opcodes.text, Buffer.from(`[${payload.length}]`));
    return Buffer.concat([header, maskedFrame(opcodes.binary, payload)]);
  },
  many: ({ stream, payload, count }) => {
    const header = Array.from({ length: count }, (_, index) => [stream, (index + 1) * payload.length]);
    const blob = Buffer.concat(Array.from({ length: count }, () => payload));
    const text = Buffer.from(JSON.stringify(header));
    return Buffer.concat([maskedFrame(opcodes.text, text), maskedFrame(opcodes.binary, blob)]);
  },
  v1: ({ stream, payload, count, acks, packed }) => {
    const name = encodeName(`default:${stream}`);
    const options = { tag: 0, acks };
    const payloads = Array.from({ length: count }, () => payload);
    if (packed) return maskedFrame(opcodes.binary, encodePackedPush(options, name, payloads));
    const entries = payloads.map((bytes) => ({ payload: bytes }));
    return maskedFrame(opcodes.binary, encodePush(options, [{ name, entries }]));
  },
};

function headBytes(frame) {
  const short = frame[1] & 127;
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + maskBytes;
}
