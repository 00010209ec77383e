import { NESTED, type Schema } from '../records/fields.js';
import { type RecordType } from '../records/record-type.js';

/** A record that was found within another value, with its type. */
export interface FoundRecord {
  readonly record: object;
  readonly type: RecordType;
}

/** Looks for the record of that id in records of a type and in those nested in them. */
export function findRecord(type: RecordType, records: readonly unknown[], id: string): FoundRecord | null {
  for (const record of records) {
    const found = inRecord(type, record, id);
    if (found !== null) return found;
  }
  return null;
}

function inRecord(type: RecordType, value: unknown, id: string): FoundRecord | null {
  if (!isObject(value)) return null;
  if (value['id'] === id) return type.omitFromLookup ? null : { record: value, type };
  return inMembers(type.fields, value, id);
}

function inMembers(
  schemas: Readonly<Record<string, Schema>>,
  value: Readonly<Record<string, unknown>>,
  id: string,
): FoundRecord | null {
  for (const [name, schema] of Object.entries(schemas)) {
    const found = inValue(schema, value[name], id);
    if (found !== null) return found;
  }
  return null;
}

function inValue(schema: Schema, value: unknown, id: string): FoundRecord | null {
  if (value === undefined || value === null) return null;
  const type = schema[NESTED];
  if (type !== undefined) return inRecord(type, value, id);
  if (schema.items !== undefined && Array.isArray(value))
    return first(value, (item) => inValue(schema.items as Schema, item, id));
  if (schema.anyOf !== undefined) return first(schema.anyOf, (branch) => inValue(branch, value, id));
  if (!isObject(value)) return null;
  if (schema.properties !== undefined) return inMembers(schema.properties, value, id);
  const [item] = Object.values(schema.patternProperties ?? {});
  return item === undefined ? null : first(Object.values(value), (member) => inValue(item, member, id));
}

function first<T>(items: readonly T[], find: (item: T) => FoundRecord | null): FoundRecord | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
