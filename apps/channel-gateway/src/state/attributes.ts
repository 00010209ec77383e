import { ENUMERATION, MEMBERS, NESTED, type Enumeration, type Schema } from '../records/fields.js';
import { type RecordType } from '../records/record-type.js';

/** What values of an attribute are compared as. Lists, maps and objects have no order: they are not compared. */
export type AttributeKind =
  'integer' | 'number' | 'boolean' | 'text' | 'timestamp' | 'date' | 'time' | 'list' | 'object';

/** One attribute of a record type, that a query may name by its path. */
export interface Attribute {
  readonly path: string;
  readonly kind: AttributeKind;
  /** Of a list: what its items are. */
  readonly items: AttributeKind | null;
  /** Names of an enumeration's members and what stands for each on the wire; null for what is none. */
  readonly members: Enumeration | null;
  /** How SQL names the attribute of the struct column `r`. */
  readonly column: string;
}

/** How DuckDB lays out the records of a type: the structure for `from_json`, and the attributes in it. */
export interface Layout {
  /** JSON text that `from_json` takes. */
  readonly structure: string;
  /** By path; dots lead into nested objects. */
  readonly attributes: ReadonlyMap<string, Attribute>;
}

const SQL_TYPES: Readonly<Record<Exclude<AttributeKind, 'list' | 'object'>, string>> = {
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  text: 'VARCHAR',
  timestamp: 'TIMESTAMP',
  date: 'DATE',
  time: 'TIME',
};
const KIND_BY_FORMAT: Readonly<Record<string, AttributeKind>> = {
  'date-time': 'timestamp',
  date: 'date',
  time: 'time',
  duration: 'number',
};
const KIND_BY_TYPE: Readonly<Record<string, AttributeKind>> = {
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  string: 'text',
  array: 'list',
};
const STAMP: readonly (readonly [string, Schema])[] = [
  ['id', { type: 'string' } as Schema],
  ['timestamp', { type: 'string', format: 'date-time' } as Schema],
];

/** The layout of a record type. */
export function layoutOf(type: RecordType): Layout {
  const attributes = new Map<string, Attribute>();
  const structure = structureOf(membersOf(type), [], attributes);
  return { structure: JSON.stringify(structure), attributes };
}

/** An identifier as SQL takes it, whatever is in it. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function membersOf({ fields }: RecordType): (readonly [string, Schema])[] {
  return [...STAMP, ...Object.entries(fields)];
}

function structureOf(
  members: readonly (readonly [string, Schema])[],
  path: readonly string[],
  attributes: Map<string, Attribute>,
): Record<string, unknown> {
  const taken = new Set<string>();
  const structure: Record<string, unknown> = {};
  for (const [name, schema] of members) {
    // SQL does not tell names apart by case: of two such fields the first can be asked for.
    const folded = name.toLowerCase();
    if (name === '' || taken.has(folded)) continue;
    taken.add(folded);
    structure[name] = memberOf(plainOf(schema), [...path, name], attributes);
  }
  return structure;
}

function memberOf(schema: Schema, path: readonly string[], attributes: Map<string, Attribute>): unknown {
  const nested = schema[NESTED];
  const inner = nested === undefined ? Object.entries(schema.properties ?? {}) : membersOf(nested);
  const kind = kindOf(schema);
  const items = kind === 'list' ? kindOf(plainOf(schema.items ?? ({} as Schema))) : null;
  const column = ['r', ...path.map(quoted)].join('.');
  const members = schema[ENUMERATION] ?? schema[MEMBERS] ?? null;
  const isByName = schema[MEMBERS] !== undefined;
  const onWire =
    members !== null && isByName ? Object.fromEntries(Object.keys(members).map((name) => [name, name])) : members;
  attributes.set(path.join('.'), {
    path: path.join('.'),
    kind,
    items,
    members: isByName ? namesAndValues(members, onWire) : onWire,
    column,
  });
  if (kind === 'object') return inner.length > 0 ? structureOf(inner, path, attributes) : 'JSON';
  if (kind !== 'list') return SQL_TYPES[kind];
  return items === null || items === 'list' || items === 'object' ? 'JSON' : [SQL_TYPES[items]];
}

/** Where names stand on the wire, a member's value is another word for it. */
function namesAndValues(members: Enumeration | null, onWire: Enumeration | null): Enumeration {
  const byValue = Object.entries(members ?? {}).map(([name, value]) => [String(value), name]);
  return { ...Object.fromEntries(byValue), ...onWire };
}

/** A union with null is what it is a union of. */
export function plainOf(schema: Schema): Schema {
  const branches = (schema.anyOf ?? []).filter(({ type }) => type !== 'null');
  return branches.length === 1 ? (branches[0] as Schema) : schema;
}

function kindOf(schema: Schema): AttributeKind {
  const { type = '', format = '', enum: values } = schema;
  if (schema[NESTED] !== undefined) return 'object';
  if (values !== undefined) return values.every((value) => Number.isSafeInteger(value)) ? 'integer' : 'text';
  return KIND_BY_FORMAT[format] ?? KIND_BY_TYPE[type] ?? 'object';
}
