const CLASSES = [4 * 1024, 16 * 1024, 64 * 1024, 256 * 1024] as const;
const LARGEST = CLASSES.length - 1;
/** Free memory that is kept for the next reads. */
const MAX_FREE_BYTES = 16 * 1024 * 1024;

/** Memory for reads, used again as soon as what was read has been passed on: a busy pipe makes no garbage. */
export class ReadBuffers {
  readonly #free: Uint8Array[][] = CLASSES.map(() => []);
  #freeBytes = 0;

  take(sizeClass: number): Uint8Array {
    const kept = this.#free[sizeClass]?.pop();
    if (kept === undefined) return Buffer.allocUnsafeSlow(CLASSES[sizeClass] ?? CLASSES[0]);
    this.#freeBytes -= kept.length;
    return kept;
  }

  /** Nothing may read or write these bytes any more. */
  give(buffer: Uint8Array): void {
    if (this.#freeBytes + buffer.length > MAX_FREE_BYTES) return;
    this.#free[CLASSES.indexOf(buffer.length as (typeof CLASSES)[number])]?.push(buffer);
    this.#freeBytes += buffer.length;
  }
}

/** The size class for the read after one that got `count` bytes into a buffer of class `sizeClass`. */
export function nextSizeClass(sizeClass: number, count: number): number {
  if (count === CLASSES[sizeClass]) return Math.min(sizeClass + 1, LARGEST);
  const fitting = CLASSES.findIndex((size) => count < size);
  return fitting < 0 ? LARGEST : fitting;
}
