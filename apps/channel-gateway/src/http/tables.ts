import { type Schema } from '../records/fields.js';
import { NESTED } from '../records/fields.js';
import { type RecordType } from '../records/record-type.js';
import { plainOf } from '../state/attributes.js';

/** Columns of a table of records, by name: nested objects flattened with dots, lists as their items, maps as text. */
export function columnsOf(type: RecordType): Record<string, string> {
  return Object.fromEntries([
    ['id', 'string'],
    ['timestamp', 'datetime'],
    ...Object.entries(type.fields).flatMap(([name, schema]) => columns(name, schema)),
  ]);
}

function columns(name: string, declared: Schema): [string, string][] {
  const schema = plainOf(declared);
  const nested = schema[NESTED];
  if (nested !== undefined) {
    return Object.entries(columnsOf(nested)).map(([inner, kind]) => [`${name}.${inner}`, kind]);
  }
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([inner, member]) => columns(`${name}.${inner}`, member));
  }
  if (schema.type === 'array') return columns(name, schema.items ?? ({ type: 'string' } as Schema));
  return [[name, kindOf(schema)]];
}

const KIND_BY_FORMAT: Readonly<Record<string, string>> = { 'date-time': 'datetime', date: 'date' };
const KIND_BY_TYPE: Readonly<Record<string, string>> = { integer: 'integer', number: 'float', boolean: 'boolean' };

function kindOf({ type = '', format = '' }: Schema): string {
  return KIND_BY_FORMAT[format] ?? KIND_BY_TYPE[type] ?? 'string';
}
