const MASK_BYTES = 4;
/** Opcodes. */
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
/** Opcodes from here on are of frames that carry no data. */
export const FIRST_CONTROL = 8;

/** Where a client's frame lies in what was read; offsets in bytes. One is read into again and again. */
export class FrameHead {
  /** The frame's first byte: flags and opcode. */
  first = 0;
  /** Without a mask it cannot be a client's, and nothing else is read of it. */
  isMasked = false;
  /** Where the payload starts, behind its mask. */
  start = 0;
  /** Where the frame ends, which may lie behind what was read. */
  end = 0;

  get opcode(): number {
    return this.first & 15;
  }

  /** Reads the head of the frame at `at`; false when it is not all there. */
  read(data: Buffer, at: number): boolean {
    if (data.length - at < 2) return false;
    this.first = data[at] as number;
    const second = data[at + 1] as number;
    this.isMasked = second >= 128;
    if (!this.isMasked) return true;
    const short = second & 127;
    this.start = at + 2 + (short < 126 ? 0 : short === 126 ? 2 : 8) + MASK_BYTES;
    if (data.length < this.start) return false;
    const length = short < 126 ? short : short === 126 ? data.readUInt16BE(at + 2) : readUint64(data, at + 2);
    this.end = this.start + length;
    return true;
  }
}

function readUint64(data: Buffer, at: number): number {
  return data.readUInt32BE(at) * 0x1_0000_0000 + data.readUInt32BE(at + 4);
}
