/** Types of the numbers in a block of them, little-endian. */
type NumberType = 'u8' | 'u16' | 'f32';

/** Numbers in rows, and rows in rows: `shape` has their counts, the outermost first. */
export interface NumberBlock {
  readonly type: NumberType;
  /** Exactly as many as the shape has numbers. */
  readonly bytes: Uint8Array;
  readonly shape: readonly number[];
}

/** Pixels in the layout NV12: a plane of brightness, then one of interleaved colour at half the size. */
export interface Nv12Pixels {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Bytes from one row to the next. */
  readonly rowBytes: number;
}

/** What a worker thread does; bytes are handed over, not copied. */
export type Task =
  /** RGB pixels. */
  | ({ readonly kind: 'nv12-to-rgb' } & Nv12Pixels)
  /** NV12 of an even number of columns and rows: an odd one loses its last. */
  | { readonly kind: 'rgb-to-nv12'; readonly bytes: Uint8Array; readonly width: number; readonly height: number }
  /** JSON text of nested lists. */
  | { readonly kind: 'block-to-json'; readonly block: NumberBlock }
  /** The same numbers as float32. */
  | { readonly kind: 'block-to-floats'; readonly block: NumberBlock }
  /** The same numbers as bytes: clamped, or stretched over 0 to 255. */
  | { readonly kind: 'block-to-pixels'; readonly block: NumberBlock; readonly stretches: boolean }
  /** The same text, if it is JSON. */
  | { readonly kind: 'check-json'; readonly bytes: Uint8Array }
  /** Nested lists of numbers as float32 with their shape. */
  | { readonly kind: 'json-to-block'; readonly bytes: Uint8Array };

/** What a worker made: numbers in a shape, pixels or text. */
export interface Made {
  readonly bytes: Uint8Array;
  readonly shape: readonly number[];
}

/** What became of a task; a refusal says what is wrong with the bytes. */
export type Outcome = Made | { readonly refusal: string };

/** Thrown by the workers' code for bytes that are not what they should be. */
export class BadData extends Error {}

/** How many numbers a shape has. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
