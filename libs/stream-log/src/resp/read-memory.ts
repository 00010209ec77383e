import { Buffer } from 'node:buffer';
import { type RespParser } from './parser.js';

const CHUNK_BYTES = 64 * 1024;
/** After a read that filled its chunk there is more to come. */
const LARGE_CHUNK_BYTES = 256 * 1024;
/** What a read got is handed on as it lies from here on; less is copied, and the chunk is read into again. */
const HAND_ON_BYTES = 16 * 1024;
/** So much of a bulk string must be missing for reads straight into it to pay. */
const DIRECT_BYTES = 16 * 1024;

/**
 * Where a connection reads to, in the form of Node's `onread`: long bulk strings straight into their own memory, everything else
 * into chunks. Replies are views of chunks and may live on, so a chunk is not used again once it was handed on; and few bytes
 * never hold a whole chunk.
 */
export class ReadMemory {
  private chunk: Buffer | null = null;
  private chunkBytes = CHUNK_BYTES;
  private isDirect = false;

  constructor(private readonly parser: RespParser) {}

  /** Memory for the next read. */
  buffer(): Buffer {
    const rest = this.parser.missing();
    this.isDirect = rest !== null && rest.length >= DIRECT_BYTES;
    if (rest !== null && this.isDirect) return rest;
    this.chunk ??= Buffer.allocUnsafeSlow(this.chunkBytes);
    return this.chunk;
  }

  /**
   * So many bytes were read into what `buffer` returned last.
   * @throws Error when they are not RESP
   */
  take(count: number): void {
    const { chunk } = this;
    if (this.isDirect || chunk === null) return this.parser.filled(count);
    this.chunkBytes = count === chunk.length ? LARGE_CHUNK_BYTES : CHUNK_BYTES;
    if (count < HAND_ON_BYTES) {
      // Not from Node's pool: a few bytes that live on would hold the pool's whole slab.
      const copy = Buffer.allocUnsafeSlow(count);
      chunk.copy(copy, 0, 0, count);
      return this.parser.feed(copy);
    }
    this.chunk = null;
    this.parser.feed(count === chunk.length ? chunk : chunk.subarray(0, count));
  }
}
