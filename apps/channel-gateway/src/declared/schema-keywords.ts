/** Kinds of values that a schema may name as its `type`. */
export type Kind = 'string' | 'integer' | 'number' | 'boolean' | 'null' | 'array' | 'object';

const BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];

/** What a schema of each kind may say. Patterns are not among it: they run on every record, and some of them never end. */
const KEYWORDS: Readonly<Record<Kind, readonly string[]>> = {
  string: ['format', 'minLength', 'maxLength'],
  integer: BOUNDS,
  number: ['format', ...BOUNDS],
  boolean: [],
  null: [],
  array: ['items', 'minItems', 'maxItems'],
  object: ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
};

/** What any schema may say; the second ones mean nothing here. */
const NOTES = ['title', 'description', 'default'];
const IGNORED = ['examples', 'deprecated', '$comment'];
const FORMATS: Partial<Readonly<Record<Kind, readonly string[]>>> = {
  string: ['date-time', 'date', 'time', 'uuid', 'email', 'ipv4', 'ipv6'],
  number: ['duration'],
};

/** Whether the text names a kind of values. */
export function isKind(value: unknown): value is Kind {
  return typeof value === 'string' && Object.hasOwn(KEYWORDS, value);
}

/** Kinds by name, for errors. */
export const KINDS = Object.keys(KEYWORDS).join(', ');

/** What is wrong with a member of a schema of that kind; null for one that may stand there. @param kind null: any kind, a union or an enumeration */
export function keywordFault(
  kind: Kind | null,
  name: string,
  value: unknown,
  own: readonly string[] = [],
): string | null {
  if (NOTES.includes(name) || IGNORED.includes(name) || name === 'type' || own.includes(name)) return null;
  if (name === 'pattern') return 'Patterns are not taken, as one can run forever: use enum, format or maxLength';
  if (kind === null || !KEYWORDS[kind].includes(name)) {
    return `The keyword is not taken ${kind === null ? 'here' : `with the type ${kind}`}`;
  }
  if (name !== 'format') return null;
  const formats = FORMATS[kind] ?? [];
  return formats.includes(String(value)) ? null : `The format should be one of ${formats.join(', ')}`;
}

/** Members of a schema that are kept as they stand, for the checks and the documents. */
export function plainMembers(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const dropped = [
    '$ref',
    '$defs',
    'definitions',
    'type',
    'default',
    'items',
    'properties',
    'required',
    'additionalProperties',
  ];
  const kept = Object.entries(schema).filter(([name]) => !dropped.includes(name) && !IGNORED.includes(name));
  return Object.fromEntries(kept);
}
