import { BadData, countOf, type NumberBlock } from './tasks.js';

type Numbers = Uint8Array | Uint16Array | Float32Array;

/** The block's bytes as numbers; they begin at the start of a buffer of their own. */
function numbersOf({ type, bytes, shape }: NumberBlock): Numbers {
  const count = countOf(shape);
  if (type === 'u8') return bytes.subarray(0, count);
  if (type === 'u16') return new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  return new Float32Array(bytes.buffer, bytes.byteOffset, count);
}

/** The numbers as float32, little-endian. */
export function toFloats(block: NumberBlock): Uint8Array {
  return new Uint8Array(Float32Array.from(numbersOf(block)).buffer);
}

/** The numbers as bytes, clamped to 0 to 255, or stretched from their smallest and largest to that. */
export function toPixels(block: NumberBlock, stretches: boolean): Uint8Array {
  const numbers = numbersOf(block);
  if (!stretches) return new Uint8Array(Uint8ClampedArray.from(numbers).buffer);
  let [least, most] = [Infinity, -Infinity];
  for (const number of numbers) {
    if (number < least) least = number;
    if (number > most) most = number;
  }
  const scale = most > least ? 255 / (most - least) : 0;
  return new Uint8Array(Uint8ClampedArray.from(numbers, (number) => (number - least) * scale).buffer);
}

const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
/** Characters of the longest float32 that JavaScript writes. */
const LONGEST_FLOAT = 26;

/**
 * JSON text of nested lists. What JSON has no number for (not a number, infinite) is null.
 * @param maxBytes @throws BadData when the text would be longer
 */
export function toJson(block: NumberBlock, maxBytes: number): Uint8Array {
  const writer = new JsonWriter(numbersOf(block), block.shape, maxBytes);
  return writer.write();
}

class JsonWriter {
  private out = Buffer.allocUnsafeSlow(64 * 1024);
  private length = 0;
  private next = 0;
  private readonly numbers: Numbers;
  private readonly shape: readonly number[];
  private readonly maxBytes: number;

  constructor(numbers: Numbers, shape: readonly number[], maxBytes: number) {
    this.numbers = numbers;
    this.shape = shape;
    this.maxBytes = maxBytes;
  }

  write(): Uint8Array {
    this.writeList(0);
    // Its own buffer, so that it can be handed over.
    return Uint8Array.prototype.slice.call(this.out, 0, this.length);
  }

  private writeList(depth: number): void {
    const count = this.shape[depth] ?? 0;
    this.makeRoom();
    this.out[this.length++] = OPEN;
    for (let index = 0; index < count; index++) {
      if (index > 0) this.out[this.length++] = COMMA;
      if (depth < this.shape.length - 1) this.writeList(depth + 1);
      else this.writeNumber(this.numbers[this.next++] ?? 0);
    }
    this.makeRoom();
    this.out[this.length++] = CLOSE;
  }

  private writeNumber(number: number): void {
    this.makeRoom();
    // Pixels, by far the most of all numbers.
    if (number >= 0 && number < 1_000 && Number.isInteger(number)) {
      if (number >= 100) this.out[this.length++] = 0x30 + Math.trunc(number / 100);
      if (number >= 10) this.out[this.length++] = 0x30 + (Math.trunc(number / 10) % 10);
      this.out[this.length++] = 0x30 + (number % 10);
      return;
    }
    const text = Number.isFinite(number) ? String(number) : 'null';
    this.length += this.out.write(text, this.length, 'latin1');
  }

  /** For a number, a comma and a bracket. */
  private makeRoom(): void {
    if (this.length + LONGEST_FLOAT + 2 <= this.out.length) return;
    if (this.length > this.maxBytes) throw new BadData(`the JSON text would be longer than ${this.maxBytes} bytes`);
    const larger = Buffer.allocUnsafeSlow(this.out.length * 2);
    this.out.copy(larger, 0, 0, this.length);
    this.out = larger;
  }
}
