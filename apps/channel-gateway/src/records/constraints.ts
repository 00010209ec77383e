import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { type Faults } from './faults.js';
import { NESTED, type Schema } from './fields.js';
import { inField } from './schemas.js';

/** Checks what a schema demands beyond the kind of a value: bounds, lengths, patterns. */
export type Constraints = (values: object, faults: Faults) => void;

/** What the readers take care of already: kinds, times, enumerations, and what is required. */
const READ_ALREADY = new Set([
  'type',
  'default',
  'required',
  'additionalProperties',
  'enum',
  'const',
  'title',
  'description',
]);
const READ_FORMATS = new Set(['date-time', 'date', 'time', 'duration']);

const ajv = new Ajv({ strict: false, allErrors: false, validateSchema: true });
(addFormats as unknown as (instance: Ajv) => void)(ajv);

/** @throws SchemaError naming the field whose schema is none */
export function compileConstraints(fields: Readonly<Record<string, Schema>>): Constraints {
  const checks = Object.entries(fields).flatMap(([name, schema]): [string, ValidateFunction][] => {
    const bare = withoutKinds(schema);
    if (Object.keys(bare).length === 0) return [];
    const check = inField(name, () => ajv.compile(bare));
    // What is compiled here once is never asked for by its schema again: types come and go.
    ajv.removeSchema(bare);
    return [[name, check]];
  });
  if (checks.length === 0) return () => undefined;
  return (values, faults) => {
    for (const [name, check] of checks) {
      const value = (values as Readonly<Record<string, unknown>>)[name];
      if (value === undefined || value === null || check(value)) continue;
      for (const error of check.errors ?? []) addFault(error, name, value, faults);
    }
  };
}

function withoutKinds(schema: Schema): Record<string, unknown> {
  if (schema[NESTED] !== undefined) return {};
  const entries = Object.entries(schema).flatMap(([keyword, value]): [string, unknown][] => {
    if (READ_ALREADY.has(keyword) || keyword.startsWith('x-') || keyword.startsWith('~')) return [];
    if (keyword === 'format' && READ_FORMATS.has(String(value))) return [];
    if (keyword === 'items') return itemsWithoutKinds(value as Schema | readonly Schema[] | boolean);
    if (keyword === 'properties' || keyword === 'patternProperties') {
      const inner = Object.entries(value as Record<string, Schema>).flatMap(([name, member]) =>
        kept(name, withoutKinds(member)),
      );
      return inner.length === 0 ? [] : [[keyword, Object.fromEntries(inner)]];
    }
    if (keyword === 'anyOf') {
      const branches = (value as readonly Schema[]).map((branch) => ({
        ...branchKind(branch),
        ...withoutKinds(branch),
      }));
      return [[keyword, branches]];
    }
    return [[keyword, value]];
  });
  return Object.fromEntries(entries);
}

/** Of a tuple, one schema for each position. */
function itemsWithoutKinds(items: Schema | readonly Schema[] | boolean): [string, unknown][] {
  if (typeof items === 'boolean') return [['items', items]];
  if (!Array.isArray(items)) return kept('items', withoutKinds(items as Schema));
  return [['items', (items as readonly Schema[]).map(withoutKinds)]];
}

/** A branch of a union is told by its kind. */
function branchKind(schema: Schema): Record<string, unknown> {
  return schema.type === undefined ? {} : { type: schema.type };
}

function kept(name: string, schema: Record<string, unknown>): [string, unknown][] {
  return Object.keys(schema).length === 0 ? [] : [[name, schema]];
}

/** By keyword: the dialect's name, its words, and the name of its bound. */
const WORDS: Readonly<Record<string, (bound: unknown) => readonly [type: string, msg: string, key: string]>> = {
  minimum: (bound) => ['greater_than_equal', `Input should be greater than or equal to ${bound}`, 'ge'],
  exclusiveMinimum: (bound) => ['greater_than', `Input should be greater than ${bound}`, 'gt'],
  maximum: (bound) => ['less_than_equal', `Input should be less than or equal to ${bound}`, 'le'],
  exclusiveMaximum: (bound) => ['less_than', `Input should be less than ${bound}`, 'lt'],
  multipleOf: (bound) => ['multiple_of', `Input should be a multiple of ${bound}`, 'multiple_of'],
  minLength: (bound) => ['string_too_short', `String should have at least ${bound} characters`, 'min_length'],
  maxLength: (bound) => ['string_too_long', `String should have at most ${bound} characters`, 'max_length'],
  pattern: (bound) => ['string_pattern_mismatch', `String should match pattern '${bound}'`, 'pattern'],
  minItems: (bound) => ['too_short', `List should have at least ${bound} items`, 'min_length'],
  maxItems: (bound) => ['too_long', `List should have at most ${bound} items`, 'max_length'],
};

function addFault(error: ErrorObject, name: string, value: unknown, faults: Faults): void {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  const input = path.reduce<unknown>((inner, member) => (inner as Record<string, unknown>)?.[member], value);
  const bound: unknown = (error.params as Record<string, unknown>)['limit'] ?? Object.values(error.params)[0];
  const words = WORDS[error.keyword];
  for (const member of [name, ...path]) faults.enter(member);
  if (words === undefined) faults.add(`${error.keyword}_error`, `Input ${error.message ?? 'is not valid'}`, input);
  else {
    const [type, msg, key] = words(bound);
    faults.add(type, msg, input, { [key]: bound });
  }
  for (let left = path.length; left >= 0; left--) faults.leave();
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
