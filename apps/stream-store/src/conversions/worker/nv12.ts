import { type Nv12Pixels } from './tasks.js';

/** RGB of NV12 pixels, by the matrix of BT.601 in studio range, as cameras of headsets mean it. */
export function nv12ToRgb({ bytes, width, height, rowBytes }: Nv12Pixels): Uint8Array {
  const rgb = new Uint8ClampedArray(width * height * 3);
  let to = 0;
  for (let row = 0; row < height; row++) {
    const colours = rowBytes * height + rowBytes * (row >> 1);
    for (let column = 0; column < width; column++) {
      const y = 1.164 * ((bytes[row * rowBytes + column] ?? 0) - 16);
      const at = colours + (column & ~1);
      const u = (bytes[at] ?? 128) - 128;
      const v = (bytes[at + 1] ?? 128) - 128;
      rgb[to++] = y + 1.596 * v;
      rgb[to++] = y - 0.813 * v - 0.391 * u;
      rgb[to++] = y + 2.018 * u;
    }
  }
  return new Uint8Array(rgb.buffer);
}

/** NV12 of RGB pixels, the reverse of {@link nv12ToRgb}; colour is taken from the upper left of each four pixels. */
export function rgbToNv12(rgb: Uint8Array, sourceWidth: number, sourceHeight: number): Uint8Array {
  const width = sourceWidth & ~1;
  const height = sourceHeight & ~1;
  const out = new Uint8ClampedArray((width * height * 3) / 2);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * sourceWidth + column) * 3;
      const [r, g, b] = [rgb[from] ?? 0, rgb[from + 1] ?? 0, rgb[from + 2] ?? 0];
      out[row * width + column] = 16 + 0.257 * r + 0.504 * g + 0.098 * b;
      if ((row | column) & 1) continue;
      const to = width * height + (row >> 1) * width + column;
      out[to] = 128 - 0.148 * r - 0.291 * g + 0.439 * b;
      out[to + 1] = 128 + 0.439 * r - 0.368 * g - 0.071 * b;
    }
  }
  return new Uint8Array(out.buffer);
}
