import { SluiceError } from '@sluice/contracts';

/** Largest chunk, message or attachment. It is in memory as a whole. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;
/** Largest record of any other kind: each of its bytes may take fifty in memory, as channels and indexes are lists of small things. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;
/** Channels of a file, which are kept to its end. */
const MAX_CHANNEL_BYTES = 32 * 1024 * 1024;

const MAGIC_BYTES = 8;
const HEAD_BYTES = 9;
const CHANNEL = 0x04;
/** Message, chunk, attachment. */
const LARGE = new Set([0x05, 0x06, 0x09]);

/** Looks at the kinds and lengths of records before they are read, so that none takes more memory than the file has bytes. */
export class RecordSizes {
  private toSkip = MAGIC_BYTES;
  private readonly head = Buffer.alloc(HEAD_BYTES);
  private headBytes = 0;
  private channelBytes = 0;

  /** The next bytes of the file. @throws SluiceError `MESSAGE_TOO_LARGE` */
  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const skipped = Math.min(this.toSkip, bytes.length - at);
      this.toSkip -= skipped;
      at += skipped;
      if (at === bytes.length) return;
      this.head[this.headBytes++] = bytes[at++] as number;
      if (this.headBytes < HEAD_BYTES) continue;
      this.headBytes = 0;
      this.toSkip = this.lengthOf(this.head);
    }
  }

  /** The records of a chunk. @throws SluiceError `MESSAGE_TOO_LARGE` */
  takeChunk(bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + HEAD_BYTES <= buffer.length;) at += HEAD_BYTES + this.lengthOf(buffer.subarray(at));
  }

  private lengthOf(head: Buffer): number {
    const kind = head[0] as number;
    const length = Number(head.readBigUInt64LE(1));
    const most = LARGE.has(kind) ? MAX_RECORD_BYTES : MAX_LIST_BYTES;
    if (length > most) throw tooLarge(`a record of ${length} bytes where ${most} are the most`);
    if (kind === CHANNEL) this.channelBytes += length;
    if (this.channelBytes > MAX_CHANNEL_BYTES) throw tooLarge(`more than ${MAX_CHANNEL_BYTES} bytes of channels`);
    return length;
  }
}

function tooLarge(what: string): SluiceError {
  return new SluiceError('MESSAGE_TOO_LARGE', `the file has ${what}`);
}
