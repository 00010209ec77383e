import { SluiceError } from '@sluice/contracts';
import { type MadeFormat } from './formats.js';
import { readHoloFrame } from './holo/holo-frame.js';
import { type HoloFrame } from './holo/holo-frame.types.js';
import { malformed } from './malformed.js';
import { type EncodedPicture, type RawPixels } from './pictures.js';
import { type Nv12Pixels, type NumberBlock } from './worker/tasks.js';

/** What an entry turned out to hold, read as far as its head goes. */
export type Value =
  | ({ readonly kind: 'picture' } & EncodedPicture)
  | ({ readonly kind: 'pixels' } & RawPixels)
  | ({ readonly kind: 'nv12' } & Nv12Pixels)
  | { readonly kind: 'block'; readonly block: NumberBlock }
  /** JSON text. */
  | { readonly kind: 'text'; readonly bytes: Uint8Array };

/** Sizes of NV12 pictures that come without a head, as cameras send them. */
const NV12_SIZES: readonly (readonly [width: number, height: number])[] = [
  [424, 240],
  [500, 282],
  [640, 360],
  [640, 480],
  [760, 428],
  [896, 504],
  [960, 540],
  [1128, 636],
  [1280, 720],
  [1504, 846],
  [1920, 1080],
  [2272, 1278],
];

/** @throws SluiceError `INVALID_FRAME` when the bytes are not of that format */
export function readValue(payload: Uint8Array, format: MadeFormat): Value {
  switch (format) {
    case 'holo':
      return valueOfFrame(readHoloFrame(payload));
    case 'json':
      return { kind: 'text', bytes: payload };
    case 'ndarray':
      return { kind: 'block', block: floats(payload, [payload.length / 4]) };
    case 'nv12':
      return readNv12(payload);
    case 'jpg':
    case 'jpeg':
    case 'png':
    case 'image':
    case 'compressedimage':
      return { kind: 'picture', bytes: payload, turn: 0, swapsRedBlue: false };
  }
}

function valueOfFrame(frame: HoloFrame): Value {
  switch (frame.kind) {
    case 'jpeg':
      return { kind: 'picture', bytes: frame.bytes, turn: frame.turn, swapsRedBlue: frame.swapsRedBlue };
    case 'nv12':
      return { kind: 'nv12', bytes: frame.bytes, width: frame.width, height: frame.height, rowBytes: frame.rowBytes };
    case 'grey': {
      const { width, height, turn } = frame;
      return { kind: 'pixels', data: withoutGaps(frame, 1), width, height, channels: 1, turn };
    }
    case 'depth': {
      const shape = [frame.height, frame.width];
      return { kind: 'block', block: { type: 'u16', bytes: withoutGaps(frame, 2), shape } };
    }
    case 'samples':
      return { kind: 'block', block: floats(frame.bytes, [frame.height, frame.width]) };
    case 'calibration':
      return { kind: 'block', block: floats(frame.bytes, [frame.height, frame.width, 3]) };
    case 'audio': {
      const count = frame.bytes.length / 4;
      const shape = frame.channels === 1 ? [count] : [count / frame.channels, frame.channels];
      return { kind: 'block', block: floats(frame.bytes, shape) };
    }
    case 'json':
      return { kind: 'text', bytes: frame.bytes };
  }
}

function floats(bytes: Uint8Array, shape: readonly number[]): NumberBlock {
  if (bytes.length % 4 !== 0) throw malformed(`${bytes.length} bytes are no whole number of float32`);
  return { type: 'f32', bytes, shape };
}

interface Rows {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly rowBytes: number;
}

/** Rows one after the other, as long as they are wide. */
function withoutGaps({ bytes, width, height, rowBytes }: Rows, pixelBytes: number): Uint8Array {
  const packed = width * pixelBytes;
  if (rowBytes === packed) return bytes.subarray(0, packed * height);
  const out = new Uint8Array(packed * height);
  for (let row = 0; row < height; row++) {
    out.set(bytes.subarray(row * rowBytes, row * rowBytes + packed), row * packed);
  }
  return out;
}

function readNv12(payload: Uint8Array): Value {
  const size = NV12_SIZES.find(([width, height]) => (width * height * 3) / 2 === payload.length);
  if (size !== undefined) {
    return { kind: 'nv12', bytes: payload, width: size[0], height: size[1], rowBytes: size[0] };
  }
  const known = NV12_SIZES.map(([width, height]) => `${width} × ${height}`).join(', ');
  throw new SluiceError('INVALID_FRAME', `${payload.length} bytes of NV12 are of no known size (${known})`);
}
