import { malformed } from '../malformed.js';
import { HOLO_HEAD_BYTES, HOLO_TYPES, readHoloHead, type HoloHead } from './holo-head.js';
import { readHeadless } from './headless.js';
import { SectionReader } from './section-reader.js';
import { type CameraPose, type HoloFrame, type Turn } from './holo-frame.types.js';

const MATRIX_NUMBERS = 16;
const LENS_NUMBERS = 4;
const MATRIX_BYTES = MATRIX_NUMBERS * 4;

const NAMES = new Map<number, string>(Object.entries(HOLO_TYPES).map(([name, type]) => [type, name]));

/** How each grey camera is mounted: its picture is turned upright clockwise by so many degrees. */
const GREY_TURNS = new Map<number, Turn>([
  [HOLO_TYPES.greyLeftLeft, 270],
  [HOLO_TYPES.greyLeftFront, 90],
  [HOLO_TYPES.greyRightFront, 270],
  [HOLO_TYPES.greyRightRight, 90],
]);

const SENSORS = new Set<number>([
  HOLO_TYPES.accelerometer,
  HOLO_TYPES.gyroscope,
  HOLO_TYPES.magnetometer,
  HOLO_TYPES.microphone,
  HOLO_TYPES.spatialInput,
]);

/**
 * Reads a frame of a headset, in any of its versions. Nothing is copied but the few numbers beside a picture: sections are views.
 * @throws SluiceError `INVALID_FRAME` for an unknown type or version, and for sections that do not fit the bytes
 */
export function readHoloFrame(payload: Uint8Array): HoloFrame {
  const headless = readHeadless(payload);
  if (headless !== null) return headless;
  const head = readHoloHead(payload);
  const name = NAMES.get(head.type);
  if (name === undefined) throw malformed(`a headset frame of type ${head.type} is not known`);
  if (head.version < 1 || head.version > 3) {
    throw malformed(`a headset frame (${name}) of version ${head.version} is not known, only versions 1 to 3`);
  }
  const sections = new SectionReader(payload, HOLO_HEAD_BYTES, `headset frame (${name}, version ${head.version})`);
  if (head.type === HOLO_TYPES.mainCamera) return readMain(head, sections);
  if (head.type === HOLO_TYPES.calibration) return readCalibration(head, sections);
  if (SENSORS.has(head.type)) return readSensor(head, sections);
  const turn = GREY_TURNS.get(head.type);
  return turn === undefined ? readDepth(head, sections) : readGrey(head, sections, turn);
}

function readMain(head: HoloHead, sections: SectionReader): HoloFrame {
  if (head.version > 1) {
    const bytes = sections.take(head.size, 'the JPEG');
    const swapsRedBlue = head.version === 3;
    return { kind: 'jpeg', head, bytes, turn: 0, swapsRedBlue, pose: readPose(sections) };
  }
  const { width, height } = head;
  assertSides(head);
  if (width % 2 !== 0 || height % 2 !== 0) {
    throw malformed(`NV12 pixels come in even numbers of columns and rows, not ${width} × ${height}`);
  }
  const rowBytes = rowBytesOf(head, 1);
  const bytes = sections.take((rowBytes * height * 3) / 2, 'the NV12 pixels');
  return { kind: 'nv12', head, bytes, width, height, rowBytes, pose: readPose(sections) };
}

function readGrey(head: HoloHead, sections: SectionReader, turn: Turn): HoloFrame {
  if (head.version > 1) {
    const bytes = sections.take(head.size, 'the JPEG');
    return { kind: 'jpeg', head, bytes, turn, swapsRedBlue: false, pose: readPose(sections) };
  }
  const { width, height } = head;
  assertSides(head);
  const rowBytes = rowBytesOf(head, 1);
  const bytes = sections.take(rowBytes * height, 'the grey pixels');
  return { kind: 'grey', head, bytes, width, height, rowBytes, turn, pose: readPose(sections) };
}

function readDepth(head: HoloHead, sections: SectionReader): HoloFrame {
  const { version, width, height, size } = head;
  assertSides(head);
  const packed = width * height * 2;
  const rowBytes = version === 1 ? rowBytesOf(head, 2) : width * 2;
  const bytes = sections.take(version === 1 ? rowBytes * height : Math.max(packed, size), 'the depth pixels');
  const pose = readPose(sections, MATRIX_NUMBERS);
  const infrared = sections.left > 0 ? sections.takeRest() : null;
  return { kind: 'depth', head, bytes, width, height, rowBytes, pose, infrared };
}

/** Rows of numbers, and after them the time of each. */
function readSensor(head: HoloHead, sections: SectionReader): HoloFrame {
  const { width, height } = head;
  assertSides(head);
  const rows = sections.take(width * height * 4, 'the samples');
  const times = sections.takeRest();
  const count = times.length / 8;
  if (count !== 0 && count !== width && count !== height) {
    throw malformed(`${width} × ${height} samples of a sensor have ${times.length} bytes of times after them`);
  }
  return { kind: 'samples', head, bytes: rows, width, height, times };
}

function readCalibration(head: HoloHead, sections: SectionReader): HoloFrame {
  const { width, height } = head;
  assertSides(head);
  const bytes = sections.take(width * height * 12, 'the unit plane');
  const matrix = sections.takeFloats(MATRIX_NUMBERS, 'the camera matrix');
  sections.assertEnd();
  return { kind: 'calibration', head, bytes, width, height, matrix };
}

/** Pose and, from the main camera, focal lengths and principal point; early firmware leaves them out. */
function readPose(sections: SectionReader, most = MATRIX_NUMBERS + LENS_NUMBERS): CameraPose | null {
  if (sections.left === 0) return null;
  const hasLens = most > MATRIX_NUMBERS && sections.left >= MATRIX_BYTES + LENS_NUMBERS * 4;
  const matrix = sections.takeFloats(MATRIX_NUMBERS, 'the pose');
  const lens = hasLens ? sections.takeFloats(LENS_NUMBERS, 'the lens') : null;
  if (most > MATRIX_NUMBERS) sections.assertEnd();
  return { matrix, lens };
}

function assertSides({ width, height }: HoloHead): void {
  if (width > 0 && height > 0) return;
  throw malformed(`a headset frame of ${width} × ${height} holds nothing`);
}

/** Version 1 gives the bytes of a row; some firmware gives those of a pixel instead, or nothing. */
function rowBytesOf({ width, size }: HoloHead, pixelBytes: number): number {
  const packed = width * pixelBytes;
  return size >= packed ? size : packed;
}
