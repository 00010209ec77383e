import { NESTED, type Schema } from './fields.js';

/** A record type that cannot be: names the type, the field and what is wrong with it. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

const TYPES: ReadonlySet<unknown> = new Set([
  'string',
  'integer',
  'number',
  'boolean',
  'null',
  'array',
  'object',
  undefined,
]);
const TAKEN: ReadonlySet<string> = new Set(['', 'id', 'timestamp', '__proto__']);

/**
 * The schemas of a record type's fields in the one form that everything else reads: a choice of types or of constants, and the two ways
 * of writing a tuple, are each written in one way.
 * @throws SchemaError naming the field
 */
export function plainSchemas(fields: Readonly<Record<string, Schema>>): Record<string, Schema> {
  const plain = Object.entries(fields).map(([name, schema]): [string, Schema] => {
    if (TAKEN.has(name)) throw new SchemaError(`no field can be called "${name}"`);
    return [name, inField(name, () => plainSchema(schema))];
  });
  return Object.fromEntries(plain);
}

/** Says which field it is about when something is wrong with it. */
export function inField<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new SchemaError(`field "${name}": ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** A tuple's schemas by position; null for what is no tuple. */
export function positionsOf({ items }: Schema): readonly Schema[] | null {
  return Array.isArray(items) ? (items as readonly Schema[]) : null;
}

function plainSchema(schema: Schema): Schema {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new SchemaError(`a schema is an object, not ${JSON.stringify(schema) ?? String(schema)}`);
  }
  if (schema[NESTED] !== undefined) return schema;
  const { type, anyOf, enum: values } = schema as { type?: unknown } & Omit<Schema, 'type'>;
  if (Array.isArray(type) && values === undefined) return choiceOfTypes(schema, type);
  if (!Array.isArray(type) && !TYPES.has(type)) throw new SchemaError(`there is no type ${JSON.stringify(type)}`);
  if (anyOf !== undefined && anyOf.length > 0 && anyOf.every((branch) => 'const' in branch)) {
    const { anyOf: branches = [], ...rest } = schema;
    return { ...rest, enum: branches.map((branch) => branch.const) };
  }
  return withPlainParts(schema);
}

/** `{"type": ["integer", "null"]}` is a union. */
function choiceOfTypes(schema: Schema, types: readonly unknown[]): Schema {
  const { type: _types, title, description, ...bounds } = schema as Schema & Record<string, unknown>;
  const { default: initial, ...branch } = bounds;
  const annotations = Object.entries({ title, description }).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(annotations),
    ...('default' in schema ? { default: initial } : {}),
    anyOf: types.map((type) => plainSchema({ ...branch, type } as Schema)),
  };
}

function withPlainParts(schema: Schema): Schema {
  const { prefixItems, ...given } = schema as Schema & { readonly prefixItems?: readonly Schema[] };
  const { items, ...rest } = given;
  const parts: Record<string, unknown> = { ...rest };
  if (prefixItems !== undefined)
    Object.assign(parts, { items: prefixItems.map(plainSchema), additionalItems: items ?? true });
  else if (Array.isArray(items)) parts['items'] = (items as Schema[]).map(plainSchema);
  else if (items !== undefined && typeof items !== 'boolean') parts['items'] = plainSchema(items);
  if (schema.anyOf !== undefined) parts['anyOf'] = schema.anyOf.map(plainSchema);
  for (const keyword of ['properties', 'patternProperties'] as const) {
    const members = schema[keyword];
    if (members === undefined) continue;
    const plain = Object.entries(members).map(([name, one]) => [name, inField(name, () => plainSchema(one))] as const);
    parts[keyword] = Object.fromEntries(plain);
  }
  return parts as Schema;
}
