import { malformed } from '../malformed.js';

/** Takes one section after the other off a frame; each is a view, and none passes the frame's end. */
export class SectionReader {
  private at: number;

  /** @param what how messages call the frame */
  constructor(
    private readonly frame: Uint8Array,
    start: number,
    private readonly what: string,
  ) {
    this.at = start;
  }

  /** Bytes not taken yet. */
  get left(): number {
    return this.frame.length - this.at;
  }

  /** @param length any number: what comes from a frame's head may be larger than a frame can be */
  take(length: number, section: string): Uint8Array {
    if (length > this.left) {
      throw malformed(`${this.what} is cut short: ${section} takes ${length} bytes, ${this.left} are left`);
    }
    const start = this.at;
    this.at += length;
    return this.frame.subarray(start, this.at);
  }

  /** Little-endian float32 numbers. */
  takeFloats(count: number, section: string): Float32Array {
    const bytes = this.take(count * 4, section);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Float32Array.from({ length: count }, (_, index) => view.getFloat32(index * 4, true));
  }

  /** Everything that is left. */
  takeRest(): Uint8Array {
    return this.take(this.left, 'the rest');
  }

  /** @throws SluiceError `INVALID_FRAME` when bytes are left over */
  assertEnd(): void {
    if (this.left > 0) throw malformed(`${this.what} has ${this.left} bytes after its last section`);
  }
}
