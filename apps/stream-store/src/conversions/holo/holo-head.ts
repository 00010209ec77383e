import { malformed } from '../malformed.js';

/** Bytes of the head up to the time, which all frames with a head have. */
const TIME_END = 10;
/** Bytes of the whole head. */
export const HOLO_HEAD_BYTES = 26;

/** What a frame's type byte says. */
export const HOLO_TYPES = {
  mainCamera: 0,
  depthLongThrow: 1,
  depthAhat: 2,
  greyLeftLeft: 3,
  greyLeftFront: 4,
  greyRightFront: 5,
  greyRightRight: 6,
  accelerometer: 7,
  gyroscope: 8,
  magnetometer: 9,
  calibration: 11,
  microphone: 12,
  spatialInput: 13,
} as const;

/** Head of a frame of a headset: 26 bytes, little-endian, packed. */
export interface HoloHead {
  readonly version: number;
  readonly type: number;
  /** Time at which it was taken, as the device counts it; epoch milliseconds where it serves as an entry id. */
  readonly time: bigint;
  readonly width: number;
  readonly height: number;
  /** Version 1: bytes of a row or of a pixel; later: bytes of the payload. */
  readonly size: number;
  /** Bytes of what comes beside the payload. */
  readonly extraSize: number;
}

/**
 * Time of a headset frame (u8 version, u8 type, u64 time), as `parse_meta` uses it; the rest of the frame is not looked at.
 * @throws SluiceError `INVALID_FRAME` when the bytes are too few
 */
export function holoTime(payload: Uint8Array): bigint {
  if (payload.length < TIME_END) {
    throw malformed(`a headset frame has a head of at least ${TIME_END} bytes, these are ${payload.length}`);
  }
  return viewOf(payload).getBigUint64(2, true);
}

/** @throws SluiceError `INVALID_FRAME` when the bytes are too few */
export function readHoloHead(payload: Uint8Array): HoloHead {
  if (payload.length < HOLO_HEAD_BYTES) {
    throw malformed(`a headset frame has a head of ${HOLO_HEAD_BYTES} bytes, these are ${payload.length}`);
  }
  const view = viewOf(payload);
  return {
    version: view.getUint8(0),
    type: view.getUint8(1),
    time: view.getBigUint64(2, true),
    width: view.getUint32(10, true),
    height: view.getUint32(14, true),
    size: view.getUint32(18, true),
    extraSize: view.getUint32(22, true),
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
