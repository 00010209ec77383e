import { assertName } from '@sluice/wire';
import { ParameterError, type ParameterFault } from '../dialect/parameters.js';
import { readJsonObject, type JsonObject } from '../ptg/json-body.js';
import { refusing } from '../streams/refusing.js';
import { type Collection, type FieldKind } from './collections.js';

/** Longest body of a document. */
const MAX_DOCUMENT_BYTES = 64 * 1024;
const MAX_TEXTS = 1_000;
/** Stands for a search in paths. */
const SEARCH = 'q';

/** A document as a client sent it: fields as JSON; what it did not send, or sent as null, is not among them. */
export interface DocumentBody {
  readonly id: string | null;
  readonly fields: Map<string, string>;
}

/**
 * Reads the document in a body; fields that documents of the collection do not have are dropped.
 * @throws ParameterError naming every fault; SluiceError `MESSAGE_TOO_LARGE`, `INVALID_NAME`
 */
export function readDocument(body: unknown, collection: Collection, isNew: boolean): DocumentBody {
  const object = readJsonObject(body, MAX_DOCUMENT_BYTES);
  const faults: ParameterFault[] = [];
  const fields = new Map<string, string>();
  for (const [name, { kind, fallback }] of collection.fields) {
    const value = object[name];
    if (value === undefined || value === null || kind === 'time') {
      if (!isNew || kind === 'time') continue;
      if (fallback === undefined) faults.push(faultAt([name], 'field required', 'value_error.missing'));
      else fields.set(name, fallback);
      continue;
    }
    const known = READERS[kind](value, [name], faults);
    if (known !== null) fields.set(name, JSON.stringify(known));
  }
  const id = isNew ? readId(object, collection, faults) : null;
  if (faults.length > 0) throw new ParameterError(faults);
  return { id, fields };
}

/** @throws SluiceError `INVALID_NAME` for what can be no id */
export function assertId(id: string, noun: string): string {
  refusing(() => assertName(id, `${noun} id`));
  return id;
}

function readId(object: JsonObject, { noun }: Collection, faults: ParameterFault[]): string | null {
  const name = Object.hasOwn(object, '_id') ? '_id' : 'id';
  const value = object[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' || value === SEARCH) {
    faults.push(faultAt([name], `value is not an id of a ${noun}: a text other than "${SEARCH}"`, 'type_error.str'));
    return null;
  }
  return assertId(value, noun);
}

type Path = readonly (string | number)[];

const READERS: Record<Exclude<FieldKind, 'time'>, (value: unknown, at: Path, faults: ParameterFault[]) => unknown> = {
  text: readText,
  texts: readTexts,
  integer: readInteger,
};

/** A text; numbers are taken for one, as the original does. */
function readText(value: unknown, at: Path, faults: ParameterFault[]): string | null {
  if (typeof value === 'string' && value.isWellFormed()) return value;
  if (typeof value === 'number') return String(value);
  faults.push(faultAt(at, 'str type expected', 'type_error.str'));
  return null;
}

function readTexts(value: unknown, at: Path, faults: ParameterFault[]): string[] | null {
  if (!Array.isArray(value)) {
    faults.push(faultAt(at, 'value is not a valid list', 'type_error.list'));
    return null;
  }
  if (value.length > MAX_TEXTS) {
    const limit = { limit_value: MAX_TEXTS };
    const msg = `ensure this value has at most ${MAX_TEXTS} items`;
    faults.push({ ...faultAt(at, msg, 'value_error.list.max_items'), ctx: limit });
    return null;
  }
  return value.map((item, index) => readText(item, [...at, index], faults) ?? '');
}

function readInteger(value: unknown, at: Path, faults: ParameterFault[]): number | null {
  const number = typeof value === 'string' && /^\s*[+-]?\d{1,15}\s*$/.test(value) ? Number(value) : value;
  if (Number.isSafeInteger(number)) return number as number;
  faults.push(faultAt(at, 'value is not a valid integer', 'type_error.integer'));
  return null;
}

function faultAt(at: Path, msg: string, type: string): ParameterFault {
  return { loc: ['body', ...at], msg, type };
}
