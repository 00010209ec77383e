import { Faults, FaultyInput, type Location } from '../records/faults.js';
import { type Schema } from '../records/fields.js';
import { RecordType } from '../records/record-type.js';
import { SchemaError } from '../records/schemas.js';
import { isKind, keywordFault, KINDS, plainMembers, type Kind } from './schema-keywords.js';

/** What a schema says of a record: its fields, and which of them an input has to have. */
export interface RecordSchema {
  readonly title: string | null;
  readonly description: string | null;
  readonly fields: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
}

type Input = Readonly<Record<string, unknown>>;
type Fields = Readonly<Record<string, Schema>>;

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,99}$/;
const STAMPED = ['id', 'timestamp'];
const MOST_SCHEMAS = 1_000;
const MOST_DEPTH = 16;
const MOST_VALUES = 1_000;
const MOST_BRANCHES = 10;
const DEFINITIONS = /^#\/(\$defs|definitions)\/([A-Za-z0-9_.-]{1,100})$/;

/**
 * Reads the JSON Schema of a record: an object with `properties`. References to its own `$defs` are resolved; everything else that is not
 * understood is refused rather than passed over. @throws FaultyInput
 */
export function readRecordSchema(input: unknown, loc: Location): RecordSchema {
  if (!isObject(input)) throw refused('dict_type', loc, 'Input should be a JSON Schema of an object', input);
  const own = ['$schema', '$id', '$defs', 'definitions', 'properties', 'required', 'additionalProperties'];
  for (const [name, value] of Object.entries(input)) {
    const fault = keywordFault(null, name, value, own);
    if (fault !== null) throw refused('extra_forbidden', [...loc, name], fault, value);
  }
  if (input['type'] !== 'object') {
    throw refused('literal_error', [...loc, 'type'], 'A record is of the type object', input['type']);
  }
  assertClosed(input, loc);
  const reader = new SchemaReader([input['$defs'], input['definitions']]);
  const fields = reader.readProperties(input['properties'], [...loc, 'properties'], 0, []);
  for (const name of STAMPED) {
    if (Object.hasOwn(fields, name)) {
      throw refused('value_error', [...loc, 'properties', name], `Every record has "${name}" already`, name);
    }
  }
  const stamped = Object.fromEntries(STAMPED.map((name) => [name, {} as Schema]));
  const required = readRequired(input['required'], [...loc, 'required'], { ...fields, ...stamped }).filter(
    (name) => !STAMPED.includes(name),
  );
  return { title: textOf(input['title']), description: textOf(input['description']), fields, required };
}

class SchemaReader {
  private count = 0;

  constructor(private readonly definitions: readonly unknown[]) {}

  readProperties(input: unknown, loc: Location, depth: number, path: readonly string[]): Fields {
    if (input === undefined) return {};
    if (!isObject(input)) throw refused('dict_type', loc, 'Input should be an object of schemas', input);
    const fields = Object.entries(input).map(([name, schema]): [string, Schema] => {
      if (!NAME.test(name)) {
        const msg = 'A name has letters, digits and _, begins with a letter, and has at most 100 of them';
        throw refused('value_error', [...loc, name.slice(0, 100)], msg, name);
      }
      return [name, this.read(schema, [...loc, name], depth + 1, path)];
    });
    const read = Object.fromEntries(fields);
    assertCompiles(read, loc);
    return read;
  }

  /** @param path references that lead here */
  private read(input: unknown, loc: Location, depth: number, path: readonly string[]): Schema {
    this.count += 1;
    if (this.count > MOST_SCHEMAS) throw refused('too_long', loc, `There are more than ${MOST_SCHEMAS} schemas`, null);
    if (depth > MOST_DEPTH) throw refused('recursion_loop', loc, `Deeper than ${MOST_DEPTH} levels`, null);
    if (!isObject(input)) throw refused('dict_type', loc, 'Input should be a schema', input);
    if (input['$ref'] !== undefined) return this.follow(input, loc, depth, path);
    const schema = this.readPlain(input, loc, depth, path);
    return 'default' in input ? ({ ...schema, default: input['default'] } as Schema) : schema;
  }

  private readPlain(input: Input, loc: Location, depth: number, path: readonly string[]): Schema {
    if (input['enum'] !== undefined || input['const'] !== undefined) return readChoice(input, loc);
    if (input['anyOf'] !== undefined) return this.readUnion(input, loc, depth, path);
    const { type } = input;
    if (Array.isArray(type)) return this.readNullable(input, type, loc, depth, path);
    if (
      type === undefined &&
      Object.keys(plainMembers(input)).every((name) => name === 'title' || name === 'description')
    ) {
      if (Object.keys(input).every((name) => keywordFault(null, name, null) === null))
        return plainMembers(input) as Schema;
    }
    if (!isKind(type)) throw refused('literal_error', [...loc, 'type'], `The type should be one of ${KINDS}`, type);
    for (const [name, value] of Object.entries(input)) {
      const fault = keywordFault(type, name, value);
      if (fault !== null) throw refused('extra_forbidden', [...loc, name], fault, value);
    }
    return { ...plainMembers(input), type, ...this.readInner(type, input, loc, depth, path) } as Schema;
  }

  private readInner(type: Kind, input: Input, loc: Location, depth: number, path: readonly string[]): object {
    const { items, properties, additionalProperties: more } = input;
    if (type === 'array') return { items: this.read(items ?? {}, [...loc, 'items'], depth + 1, path) };
    if (type !== 'object') return {};
    if (properties !== undefined) {
      assertClosed(input, loc);
      const members = this.readProperties(properties, [...loc, 'properties'], depth, path);
      return { properties: members, required: readRequired(input['required'], [...loc, 'required'], members) };
    }
    if (input['required'] !== undefined) readRequired(input['required'], [...loc, 'required'], {});
    if (more === false) return { properties: {} };
    const member = more === undefined || more === true ? {} : more;
    return { additionalProperties: this.read(member, [...loc, 'additionalProperties'], depth + 1, path) };
  }

  private readUnion(input: Input, loc: Location, depth: number, path: readonly string[]): Schema {
    const branches = input['anyOf'];
    assertOnly(input, loc, ['anyOf']);
    if (!Array.isArray(branches) || branches.length === 0 || branches.length > MOST_BRANCHES) {
      throw refused('list_type', [...loc, 'anyOf'], `Input should be a list of 1 to ${MOST_BRANCHES} schemas`, null);
    }
    const read = branches.map((branch, at) => this.read(branch, [...loc, 'anyOf', at], depth + 1, path));
    return { ...plainMembers(input), anyOf: read } as Schema;
  }

  /** A type or null, in the short form. */
  private readNullable(
    input: Input,
    types: readonly unknown[],
    loc: Location,
    depth: number,
    path: readonly string[],
  ): Schema {
    const others = types.filter((type) => type !== 'null');
    if (others.length !== 1 || types.length !== 2) {
      throw refused('literal_error', [...loc, 'type'], 'A list of types has one of them and "null": use anyOf', null);
    }
    const { default: _default, ...rest } = input;
    const branch = this.read({ ...rest, type: others[0] }, loc, depth + 1, path);
    return { anyOf: [branch, { type: 'null' }] } as unknown as Schema;
  }

  private follow(input: Input, loc: Location, depth: number, path: readonly string[]): Schema {
    assertOnly(input, loc, ['$ref']);
    const reference = input['$ref'];
    const name = typeof reference === 'string' ? DEFINITIONS.exec(reference)?.[2] : undefined;
    const found = this.definitions.find((one) => isObject(one) && name !== undefined && Object.hasOwn(one, name));
    if (name === undefined || found === undefined) {
      throw refused('value_error', [...loc, '$ref'], 'A reference leads to one of $defs', reference);
    }
    if (path.includes(name)) {
      throw refused('recursion_loop', [...loc, '$ref'], 'A schema that contains itself is not taken', reference);
    }
    const { $ref: _ref, ...beside } = input;
    return this.read({ ...((found as Input)[name] as object), ...beside }, loc, depth + 1, [...path, name]);
  }
}

/** One value of several, all of them texts or all numbers. */
function readChoice(input: Input, loc: Location): Schema {
  assertOnly(input, loc, ['enum', 'const']);
  const values = input['enum'] ?? [input['const']];
  const isPlain =
    Array.isArray(values) &&
    values.length > 0 &&
    values.length <= MOST_VALUES &&
    (values.every((value) => typeof value === 'string') || values.every((value) => Number.isFinite(value)));
  if (isPlain) return { ...plainMembers(input), enum: values } as unknown as Schema;
  throw refused('list_type', [...loc, 'enum'], `Input should be 1 to ${MOST_VALUES} texts, or numbers`, null);
}

/** @throws FaultyInput for bounds that are none, and defaults that their field would refuse */
function assertCompiles(fields: Fields, loc: Location): void {
  try {
    new RecordType('Record', fields, {});
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw refused('value_error', loc, error.message.slice(0, 500), null);
  }
}

function readRequired(input: unknown, loc: Location, fields: Fields): readonly string[] {
  if (input === undefined) return [];
  if (!Array.isArray(input)) throw refused('list_type', loc, 'Input should be a list of names', input);
  for (const name of input) {
    if (typeof name === 'string' && Object.hasOwn(fields, name)) continue;
    throw refused('value_error', loc, 'It names a field that there is not', name);
  }
  return [...new Set(input as readonly string[])];
}

/** Records take no members beyond their fields: a schema that says otherwise would be a lie. */
function assertClosed(input: Input, loc: Location): void {
  const more = input['additionalProperties'];
  if (more === undefined || more === false) return;
  const msg = 'An object with properties takes no others; one without them is a map';
  throw refused('literal_error', [...loc, 'additionalProperties'], msg, more);
}

function assertOnly(input: Input, loc: Location, own: readonly string[]): void {
  for (const [name, value] of Object.entries(input)) {
    const fault = keywordFault(null, name, value, own);
    if (fault !== null) throw refused('extra_forbidden', [...loc, name], fault, value);
  }
}

/** A fault of a declaration. */
export function refused(type: string, loc: Location, msg: string, input: unknown): FaultyInput {
  const faults = new Faults(loc);
  faults.add(type, msg, input);
  return new FaultyInput(faults.list);
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.length <= 1_000 ? value : null;
}
