import { opcodes } from './frames.mjs';

const { text, binary, ping, pong, close } = opcodes;
const v1Head = 6;
const v1Ack = 3;
const packedFlag = 4;
/** What a section has before its entries, beside the name; and each entry before its payload: with an id for each, or one for all. */
const layouts = { single: { section: 6, entry: 20 }, packed: { section: 22, entry: 4 } };

/**
 * Counts what a server sends and looks at nothing else, so that receiving costs next to nothing. `entries` counts entries of
 * `entryBytes`; a dialect's are found by the bytes of its binary frames, those of sluice.v1 by the counts in its sections, whose sizes must fit
 * the frame exactly. `texts` counts text frames (acks of a dialect), `settledTag` is the last tag of an ack frame.
 */
export class FrameCounter {
  texts = 0;
  settledTag = 0;
  #bytes = 0;
  #entries = 0;
  #skip = 0;
  #inFrame = 0;
  #atHead = false;
  #layout = layouts.single;
  #rest = null;
  #isV1;
  #entryBytes;
  #hooks;

  /** `hooks`: `onText(text)` (sluice.v1 only), `onPing(payload)`, `onFailure(reason)`. */
  constructor({ encoding, entryBytes }, hooks) {
    this.#isV1 = encoding === 'v1';
    this.#entryBytes = entryBytes;
    this.#hooks = hooks;
  }

  get entries() {
    return this.#isV1 ? this.#entries : this.#bytes / this.#entryBytes;
  }

  /** The bytes are used up when this returns. */
  feed(chunk) {
    const data = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    let at = 0;
    while (at < data.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, data.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      const next = this.#inFrame > 0 ? this.#readSection(data, at) : this.#readHead(data, at);
      if (next < 0) {
        this.#rest = Buffer.from(data.subarray(at));
        return;
      }
      at = next;
    }
  }

  #readHead(data, at) {
    const left = data.length - at;
    if (left < 2) return -1;
    let length = data[at + 1] & 127;
    let start = at + 2;
    if (length === 126) {
      if (left < 4) return -1;
      length = data.readUInt16BE(at + 2);
      start = at + 4;
    } else if (length === 127) {
      if (left < 10) return -1;
      length = data.readUInt32BE(at + 6);
      start = at + 10;
    }
    const opcode = data[at] & 15;
    if (opcode === binary) return this.#enter(start, length);
    if (opcode === text && !this.#isV1) {
      this.texts += 1;
      this.#skip = length;
      return start;
    }
    return this.#control(opcode, data, start, length);
  }

  #enter(start, length) {
    if (this.#isV1) {
      this.#inFrame = length;
      this.#atHead = true;
      if (length < v1Head) this.#hooks.onFailure(`a binary frame of ${length} bytes`);
    } else {
      this.#bytes += length;
      this.#skip = length;
    }
    return start;
  }

  #control(opcode, data, start, length) {
    const end = start + length;
    if (data.length < end) return -1;
    const payload = data.subarray(start, end);
    if (opcode === text) this.#hooks.onText?.(payload.toString());
    else if (opcode === ping) this.#hooks.onPing(Buffer.from(payload));
    else if (opcode === close) {
      const code = length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#hooks.onFailure(`the server closed: ${code} ${payload.subarray(2).toString()}`);
    } else if (opcode !== pong) this.#hooks.onFailure(`a frame with opcode ${opcode}`);
    return end;
  }

  #readSection(data, at) {
    if (this.#atHead) {
      if (data.length - at < v1Head) return -1;
      this.#atHead = false;
      this.#layout = data[at + 1] & packedFlag ? layouts.packed : layouts.single;
      if (data[at] === v1Ack) {
        this.settledTag = data.readUInt32BE(at + 2);
        this.#skip = this.#inFrame;
        this.#inFrame = 0;
        return at;
      }
      this.#inFrame -= v1Head;
      return at + v1Head;
    }
    if (data.length - at < 2) return -1;
    const headBytes = this.#layout.section + data.readUInt16BE(at);
    if (data.length - at < headBytes) return -1;
    const count = data.readUInt32BE(at + headBytes - 4);
    this.#skip = count * (this.#layout.entry + this.#entryBytes);
    this.#inFrame -= headBytes + this.#skip;
    this.#entries += count;
    if (this.#inFrame < 0) this.#hooks.onFailure(`a section of ${count} entries passes the end of its frame`);
    return at + headBytes;
  }
}
