import { afterAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { Conversions } from '../src/conversions/conversions.js';
import { HOLO_TYPES } from '../src/conversions/holo/holo-head.js';
import { floats, holoFrame, LENS, oldAudio, POSE } from './support/holo-frames.js';

const conversions = new Conversions();
afterAll(() => conversions.onApplicationShutdown());

/** A picture whose left half is of one colour and whose right half is of another. */
function halves(left: string, right: string, format: 'jpeg' | 'png' = 'png'): Promise<Buffer> {
  const side = (background: string) => ({ create: { width: 16, height: 16, channels: 3, background } }) as const;
  return sharp({ create: { width: 32, height: 16, channels: 3, background: left } })
    .composite([{ input: side(right), left: 16, top: 0 }])
    .toFormat(format, { quality: 100 })
    .toBuffer();
}

async function convert(
  payload: Uint8Array,
  output: string,
  input: string | null = null,
  sid = 'main',
): Promise<Buffer> {
  const made = await conversions.convert({ sid, payload, input, output, client: 'test' });
  if (made === null) throw new Error('the payload was dropped');
  return made;
}

async function json(payload: Uint8Array, input: string | null = null): Promise<unknown> {
  return JSON.parse((await convert(payload, 'json', input)).toString());
}

/** Colours of a picture's pixels, rounded to what a JPEG keeps. */
async function pixel(picture: Buffer, left: number, top: number): Promise<number[]> {
  const region = sharp(picture).extract({ left, top, width: 1, height: 1 }).removeAlpha();
  return [...(await region.raw().toBuffer())].map((value) => (value > 200 ? 255 : value < 55 ? 0 : value));
}

const RED = [255, 0, 0];
const BLUE = [0, 0, 255];

describe('headset frames become pictures', () => {
  test.each(['jpg', 'jpeg', 'compressedimage', 'image', 'png'])('main, version 2, as %s', async (output) => {
    const payload = holoFrame({ type: 0, payload: await halves('red', 'blue', 'jpeg'), after: [POSE, LENS] });
    const picture = await convert(payload, output);
    expect(await sharp(picture).metadata()).toMatchObject({ format: output === 'png' ? 'png' : 'jpeg', width: 32 });
    expect(await pixel(picture, 4, 8)).toEqual(RED);
    expect(await pixel(picture, 28, 8)).toEqual(BLUE);
  });

  test.each(['jpg', 'png'])('main, version 3, as %s: red and blue are swapped back', async (output) => {
    const payload = holoFrame({
      type: 0,
      version: 3,
      payload: await halves('red', 'blue', 'jpeg'),
      after: [POSE, LENS],
    });
    expect(await pixel(await convert(payload, output), 4, 8)).toEqual(BLUE);
  });

  test.each([
    ['gll', HOLO_TYPES.greyLeftLeft, [255, 0]],
    ['glf', HOLO_TYPES.greyLeftFront, [0, 255]],
    ['grf', HOLO_TYPES.greyRightFront, [255, 0]],
    ['grr', HOLO_TYPES.greyRightRight, [0, 255]],
  ])('%s is turned upright, as pixels and as JPEG', async (sid, type, [top, bottom]) => {
    const jpeg = await sharp(await halves('black', 'white'))
      .toColourspace('b-w')
      .jpeg()
      .toBuffer();
    const pixels = Buffer.from(Array.from({ length: 32 * 16 }, (_, index) => (index % 32 < 16 ? 0 : 255)));
    const size = { width: 32, height: 16 };
    const frames = [
      holoFrame({ type, payload: jpeg, after: [POSE] }),
      holoFrame({ type, version: 1, ...size, size: 32, payload: pixels }),
    ];
    for (const frame of frames) {
      const picture = await convert(frame, 'png', null, sid);
      expect(await sharp(picture).metadata()).toMatchObject({ width: 16, height: 32, channels: 1 });
      expect([(await pixel(picture, 8, 2))[0], (await pixel(picture, 8, 29))[0]]).toEqual([top, bottom]);
      const rows = JSON.parse((await convert(frame, 'json', null, sid)).toString()) as number[][];
      expect([rows.length, rows[0]?.length]).toEqual([32, 16]);
    }
  });

  test('main, version 1: NV12, and back to it', async () => {
    const nv12 = await convert(await halves('red', 'blue'), 'nv12', 'png');
    expect(nv12).toHaveLength(32 * 16 * 1.5);
    const frame = holoFrame({ type: 0, version: 1, width: 32, height: 16, size: 32, payload: nv12 });
    const picture = await convert(frame, 'jpg');
    expect(await pixel(picture, 4, 8)).toEqual(RED);
    expect(await pixel(picture, 28, 8)).toEqual(BLUE);
  });

  test('NV12 by itself is read at the sizes that cameras send, and refused at others', async () => {
    const picture = await convert(Buffer.alloc(640 * 360 * 1.5, 128), 'jpg', 'nv12');
    expect(await sharp(picture).metadata()).toMatchObject({ width: 640, height: 360 });
    await expect(convert(Buffer.alloc(100), 'jpg', 'nv12')).rejects.toThrow('100 bytes of NV12 are of no known size');
  });

  test('depth keeps 16 bits in PNG and JSON, and is stretched to 8 in JPEG', async () => {
    const payload = Buffer.from(Uint16Array.from([0, 1000, 2000, 3000, 4000, 5000, 6000, 65535]).buffer);
    const frame = holoFrame({ type: HOLO_TYPES.depthLongThrow, payload, after: [POSE] });
    const png = await convert(frame, 'png', null, 'depthlt');
    expect(await sharp(png).metadata()).toMatchObject({ depth: 'ushort', width: 4, height: 2 });
    expect(await json(frame)).toEqual([
      [0, 1000, 2000, 3000],
      [4000, 5000, 6000, 65535],
    ]);
    expect(await sharp(await convert(frame, 'jpg')).metadata()).toMatchObject({ format: 'jpeg', width: 4 });
  });
});

describe('headset frames become numbers and objects', () => {
  test('JSON of a picture is its rows of pixels, ndarray the same as float32', async () => {
    const png = await sharp({ create: { width: 2, height: 1, channels: 3, background: '#010203' } })
      .png()
      .toBuffer();
    expect(await json(png, 'png')).toEqual([
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
    ]);
    expect(await convert(png, 'ndarray', 'png')).toEqual(floats(1, 2, 3, 1, 2, 3));
  });

  test('JSON and ndarray of samples, calibration and audio are their numbers', async () => {
    const samples = holoFrame({ type: 7, width: 3, height: 2, payload: floats(1, 2.5, -3, 0, Number.NaN, 6) });
    expect(await json(samples)).toEqual([
      [1, 2.5, -3],
      [0, null, 6],
    ]);
    expect(await convert(samples, 'ndarray')).toEqual(floats(1, 2.5, -3, 0, Number.NaN, 6));
    const calibration = holoFrame({ type: 11, width: 1, height: 2, payload: floats(1, 2, 3, 4, 5, 6), after: [POSE] });
    expect(await json(calibration)).toEqual([[[1, 2, 3]], [[4, 5, 6]]]);
    expect(await json(oldAudio([0.5, -0.5]))).toEqual([0.5, -0.5]);
    expect(await json(oldAudio([0.5, -0.5], 2))).toEqual([[0.5, -0.5]]);
  });

  test.each(['{"a":[1,"]"]}', '[{"a":1}]', '[]'])('JSON text stays as it is: %s', async (text) => {
    expect((await convert(Buffer.from(text), 'json', null, 'hand')).toString()).toBe(text);
  });

  test('every number of 8 and of 16 bits is written as it is', async () => {
    const numbers = Array.from({ length: 65_536 }, (_, number) => number);
    const payload = Buffer.from(Uint16Array.from(numbers).buffer);
    const frame = holoFrame({ type: HOLO_TYPES.depthLongThrow, width: 256, height: 256, payload, after: [POSE] });
    expect(((await json(frame)) as number[][]).flat()).toEqual(numbers);
  });

  test('lists of numbers become pictures and float32', async () => {
    const text = Buffer.from('[[[255,0,0],[0,0,255]]]');
    expect(await pixel(await convert(text, 'png', 'json'), 1, 0)).toEqual(BLUE);
    expect(await convert(Buffer.from('[[1,2],[3,4]]'), 'ndarray', 'json')).toEqual(floats(1, 2, 3, 4));
    expect(await json(floats(1, 2), 'ndarray')).toEqual([1, 2]);
  });
});

describe('what is converted, and what is not', () => {
  test('same hands the payload on, null drops it, whatever stream it is', async () => {
    const payload = Buffer.from('anything');
    expect(await convert(payload, 'same', null, 'any')).toEqual(payload);
    const dropped = { sid: 'any', payload, input: null, output: 'null', client: 'test' };
    expect(await conversions.convert(dropped)).toBeNull();
    expect(await conversions.convert({ ...dropped, input: 'null', output: 'jpg' })).toBeNull();
  });

  test.each(['main', 'glfCal', 'imumag', 'mic0', 'hand', 'eye', 'cam1:main'])(
    '%s is read as a headset’s',
    async (sid) => {
      expect((await convert(Buffer.from('[1]'), 'json', null, sid)).toString()).toBe('[1]');
    },
  );

  test.each([
    ['an unknown output', { output: 'gif' }, 'INVALID_PARAMETER', 'output "gif" is not one of'],
    ['an unknown input', { input: 'bmp' }, 'INVALID_PARAMETER', 'input "bmp" is not one of'],
    ['a stream of unknown content', { sid: 'mine' }, 'INVALID_PARAMETER', 'stream "mine"'],
    ['input same', { input: 'same' }, 'INVALID_PARAMETER', 'input same'],
    ['holo of something else', { input: 'png', output: 'holo' }, 'INVALID_PARAMETER', 'cannot be made of png'],
    ['a malformed frame', {}, 'INVALID_FRAME', 'type 97 is not known'],
    ['no picture', { input: 'jpg' }, 'INVALID_FRAME', 'no JPEG, PNG or WebP'],
    [
      'an SVG',
      { input: 'image', payload: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') },
      'INVALID_FRAME',
      'no JPEG',
    ],
    [
      'half a float',
      { input: 'ndarray', payload: Buffer.alloc(5), output: 'json' },
      'INVALID_FRAME',
      '5 bytes are no whole',
    ],
    [
      'numbers without a shape',
      { input: 'ndarray', payload: Buffer.alloc(8) },
      'INVALID_FRAME',
      'shape 2 are no picture',
    ],
    [
      'lists of unequal length',
      { input: 'json', payload: Buffer.from('[[1],[2,3]]') },
      'INVALID_FRAME',
      'differ in length',
    ],
    ['lists of text', { input: 'json', payload: Buffer.from('[["a"]]') }, 'INVALID_FRAME', 'a number is due at byte 2'],
    [
      'broken JSON',
      { input: 'json', output: 'json', payload: Buffer.from('{"a":') },
      'INVALID_FRAME',
      'cannot be parsed',
    ],
    [
      'JSON nested deep',
      { input: 'json', output: 'json', payload: Buffer.alloc(1e6, '[') },
      'INVALID_FRAME',
      'deeper than 64',
    ],
    ['too much', { payload: Buffer.alloc(16 * 1024 * 1024 + 1) }, 'MESSAGE_TOO_LARGE', 'more than the 16777216'],
  ])('%s is refused', async (_name, parts, code, message) => {
    const request = {
      sid: 'main',
      payload: Buffer.from('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
      input: null,
      output: 'jpg',
      client: 'test',
    };
    const refusal = conversions.convert({ ...request, ...parts });
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toMatchObject({ code });
  });

  test('a picture cut short, or declared larger than it may be, is refused; the next is converted', async () => {
    const whole = await halves('red', 'blue', 'jpeg');
    await expect(convert(whole.subarray(0, whole.length - 200), 'png', 'jpg')).rejects.toMatchObject({
      code: 'INVALID_FRAME',
    });
    const bomb = Buffer.from(await halves('red', 'blue'));
    bomb.writeUInt32BE(100_000, 16);
    bomb.writeUInt32BE(100_000, 20);
    await expect(convert(bomb, 'jpg', 'png')).rejects.toMatchObject({ code: 'INVALID_FRAME' });
    expect(await convert(whole, 'png', 'jpg')).toBeInstanceOf(Buffer);
  });
});
