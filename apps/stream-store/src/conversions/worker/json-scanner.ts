import { isUtf8 } from 'node:buffer';
import { BadData } from './tasks.js';

const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const MINUS = 0x2d;
const ESCAPED = new Set([...Buffer.from('"\\/bfnrt')]);
const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word));

/**
 * Reads JSON text without building anything of it: values of a few bytes take fifty times as much memory once they are parsed, and a
 * thread that runs out of memory takes the whole process with it.
 */
export class JsonScanner {
  private at = 0;
  private readonly bytes: Uint8Array;

  /** @throws BadData for what is not UTF-8 */
  constructor(bytes: Uint8Array) {
    if (!isUtf8(bytes)) throw new BadData('JSON text is not UTF-8');
    this.bytes = bytes;
  }

  /** Whether the next value is a list, which is then begun. */
  beginsList(): boolean {
    this.skipSpace();
    if (this.bytes[this.at] !== OPEN_LIST) return false;
    this.at += 1;
    return true;
  }

  /** Whether a list that has begun has another member; `isFirst` before its first. @throws BadData */
  hasMember(isFirst: boolean): boolean {
    this.skipSpace();
    const byte = this.bytes[this.at];
    if (byte === CLOSE_LIST) {
      this.at += 1;
      return false;
    }
    if (isFirst) return true;
    if (byte !== COMMA) throw this.fault('a comma or the end of a list');
    this.at += 1;
    return true;
  }

  /** @throws BadData for anything but a number */
  number(): number {
    this.skipSpace();
    const start = this.at;
    if (!this.skipNumber()) throw this.fault('a number');
    return Number(Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, this.at - start).toString('latin1'));
  }

  /** Passes one value over, whatever it is. @throws BadData */
  skipValue(depth = 1): void {
    if (depth > MAX_DEPTH) throw new BadData(`JSON text is nested deeper than ${MAX_DEPTH} lists and objects`);
    if (this.beginsList()) {
      for (let isFirst = true; this.hasMember(isFirst); isFirst = false) this.skipValue(depth + 1);
      return;
    }
    const byte = this.bytes[this.at];
    if (byte === OPEN_OBJECT) this.skipObject(depth);
    else if (byte === QUOTE) this.skipString();
    else if (!this.skipWord() && !this.skipNumber()) throw this.fault('a value');
  }

  /** @throws BadData when anything but space is left */
  assertEnd(): void {
    this.skipSpace();
    if (this.at < this.bytes.length) throw this.fault('the end');
  }

  private skipObject(depth: number): void {
    this.at += 1;
    for (let isFirst = true; ; isFirst = false) {
      this.skipSpace();
      const byte = this.bytes[this.at];
      if (byte === CLOSE_OBJECT && isFirst) break;
      if (byte !== QUOTE) throw this.fault('the name of a member');
      this.skipString();
      this.skipSpace();
      if (this.bytes[this.at++] !== COLON) throw this.fault('a colon');
      this.skipValue(depth + 1);
      this.skipSpace();
      if (this.bytes[this.at] === CLOSE_OBJECT) break;
      if (this.bytes[this.at++] !== COMMA) throw this.fault('a comma or the end of an object');
    }
    this.at += 1;
  }

  private skipString(): void {
    for (this.at += 1; ; this.at += 1) {
      const byte = this.bytes[this.at];
      if (byte === undefined || byte < 0x20) throw this.fault('the end of a text');
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) this.skipEscape();
    }
    this.at += 1;
  }

  /** Leaves the position at the last byte of the escape. */
  private skipEscape(): void {
    this.at += 1;
    const byte = this.bytes[this.at] ?? 0;
    if (ESCAPED.has(byte)) return;
    if (byte !== 0x75) throw this.fault('an escape');
    for (let digit = 0; digit < 4; digit++) {
      this.at += 1;
      if (!isHexDigit(this.bytes[this.at] ?? 0)) throw this.fault('four hexadecimal digits');
    }
  }

  private skipWord(): boolean {
    const word = WORDS.find((known) => known.every((byte, index) => this.bytes[this.at + index] === byte));
    this.at += word?.length ?? 0;
    return word !== undefined;
  }

  private skipNumber(): boolean {
    if (this.bytes[this.at] === MINUS) this.at += 1;
    const first = this.at;
    const digits = this.skipDigits();
    if (digits === 0 || (digits > 1 && this.bytes[first] === 0x30)) return false;
    if (this.bytes[this.at] === 0x2e) {
      this.at += 1;
      if (this.skipDigits() === 0) return false;
    }
    if (((this.bytes[this.at] ?? 0) | 0x20) !== 0x65) return true;
    this.at += 1;
    if ([0x2b, MINUS].includes(this.bytes[this.at] ?? 0)) this.at += 1;
    return this.skipDigits() > 0;
  }

  private skipDigits(): number {
    const start = this.at;
    while (isDigit(this.bytes[this.at] ?? 0)) this.at += 1;
    return this.at - start;
  }

  private skipSpace(): void {
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.at += 1;
    }
  }

  private fault(due: string): BadData {
    const where = Math.min(this.at, this.bytes.length);
    return new BadData(`JSON text cannot be parsed: ${due} is due at byte ${where}`);
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}
