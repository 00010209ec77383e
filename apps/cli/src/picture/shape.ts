import { UsageError } from '../exit.js';

/** Height, width and colours of a picture. */
export interface Shape {
  readonly height: number;
  readonly width: number;
  /** 1: grey, 3: red, green, blue. */
  readonly channels: 1 | 3;
}

/** File formats of pictures. */
export const PICTURE_FORMATS = ['jpeg', 'png', 'webp'] as const;
/** File formats of pictures. */
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

const MAX_SIDE = 8192;

/**
 * Reads `[height,width,channels]` or `[height,width]` (grey), brackets or not.
 * @throws UsageError
 */
export function parseShape(text: string): Shape {
  const numbers = text
    .replace(/^\[(.*)\]$/, '$1')
    .split(/[,x]/)
    .map((part) => Number(part.trim() || Number.NaN));
  const [height, width, channels = 1] = numbers;
  const isSide = (side: number | undefined): side is number =>
    side !== undefined && Number.isInteger(side) && side >= 1 && side <= MAX_SIDE;
  if (numbers.length <= 3 && isSide(height) && isSide(width) && (channels === 1 || channels === 3)) {
    return { height, width, channels };
  }
  throw new UsageError(
    `"${text}" is not a shape: give [height,width,3] for colour or [height,width] for grey, sides from 1 to ${MAX_SIDE}`,
  );
}
