import { type Faults } from './faults.js';

const INTEGER_TEXT = /^\s*[+-]?\d+(_\d+)*(\.0+)?\s*$/;
const TRUE_TEXTS = new Set(['true', 't', 'yes', 'y', 'on', '1']);
const FALSE_TEXTS = new Set(['false', 'f', 'no', 'n', 'off', '0']);

/** A text; numbers become texts. */
export function readText(value: unknown, faults: Faults): string | null {
  if (typeof value === 'string') return value;
  // A number that cannot be told from its neighbours would become another text than the one that was sent.
  if (
    typeof value === 'number' &&
    (Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value)))
  ) {
    return String(value);
  }
  const hint = typeof value === 'number' ? ': the number is too large to be kept exactly, send it as text' : '';
  faults.add('string_type', `Input should be a valid string${hint}`, value);
  return null;
}

/** A whole number; digits in a text, numbers with nothing behind the point, true and false are taken too. */
export function readInteger(value: unknown, faults: Faults): number | null {
  if (typeof value === 'number') return wholeNumber(value, value, faults);
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string') {
    if (INTEGER_TEXT.test(value)) return wholeNumber(Number(value.replaceAll('_', '')), value, faults);
    faults.add('int_parsing', 'Input should be a valid integer, unable to parse string as an integer', value);
    return null;
  }
  faults.add('int_type', 'Input should be a valid integer', value);
  return null;
}

/** A number; texts of numbers, true and false are taken too. */
export function readNumber(value: unknown, faults: Faults): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'boolean') return Number(number);
  if (typeof number !== 'number') {
    faults.add('float_type', 'Input should be a valid number', value);
    return null;
  }
  if (Number.isFinite(number)) return number;
  if (Number.isNaN(number)) {
    faults.add('float_parsing', 'Input should be a valid number, unable to parse string as a number', value);
  } else faults.add('finite_number', 'Input should be a finite number', value);
  return null;
}

/** True or false; the usual words and 1 and 0 are taken too. */
export function readBoolean(value: unknown, faults: Faults): boolean | null {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).toLowerCase() : null;
  if (text !== null && TRUE_TEXTS.has(text)) return true;
  if (text !== null && FALSE_TEXTS.has(text)) return false;
  if (text === null) faults.add('bool_type', 'Input should be a valid boolean', value);
  else faults.add('bool_parsing', 'Input should be a valid boolean, unable to interpret input', value);
  return null;
}

/**
 * Any JSON. Numbers beyond what a double holds are refused, at any depth: they could not be written again. So is whatever else a module
 * may have in its hands, such as a date or a function.
 */
export function readAny(value: unknown, faults: Faults): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return readNumber(value, faults);
  if (!isOfJson(value)) {
    faults.add(
      'json_type',
      'Input should be JSON: a text, a number, a truth value, null, a list or a plain object',
      null,
    );
    return null;
  }
  if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      faults.enter(Array.isArray(value) ? Number(name) : name);
      readAny(member, faults);
      faults.leave();
      if (faults.isFull) break;
    }
  }
  return value;
}

function isOfJson(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return !['bigint', 'function', 'symbol'].includes(typeof value);
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function wholeNumber(number: number, value: unknown, faults: Faults): number | null {
  if (Number.isSafeInteger(number)) return number === 0 ? 0 : number;
  if (!Number.isFinite(number)) faults.add('finite_number', 'Input should be a finite number', value);
  else if (Number.isInteger(number)) {
    faults.add('int_parsing_size', 'Input should be an integer that a double holds exactly', value);
  } else {
    const msg = 'Input should be a valid integer, got a number with a fractional part';
    faults.add('int_from_float', msg, value);
  }
  return null;
}
