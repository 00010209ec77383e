import { BadData, type NumberBlock } from './tasks.js';

const MAX_DEPTH = 64;
const MAX_DIMENSIONS = 8;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** @throws BadData for what is no JSON text, or is nested deeper than 64 lists and objects */
export function parseJson(bytes: Uint8Array): unknown {
  assertShallow(bytes);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new BadData('JSON text is not UTF-8');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new BadData(`JSON text cannot be parsed: ${(error as Error).message}`);
  }
}

/** Brackets outside strings are counted before anything is built of them. */
function assertShallow(bytes: Uint8Array): void {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === 0x5b || byte === 0x7b) depth += 1;
    else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    if (depth > MAX_DEPTH) throw new BadData(`JSON text is nested deeper than ${MAX_DEPTH} lists and objects`);
  }
}

/** Nested lists of numbers as a block. @throws BadData for lists that differ in length, and for anything but numbers */
export function blockOfJson(bytes: Uint8Array): NumberBlock {
  const value = parseJson(bytes);
  const shape: number[] = [];
  for (let list = value; Array.isArray(list); list = list[0] as unknown) {
    shape.push(list.length);
    if (shape.length > MAX_DIMENSIONS) throw new BadData(`JSON lists are nested deeper than ${MAX_DIMENSIONS}`);
  }
  if (shape.length === 0) throw new BadData('JSON text is no list of numbers');
  const numbers: number[] = [];
  flatten(value, shape, 0, numbers);
  return { type: 'f32', bytes: new Uint8Array(Float32Array.from(numbers).buffer), shape };
}

function flatten(value: unknown, shape: readonly number[], depth: number, into: number[]): void {
  if (depth === shape.length) {
    if (typeof value !== 'number') throw new BadData(`a JSON list holds ${typeOf(value)} where numbers are due`);
    into.push(value);
    return;
  }
  if (!Array.isArray(value) || value.length !== shape[depth]) {
    throw new BadData(`JSON lists differ in length: one at depth ${depth + 1} does not have ${shape[depth]} members`);
  }
  for (const member of value) flatten(member, shape, depth + 1, into);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
