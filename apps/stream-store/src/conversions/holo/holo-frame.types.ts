import { type HoloHead } from './holo-head.js';

/** Degrees clockwise. */
export type Turn = 0 | 90 | 270;

/** Where a camera was. */
export interface CameraPose {
  /** 4 × 4, in the order of the frame. */
  readonly matrix: Float32Array;
  /** Focal length x, y and principal point x, y; main camera only. */
  readonly lens: Float32Array | null;
}

interface Framed {
  readonly head: HoloHead;
  /** The payload's bytes: a view of the frame. */
  readonly bytes: Uint8Array;
}

interface Sized {
  readonly width: number;
  readonly height: number;
}

interface Rowed extends Sized {
  /** Bytes from one row to the next. */
  readonly rowBytes: number;
}

/** One frame of a headset. */
export type HoloFrame =
  | (Framed & {
      readonly kind: 'jpeg';
      readonly turn: Turn;
      readonly swapsRedBlue: boolean;
      readonly pose: CameraPose | null;
    })
  | (Framed & Rowed & { readonly kind: 'nv12'; readonly pose: CameraPose | null })
  | (Framed & Rowed & { readonly kind: 'grey'; readonly turn: Turn; readonly pose: CameraPose | null })
  /** Pixels of 16 bits; `infrared` is a JPEG. */
  | (Framed &
      Rowed & { readonly kind: 'depth'; readonly pose: CameraPose | null; readonly infrared: Uint8Array | null })
  /** Rows of float32; `times` are u64. */
  | (Framed & Sized & { readonly kind: 'samples'; readonly times: Uint8Array })
  /** Three float32 for each pixel. */
  | (Framed & Sized & { readonly kind: 'calibration'; readonly matrix: Float32Array })
  | HeadlessFrame;

/** Frames that begin with their content. */
export type HeadlessFrame =
  | { readonly kind: 'json'; readonly bytes: Uint8Array }
  /** float32 samples, one after the other for each channel. */
  | {
      readonly kind: 'audio';
      readonly bytes: Uint8Array;
      readonly rate: number;
      readonly channels: number;
      readonly position: bigint;
    };
