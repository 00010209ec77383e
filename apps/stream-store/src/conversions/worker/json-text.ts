import { JsonScanner } from './json-scanner.js';
import { BadData, type NumberBlock } from './tasks.js';

const MAX_DIMENSIONS = 8;
const FIRST_CAPACITY = 4_096;

/** @throws BadData for what is no JSON text, or is nested deeper than 64 lists and objects */
export function assertJson(bytes: Uint8Array): void {
  const scanner = new JsonScanner(bytes);
  scanner.skipValue();
  scanner.assertEnd();
}

/** Nested lists of numbers as a block. @throws BadData for lists that differ in length, and for anything but numbers */
export function blockOfJson(bytes: Uint8Array): NumberBlock {
  return new BlockReader(new JsonScanner(bytes)).read();
}

class BlockReader {
  private readonly scanner: JsonScanner;
  /** Lengths of the lists, the outermost first; known once the first of each depth has ended. */
  private readonly shape: (number | null)[] = [];
  private numbers = new Float32Array(FIRST_CAPACITY);
  private count = 0;

  constructor(scanner: JsonScanner) {
    this.scanner = scanner;
  }

  read(): NumberBlock {
    if (!this.scanner.beginsList()) throw new BadData('JSON text is no list of numbers');
    this.readList(0);
    this.scanner.assertEnd();
    const numbers = this.numbers.slice(0, this.count);
    return { type: 'f32', bytes: new Uint8Array(numbers.buffer), shape: this.shape.map((length) => length ?? 0) };
  }

  /** The members of a list that has begun. */
  private readList(depth: number): void {
    if (depth >= MAX_DIMENSIONS) throw new BadData(`JSON lists are nested deeper than ${MAX_DIMENSIONS}`);
    // Lists of this depth come first here: how many there are below is not known yet.
    if (depth === this.shape.length) {
      if (this.count > 0) throw new BadData('JSON lists differ: some members are numbers and some are lists');
      this.shape.push(null);
    }
    let length = 0;
    for (; this.scanner.hasMember(length === 0); length++) {
      if (this.scanner.beginsList()) this.readList(depth + 1);
      else this.readNumber(depth);
    }
    const due = this.shape[depth] ?? length;
    if (due !== length) {
      throw new BadData(`JSON lists differ in length: one at depth ${depth + 1} does not have ${due} members`);
    }
    this.shape[depth] = length;
  }

  private readNumber(depth: number): void {
    if (depth !== this.shape.length - 1)
      throw new BadData('JSON lists differ: some members are numbers and some are lists');
    if (this.count === this.numbers.length) {
      const larger = new Float32Array(this.numbers.length * 2);
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers[this.count++] = this.scanner.number();
  }
}
