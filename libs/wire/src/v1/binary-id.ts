import { WireError, quoteValue } from '../wire-error.js';
import { readUint32, writeUint32 } from './frame.js';

/** Bytes of an id in a frame: u64 milliseconds, u64 sequence. */
export const ID_BYTES = 16;

const TWO_32 = 4294967296;
const ALL_ONES = 0xffffffff;
/** Digits that a double holds exactly. */
const EXACT_DIGITS = 15;
/** High words below this make numbers that a double holds exactly. */
const EXACT_HIGH = 0x200000;
const DIGIT_0 = 48;
const STAR = 42;

function invalidId(id: string): WireError {
  return new WireError('INVALID_ID', `${quoteValue(id)} is not an entry id`);
}

function writeU64(bytes: Uint8Array, at: number, id: string, from: number, to: number): void {
  if (to - from > EXACT_DIGITS || to <= from) {
    const digits = id.slice(from, to);
    if (!/^[0-9]{1,20}$/.test(digits) || BigInt(digits) >= 1n << 64n) throw invalidId(id);
    writeUint32(bytes, at, Number(BigInt(digits) >> 32n));
    writeUint32(bytes, at + 4, Number(BigInt(digits) & 0xffffffffn));
    return;
  }
  let value = 0;
  for (let index = from; index < to; index++) {
    const digit = id.charCodeAt(index) - DIGIT_0;
    if (digit < 0 || digit > 9) throw invalidId(id);
    value = value * 10 + digit;
  }
  writeUint32(bytes, at, value / TWO_32);
  writeUint32(bytes, at + 4, value);
}

function fill(bytes: Uint8Array, at: number): void {
  writeUint32(bytes, at, ALL_ONES);
  writeUint32(bytes, at + 4, ALL_ONES);
}

/**
 * Writes an id; null (the server gives it) and `<ms>-*` as all ones in place of the missing numbers.
 * @throws WireError `INVALID_ID`
 */
export function writeId(bytes: Uint8Array, at: number, id: string | null | undefined): void {
  if (id === null || id === undefined) {
    fill(bytes, at);
    writeUint32(bytes, at + 8, 0);
    writeUint32(bytes, at + 12, 0);
    return;
  }
  const dash = id.indexOf('-');
  if (dash < 0) throw invalidId(id);
  writeU64(bytes, at, id, 0, dash);
  if (dash + 2 === id.length && id.charCodeAt(dash + 1) === STAR) fill(bytes, at + 8);
  else writeU64(bytes, at + 8, id, dash + 1, id.length);
}

function readU64(bytes: Uint8Array, at: number): string {
  const high = readUint32(bytes, at);
  if (high >= EXACT_HIGH) return String((BigInt(high) << 32n) | BigInt(readUint32(bytes, at + 4)));
  return String(high * TWO_32 + readUint32(bytes, at + 4));
}

/** Entries of one frame share their millisecond often, and making its text is most of the work. */
let lastHigh = 0;
let lastLow = 0;
let lastMs = '0';

function readMs(bytes: Uint8Array, at: number): string {
  const high = readUint32(bytes, at);
  const low = readUint32(bytes, at + 4);
  if (low !== lastLow || high !== lastHigh) {
    lastMs = readU64(bytes, at);
    lastHigh = high;
    lastLow = low;
  }
  return lastMs;
}

function isAllOnes(bytes: Uint8Array, at: number): boolean {
  return readUint32(bytes, at) === ALL_ONES && readUint32(bytes, at + 4) === ALL_ONES;
}

/** Reads an id that names an entry. */
export function readId(bytes: Uint8Array, at: number): string {
  return `${readMs(bytes, at)}-${readU64(bytes, at + 8)}`;
}

/** Reads an id of a push: null where the server gives it, `<ms>-*` where it numbers within the millisecond. */
export function readPushId(bytes: Uint8Array, at: number): string | null {
  if (isAllOnes(bytes, at)) return null;
  if (isAllOnes(bytes, at + 8)) return `${readMs(bytes, at)}-*`;
  const id = readId(bytes, at);
  if (id === '0-0') throw new WireError('INVALID_ID', 'an entry cannot have the id 0-0');
  return id;
}
