import { describe, expect, it } from '@jest/globals';
import { UsageError } from '../exit.js';
import { drawPicture } from './draw.js';
import { describePicture, encodePicture, scalePicture } from './encode.js';
import { toHalfBlocks } from './half-blocks.js';
import { parseShape } from './shape.js';

describe('a shape', () => {
  it.each([
    ['[700,700,3]', { height: 700, width: 700, channels: 3 }],
    ['[400, 200]', { height: 400, width: 200, channels: 1 }],
    ['400,200,1', { height: 400, width: 200, channels: 1 }],
    ['400x200', { height: 400, width: 200, channels: 1 }],
  ])('can be written %s', (text, shape) => expect(parseShape(text)).toEqual(shape));

  it.each(['', '[]', '700', '[700]', '[0,5]', '[5,5,4]', '[5,5,3,1]', '[a,b]', '[1.5,2]', '[9000,1]', '[5,,3]'])(
    'cannot be %j',
    (text) => expect(() => parseShape(text)).toThrow(UsageError),
  );
});

describe('the test picture', () => {
  it.each([1, 3] as const)(
    'has the shape asked for (%i colours), moves, and comes back as a file',
    async (channels) => {
      const shape = { height: 20, width: 30, channels };
      expect(drawPicture(shape, 0)).toHaveLength(600 * channels);
      expect(drawPicture(shape, 0)).not.toEqual(drawPicture(shape, 10));
      expect(await describePicture(await encodePicture(shape, 0))).toEqual({ width: 30, height: 20, format: 'jpeg' });
      expect(await describePicture(await encodePicture(shape, 0, 'png'))).toMatchObject({ format: 'png' });
    },
  );

  it('is scaled into a box for the terminal', async () => {
    const picture = await encodePicture({ height: 100, width: 200, channels: 1 }, 0);
    const { pixels, width, height } = await scalePicture(picture, 80, 60);
    expect([width, height, pixels.length]).toEqual([80, 40, 80 * 40 * 3]);
    expect(toHalfBlocks(pixels, width, height)).toHaveLength(20);
  });

  it('that is none is not described', async () => {
    expect(await describePicture(Uint8Array.of(1, 2, 3))).toBeNull();
  });
});

it('half blocks show two pixels a character, and an odd last line', () => {
  const red = [255, 0, 0];
  const blue = [0, 0, 255];
  const lines = toHalfBlocks(Uint8Array.from([...red, ...red, ...blue, ...blue, ...red, ...red]), 2, 3);
  expect(lines).toEqual([
    '\u001B[38;2;255;0;0m\u001B[48;2;0;0;255m▀▀\u001B[0m',
    '\u001B[38;2;255;0;0m\u001B[48;2;255;0;0m▀▀\u001B[0m',
  ]);
});
