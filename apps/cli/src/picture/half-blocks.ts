/** Clears a terminal's screen and hides its cursor; and the opposite. */
export const SCREEN = {
  begin: '\u001B[2J\u001B[?25l',
  home: '\u001B[H',
  clearLine: '\u001B[K',
  end: '\u001B[0m\u001B[?25h\n',
} as const;

const UPPER_HALF = '▀';
const RESET = '\u001B[0m';

function colour(layer: 38 | 48, pixels: Uint8Array, at: number): string {
  return `\u001B[${layer};2;${pixels[at]};${pixels[at + 1]};${pixels[at + 2]}m`;
}

/** Lines of text that show pixels of red, green and blue: each character is one pixel above another. */
export function toHalfBlocks(pixels: Uint8Array, width: number, height: number): string[] {
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = '';
    let before = '';
    for (let x = 0; x < width; x++) {
      const top = (y * width + x) * 3;
      const bottom = y + 1 < height ? top + width * 3 : top;
      const colours = colour(38, pixels, top) + colour(48, pixels, bottom);
      line += colours === before ? UPPER_HALF : colours + UPPER_HALF;
      before = colours;
    }
    lines.push(line + RESET);
  }
  return lines;
}
