/** What a test's headset frame is made of; sizes are worked out unless they are given. */
export interface FrameParts {
  readonly version?: number;
  readonly type: number;
  readonly time?: bigint;
  readonly width?: number;
  readonly height?: number;
  readonly size?: number;
  readonly extraSize?: number;
  readonly payload?: Uint8Array;
  readonly after?: readonly Uint8Array[];
}

/** A frame with a head, as docs/protocol/conversions.md lays it out. */
export function holoFrame(parts: FrameParts): Buffer {
  const { version = 2, type, time = 1_700_000_000_000n, width = 4, height = 2, payload = new Uint8Array() } = parts;
  const extra = Buffer.concat(parts.after ?? []);
  const head = Buffer.alloc(26);
  head.writeUInt8(version, 0);
  head.writeUInt8(type, 1);
  head.writeBigUInt64LE(time, 2);
  head.writeUInt32LE(width, 10);
  head.writeUInt32LE(height, 14);
  head.writeUInt32LE(parts.size ?? payload.length, 18);
  head.writeUInt32LE(parts.extraSize ?? extra.length, 22);
  return Buffer.concat([head, payload, extra]);
}

/** float32, little-endian. */
export function floats(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [index, number] of numbers.entries()) bytes.writeFloatLE(number, index * 4);
  return bytes;
}

/** A 4 × 4 matrix of the numbers 0 to 15. */
export const POSE = floats(...Array.from({ length: 16 }, (_, index) => index));
/** Focal lengths and principal point. */
export const LENS = floats(500, 501, 320, 240);

/** Old audio: rate, channels, position, samples. */
export function oldAudio(samples: readonly number[], channels = 1, rate = 44_100): Buffer {
  const head = Buffer.alloc(16);
  head.writeInt32LE(rate, 0);
  head.writeInt32LE(channels, 4);
  head.writeBigInt64LE(1234n, 8);
  return Buffer.concat([head, floats(...samples)]);
}
