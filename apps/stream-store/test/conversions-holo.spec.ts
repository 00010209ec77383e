import { describe, expect, test } from '@jest/globals';
import { readHoloFrame } from '../src/conversions/holo/holo-frame.js';
import { HOLO_TYPES, holoTime, readHoloHead } from '../src/conversions/holo/holo-head.js';
import { holoFrame, LENS, oldAudio, POSE, floats, type FrameParts } from './support/holo-frames.js';

const JPEG = Buffer.from('not looked at');
const T = HOLO_TYPES;

describe('the head of a headset frame', () => {
  test('gives its time, its size and what it says of its payload', () => {
    const frame = holoFrame({ version: 3, type: 0, time: 2n ** 60n, width: 760, height: 428, payload: JPEG });
    expect(readHoloHead(frame)).toEqual({
      version: 3,
      type: 0,
      time: 2n ** 60n,
      width: 760,
      height: 428,
      size: JPEG.length,
      extraSize: 0,
    });
  });

  test('gives its time from 10 bytes on, and no sooner', () => {
    const frame = holoFrame({ type: 0, time: 1_700_000_000_123n });
    expect(holoTime(frame.subarray(0, 10))).toBe(1_700_000_000_123n);
    expect(() => holoTime(frame.subarray(0, 9))).toThrow('at least 10 bytes, these are 9');
  });

  test('is read wherever the frame lies in its buffer', () => {
    const shifted = Buffer.concat([Buffer.alloc(3), holoFrame({ type: 0, time: 77n })]).subarray(3);
    expect(holoTime(shifted)).toBe(77n);
  });
});

describe('pictures of a headset', () => {
  test.each([
    ['main, version 2', T.mainCamera, 2, 0, false],
    ['main, version 3, red and blue exchanged', T.mainCamera, 3, 0, true],
    ['gll', T.greyLeftLeft, 2, 270, false],
    ['glf', T.greyLeftFront, 2, 90, false],
    ['grf', T.greyRightFront, 3, 270, false],
    ['grr', T.greyRightRight, 3, 90, false],
  ])('%s: a JPEG, its turn and its pose', (_name, type, version, turn, swapsRedBlue) => {
    const frame = readHoloFrame(holoFrame({ type, version, payload: JPEG, after: [POSE, LENS] }));
    if (frame.kind !== 'jpeg') throw new Error(`read as ${frame.kind}`);
    expect(Buffer.from(frame.bytes)).toEqual(JPEG);
    expect({ turn: frame.turn, swapsRedBlue: frame.swapsRedBlue }).toEqual({ turn, swapsRedBlue });
    expect(frame.pose?.matrix[15]).toBe(15);
    expect([...(frame.pose?.lens ?? [])]).toEqual([500, 501, 320, 240]);
  });

  test('main, version 1: NV12 with the bytes of a row', () => {
    const payload = Buffer.alloc(6 * 2 * 1.5, 9);
    const frame = readHoloFrame(
      holoFrame({ type: 0, version: 1, width: 4, height: 2, size: 6, payload, after: [POSE] }),
    );
    expect(frame).toMatchObject({ kind: 'nv12', width: 4, height: 2, rowBytes: 6 });
  });

  test.each([0, 1, 4])('version 1 with %i where the bytes of a row are due: rows without gaps', (size) => {
    const payload = Buffer.alloc(4 * 2, 9);
    const frame = readHoloFrame(holoFrame({ type: T.greyLeftFront, version: 1, size, payload }));
    expect(frame).toMatchObject({ kind: 'grey', rowBytes: 4, turn: 90, pose: null });
  });

  test.each([
    ['long throw, version 1', T.depthLongThrow, 1, 8],
    ['long throw, version 2', T.depthLongThrow, 2, 16],
    ['AHAT, version 3', T.depthAhat, 3, 16],
  ])('depth (%s): 16 bits a pixel, pose, and infrared if it is there', (_name, type, version, size) => {
    const parts = { type, version, size, payload: Buffer.alloc(16) };
    const bare = readHoloFrame(holoFrame({ ...parts, after: [POSE] }));
    expect(bare).toMatchObject({ kind: 'depth', width: 4, height: 2, rowBytes: 8, infrared: null });
    const full = readHoloFrame(holoFrame({ ...parts, after: [POSE, JPEG] }));
    expect(full.kind === 'depth' && Buffer.from(full.infrared ?? [])).toEqual(JPEG);
  });
});

describe('what else a headset sends', () => {
  test.each([T.accelerometer, T.gyroscope, T.magnetometer, T.microphone, T.spatialInput])(
    'type %i: rows of samples, and the times after them',
    (type) => {
      const times = Buffer.alloc(2 * 8);
      const frame = readHoloFrame(
        holoFrame({ type, width: 3, height: 2, payload: floats(1, 2, 3, 4, 5, 6), after: [times] }),
      );
      expect(frame).toMatchObject({ kind: 'samples', width: 3, height: 2 });
      expect(frame.kind === 'samples' && frame.times).toHaveLength(16);
    },
  );

  test('calibration: three numbers a pixel and a matrix', () => {
    const payload = floats(...Array.from({ length: 4 * 2 * 3 }, (_, index) => index));
    expect(readHoloFrame(holoFrame({ type: T.calibration, payload, after: [POSE] }))).toMatchObject({
      kind: 'calibration',
      width: 4,
      height: 2,
    });
  });

  test.each(['{"a":1}', '[{"a":1}]', '[]', '{}', '[1,2]'])('JSON text: %s', (text) => {
    expect(readHoloFrame(Buffer.from(text))).toMatchObject({ kind: 'json' });
  });

  test.each([44_100, 48_000, 16_000])('old audio of %i Hz, whatever byte its type would be', (rate) => {
    const frame = readHoloFrame(oldAudio([0.5, -0.5, 0.25, 0], 2, rate));
    expect(frame).toMatchObject({ kind: 'audio', rate, channels: 2, position: 1234n });
  });
});

describe('malformed frames are refused in words', () => {
  test.each<[string, FrameParts | Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'head of 26 bytes, these are 0'],
    ['a head cut short', holoFrame({ type: 0 }).subarray(0, 25), 'these are 25'],
    ['an unknown type', { type: 10 }, 'type 10 is not known'],
    ['an unknown version', { type: 0, version: 4 }, 'version 4 is not known'],
    ['a JPEG longer than the frame', { type: 0, size: 14, payload: JPEG }, 'the JPEG takes 14 bytes, 13 are left'],
    ['sizes beyond any frame', { type: 7, width: 0xffffffff, height: 0xffffffff }, 'is cut short'],
    ['no width', { type: T.depthAhat, width: 0 }, 'holds nothing'],
    ['half a pose', { type: 0, payload: JPEG, after: [POSE.subarray(1)] }, 'the pose takes 64 bytes, 63 are left'],
    ['more than a pose and a lens', { type: 0, payload: JPEG, after: [POSE, LENS, LENS] }, 'after its last section'],
    ['odd NV12', { type: 0, version: 1, width: 3, payload: Buffer.alloc(90) }, 'even numbers'],
    ['depth without its pixels', { type: 1, payload: Buffer.alloc(15) }, 'the depth pixels takes 16 bytes'],
    ['times of other samples', { type: 7, payload: Buffer.alloc(32), after: [Buffer.alloc(7)] }, '7 bytes of times'],
    ['calibration without its matrix', { type: 11, payload: Buffer.alloc(96) }, 'the camera matrix takes 64 bytes'],
    ['audio of half a sample', oldAudio([1]).subarray(0, 19), 'cannot have 3 bytes'],
    ['audio without channels', oldAudio([1], 0), '0 channels'],
    ['audio cut within its head', oldAudio([]).subarray(0, 15), 'these are 15'],
  ])('%s', (_name, frame, message) => {
    const bytes = Buffer.isBuffer(frame) ? frame : holoFrame(frame);
    expect(() => readHoloFrame(bytes)).toThrow(message);
    expect(() => readHoloFrame(bytes)).toThrow(expect.objectContaining({ code: 'INVALID_FRAME' }));
  });
});

describe('any bytes', () => {
  const frames = [
    ...Object.values(T).flatMap((type) =>
      [1, 2, 3].map((version) => holoFrame({ type, version, payload: JPEG, after: [POSE, LENS] })),
    ),
    oldAudio([1, 2, 3]),
    Buffer.from('{"a":[1,2,{"b":null}]}'),
  ];

  test('cut anywhere or changed anywhere, are read or refused, and never hold more than they are', () => {
    let state = 20_260_101;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(frames[random(frames.length)] as Buffer).subarray(0, random(150));
      for (let change = random(6); change > 0 && bytes.length > 0; change--) bytes[random(bytes.length)] = random(256);
      let frame: ReturnType<typeof readHoloFrame>;
      try {
        frame = readHoloFrame(bytes);
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error) || error.code !== 'INVALID_FRAME') throw error;
        continue;
      }
      if (frame.bytes.length > bytes.length) throw new Error(`${frame.kind} holds ${frame.bytes.length} bytes`);
      if (frame.bytes.length > 0 && frame.bytes.buffer !== bytes.buffer) throw new Error(`${frame.kind} is no view`);
    }
  });
});
