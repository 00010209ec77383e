import sharp from 'sharp';
import { drawPicture } from './draw.js';
import { type PictureFormat, type Shape } from './shape.js';

// A device shall not take the machine from what it watches.
sharp.concurrency(1);

/** One frame of the test picture as a file. */
export function encodePicture(shape: Shape, frame: number, format: PictureFormat = 'jpeg'): Promise<Uint8Array> {
  const { width, height, channels } = shape;
  return sharp(drawPicture(shape, frame), { raw: { width, height, channels } })
    .toFormat(format, { quality: 80 })
    .toBuffer();
}

/** Size and kind of a picture, or null when the bytes are none. */
export async function describePicture(
  picture: Uint8Array,
): Promise<{ width: number; height: number; format: string } | null> {
  try {
    const { width, height, format } = await sharp(picture).metadata();
    return { width, height, format };
  } catch {
    return null;
  }
}

/** The picture as pixels of red, green and blue, no larger than a box, its sides in proportion. */
export async function scalePicture(
  picture: Uint8Array,
  maxWidth: number,
  maxHeight: number,
): Promise<{ pixels: Uint8Array; width: number; height: number }> {
  const { data, info } = await sharp(picture)
    .resize(maxWidth, maxHeight, { fit: 'inside', kernel: 'nearest' })
    .flatten()
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { pixels: data, width: info.width, height: info.height };
}
