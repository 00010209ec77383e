import { type Shape } from './shape.js';

const PERIOD_FRAMES = 120;

function discCentre(frame: number, shape: Shape): { x: number; y: number } {
  const angle = (2 * Math.PI * frame) / PERIOD_FRAMES;
  return { x: shape.width * (0.5 + 0.32 * Math.sin(angle)), y: shape.height * (0.5 + 0.32 * Math.sin(2 * angle)) };
}

/** Raw pixels of one frame of a moving test picture: a bright disc on its way over a drifting gradient. */
export function drawPicture(shape: Shape, frame: number): Uint8Array {
  const { width, height, channels } = shape;
  const pixels = new Uint8Array(width * height * channels);
  const centre = discCentre(frame, shape);
  const radius = Math.max(1, Math.min(width, height) * 0.14);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const down = (255 * y) / height;
    for (let x = 0; x < width; x++) {
      const across = (255 * ((x + frame * 2) % width)) / width;
      const isDisc = (x - centre.x) ** 2 + (y - centre.y) ** 2 < radius * radius;
      if (channels === 1) {
        pixels[at++] = isDisc ? 255 : (across + down) / 3;
        continue;
      }
      pixels[at++] = isDisc ? 255 : across / 2;
      pixels[at++] = isDisc ? 210 : down / 2;
      pixels[at++] = isDisc ? 60 : 90 + (across - down) / 4;
    }
  }
  return pixels;
}
