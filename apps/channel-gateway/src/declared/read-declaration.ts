import { RecordType, type Stamped } from '../records/record-type.js';
import {
  basket,
  basketOfLists,
  channel,
  list,
  type ChannelDeclaration,
  type StateDeclaration,
} from '../sdk/channels.js';
import { layoutOf } from '../state/attributes.js';
import { isObject, readRecordSchema, refused } from './read-schema.js';

/** What ticks on a channel: a record, a list of them, or either on some keys of a basket. */
const SHAPES = ['scalar', 'list', 'basket', 'basket_of_lists'] as const;

type Shape = (typeof SHAPES)[number];

/** A channel that is declared at run time, as it is shown. */
export interface ChannelDefinition {
  readonly name: string;
  readonly shape: Shape;
  /** Of a basket. */
  readonly keys?: readonly string[];
  /** JSON Schema of its records, without `id` and `timestamp`. */
  readonly record: object;
  readonly sendable: boolean;
  readonly staged: boolean;
  readonly states: readonly StateDeclaration[];
  readonly description: string;
}

/** A definition, and what it means. */
export interface ReadDefinition {
  readonly definition: ChannelDefinition;
  readonly declaration: ChannelDeclaration;
}

type Input = Readonly<Record<string, unknown>>;

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,99}$/;
const MEMBERS = ['name', 'shape', 'keys', 'record', 'sendable', 'staged', 'states', 'description'];
const MOST_BYTES = 64 * 1024;
const MOST_STATES = 10;
const MOST_KEYS = 1_000;
const MOST_KEY_CHARS = 200;

/** Reads what a client declares. @throws FaultyInput */
export function readDefinition(input: unknown): ReadDefinition {
  if (!isObject(input))
    throw refused('model_type', ['body'], 'Input should be an object that declares a channel', input);
  const extra = Object.keys(input).find((name) => !MEMBERS.includes(name));
  if (extra !== undefined) {
    throw refused('extra_forbidden', ['body', extra.slice(0, 100)], 'Extra inputs are not permitted', null);
  }
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes > MOST_BYTES) {
    throw refused('too_long', ['body'], `A declaration has at most ${MOST_BYTES} bytes, not ${bytes}`, null);
  }
  const definition = definitionOf(input);
  const declaration = declarationOf(definition);
  assertStates(definition, declaration);
  return { definition, declaration };
}

function definitionOf(input: Input): ChannelDefinition {
  const { name, shape = 'scalar', record } = input;
  if (typeof name !== 'string' || !NAME.test(name)) {
    const msg = 'A name has 1 to 100 letters, digits and _, and begins with a letter';
    throw refused('value_error', ['body', 'name'], msg, name);
  }
  if (!SHAPES.includes(shape as Shape)) {
    throw refused('literal_error', ['body', 'shape'], `Input should be one of ${SHAPES.join(', ')}`, shape);
  }
  const [sendable, staged] = [flagIn(input, 'sendable', true), flagIn(input, 'staged', false)];
  if (!sendable && !staged) {
    throw refused(
      'value_error',
      ['body', 'sendable'],
      'Nothing could ever tick what is neither sendable nor staged',
      null,
    );
  }
  const keys = keysIn(input, shape as Shape);
  if (keys !== null && staged) throw refused('value_error', ['body', 'staged'], 'A basket is not staged', staged);
  const { description = '' } = input;
  if (typeof description !== 'string') {
    throw refused('string_type', ['body', 'description'], 'Input should be a valid string', description);
  }
  return {
    name,
    shape: shape as Shape,
    ...(keys === null ? {} : { keys }),
    record: record as object,
    sendable,
    staged,
    states: statesIn(input),
    description,
  };
}

function declarationOf({ name, shape, keys = [], record, ...rest }: ChannelDefinition): ChannelDeclaration {
  const { title, description, fields, required } = readRecordSchema(record, ['body', 'record']);
  const typeName = title !== null && NAME.test(title) ? title : name;
  const options = description === null ? { required } : { required, description };
  const type = new RecordType<Stamped>(typeName, fields, { ...options, qualifiedName: `declared.${name}.${typeName}` });
  const { sendable, staged, states } = rest;
  const about = { sendable, staged, states, description: rest.description };
  if (shape === 'scalar') return channel(type, about);
  if (shape === 'list') return list(type, about);
  const made = shape === 'basket' ? basket(keys, type, about) : basketOfLists(keys, type, about);
  return { ...made, hasDynamicKeys: false };
}

function keysIn({ keys }: Input, shape: Shape): readonly string[] | null {
  const loc = ['body', 'keys'];
  if (shape === 'scalar' || shape === 'list') {
    if (keys === undefined) return null;
    throw refused('extra_forbidden', loc, `A channel of the shape ${shape} has no keys`, null);
  }
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MOST_KEYS) {
    throw refused('list_type', loc, `A basket has 1 to ${MOST_KEYS} keys`, null);
  }
  for (const [at, key] of keys.entries()) {
    if (typeof key !== 'string' || key === '' || key.length > MOST_KEY_CHARS) {
      throw refused('string_type', [...loc, at], `A key has 1 to ${MOST_KEY_CHARS} characters`, key);
    }
    if (keys.indexOf(key) !== at) throw refused('value_error', [...loc, at], 'The key is there twice', key);
  }
  return keys as readonly string[];
}

function statesIn({ states = [] }: Input): readonly StateDeclaration[] {
  const loc = ['body', 'states'];
  if (!Array.isArray(states) || states.length > MOST_STATES) {
    throw refused('list_type', loc, `Input should be a list of at most ${MOST_STATES} states`, null);
  }
  return states.map((state, at): StateDeclaration => {
    if (!isObject(state)) throw refused('model_type', [...loc, at], 'Input should be an object with keyBy', state);
    const { keyBy, alias, key, ...more } = state;
    const [extra] = Object.keys(more);
    if (extra !== undefined)
      throw refused('extra_forbidden', [...loc, at, extra], 'Extra inputs are not permitted', null);
    const isKeyed = Array.isArray(keyBy) && keyBy.length > 0 && keyBy.every((path) => typeof path === 'string');
    if (!isKeyed) throw refused('list_type', [...loc, at, 'keyBy'], 'A state is keyed by a list of fields', keyBy);
    for (const [name, value] of [
      ['alias', alias],
      ['key', key],
    ] as const) {
      if (value === undefined || typeof value === 'string') continue;
      throw refused('string_type', [...loc, at, name], 'Input should be a valid string', value);
    }
    return {
      keyBy: keyBy as string[],
      ...(alias === undefined ? {} : { alias }),
      ...(key === undefined ? {} : { key }),
    } as StateDeclaration;
  });
}

/** A field that there is not would make all records one. @throws FaultyInput */
function assertStates({ states }: ChannelDefinition, { type }: ChannelDeclaration): void {
  const { attributes } = layoutOf(type);
  for (const [at, { keyBy }] of states.entries()) {
    const unknown = keyBy.find((path) => !attributes.has(path));
    if (unknown === undefined) continue;
    throw refused('value_error', ['body', 'states', at, 'keyBy'], 'It names a field that there is not', unknown);
  }
}

function flagIn(input: Input, name: string, usual: boolean): boolean {
  const { [name]: value = usual } = input;
  if (typeof value === 'boolean') return value;
  throw refused('bool_type', ['body', name], 'Input should be a valid boolean', value);
}
