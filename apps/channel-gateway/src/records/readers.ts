import { Faults } from './faults.js';
import { MEMBERS, NESTED, type Schema } from './fields.js';
import { type Reading } from './record-type.js';
import { inField, positionsOf, SchemaError } from './schemas.js';
import { readAny, readBoolean, readInteger, readNumber, readText } from './scalars.js';
import { readDate, readDateTime, readDuration, readTime } from './times.js';

/** Reads one value into the form it has on the wire; what it returns after adding a fault is not used. */
type ValueReader = (value: unknown, reading: Reading, faults: Faults) => unknown;

/** Reads a whole record; null when it is no object. */
export type RecordReader = (value: unknown, reading: Reading, faults: Faults) => Record<string, unknown> | null;

const ID = 'id';
const TIMESTAMP = 'timestamp';
const MAX_ID_CHARS = 512;
const MODEL = 'Input should be a valid dictionary or object to extract fields from';

/** A reader of records with these fields. @param required names of those that an input has to have; default: none */
export function compileRecordReader(
  fields: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): RecordReader {
  const members = compileMembers(fields, new Set(required));
  return (value, reading, faults) => {
    const { making, forceNew } = reading;
    if (!isObject(value)) return fault(faults, 'model_attributes_type', MODEL, value);
    const record: Record<string, unknown> = {
      id: forceNew ? undefined : readWithin(ID, value[ID], readId, faults),
      timestamp: forceNew ? undefined : readWithin(TIMESTAMP, value[TIMESTAMP], readTimestamp, faults),
    };
    readMembers({ members, value, record, reading, faults, stamped: true });
    record[ID] ??= making.nextId();
    record[TIMESTAMP] ??= making.timestamp();
    return record;
  };
}

function missing(_value: unknown, faults: Faults): unknown {
  return fault(faults, 'missing', 'Field required', null);
}

/** Unset stays unset. */
function readWithin(
  name: string,
  value: unknown,
  read: (value: unknown, faults: Faults) => unknown,
  faults: Faults,
): unknown {
  if (value === undefined) return undefined;
  faults.enter(name);
  const found = read(value, faults);
  faults.leave();
  return found;
}

interface Member {
  readonly name: string;
  readonly read: ValueReader;
  readonly hasDefault: boolean;
  readonly initial: unknown;
  readonly isNullable: boolean;
  readonly isRequired: boolean;
}

function compileMembers(
  fields: Readonly<Record<string, Schema>>,
  required: ReadonlySet<string>,
): ReadonlyMap<string, Member> {
  const compile = ([name, schema]: [string, Schema]): [string, Member] => {
    const member = inField(name, () => compileMember(name, schema));
    const isRequired = required.has(name);
    return [name, { ...member, isRequired, isNullable: member.isNullable && !isRequired }];
  };
  return new Map(Object.entries(fields).map(compile));
}

function compileMember(name: string, schema: Schema): Omit<Member, 'isRequired'> {
  const read = compileReader(schema);
  const hasDefault = 'default' in schema;
  const isUnset = hasDefault && schema.default === null;
  const initial = hasDefault && !isUnset ? readDefault(read, schema.default) : schema.default;
  return { name, read, hasDefault, initial, isNullable: isUnset || (!hasDefault && schema[NESTED] === undefined) };
}

/** A default is what a client could have sent. @throws SchemaError */
function readDefault(read: ValueReader, value: unknown): unknown {
  const faults = new Faults();
  const making = { nextId: () => '', timestamp: () => '' };
  const initial = read(value, { making, forceNew: false, runsValidators: false }, faults);
  const [first] = faults.list;
  if (first === undefined) return initial;
  throw new SchemaError(`its default ${JSON.stringify(value)} does not fit: ${first.msg}`);
}

interface MembersInput {
  readonly members: ReadonlyMap<string, Member>;
  readonly value: Readonly<Record<string, unknown>>;
  readonly record: Record<string, unknown>;
  readonly reading: Reading;
  readonly faults: Faults;
  /** The object also has an id and a timestamp. */
  readonly stamped: boolean;
}

function readMembers({ members, value, record, reading, faults, stamped }: MembersInput): void {
  for (const { name, read, hasDefault, initial, isNullable, isRequired } of members.values()) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given === undefined) {
      if (hasDefault) record[name] = copyOf(initial);
      else if (isRequired) readWithin(name, null, missing, faults);
    } else if (given === null && isNullable) record[name] = null;
    else {
      faults.enter(name);
      record[name] = read(given, reading, faults);
      faults.leave();
    }
  }
  for (const name of Object.keys(value)) {
    if (members.has(name) || (stamped && (name === ID || name === TIMESTAMP))) continue;
    faults.enter(name);
    faults.add('extra_forbidden', 'Extra inputs are not permitted', value[name]);
    faults.leave();
    if (faults.isFull) return;
  }
}

/** Another JSON of the same content: records do not share what is in them. */
function copyOf(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(copyOf);
  return Object.fromEntries(Object.entries(json).map(([name, member]) => [name, copyOf(member)]));
}

function readId(value: unknown, faults: Faults): unknown {
  const text = readText(value, faults);
  if (typeof text !== 'string' || (text.length > 0 && text.length <= MAX_ID_CHARS)) return text;
  return fault(faults, 'string_length', `Id should have 1 to ${MAX_ID_CHARS} characters`, value);
}

function readTimestamp(value: unknown, faults: Faults): unknown {
  return readDateTime(value, false) ?? fault(faults, 'datetime_parsing', 'Input should be a valid datetime', value);
}

/** A reader of whatever the schema describes. */
function compileReader(schema: Schema): ValueReader {
  const type = schema[NESTED];
  if (type !== undefined) {
    return (value, reading, faults) => type.readInto(faults, value, reading);
  }
  if (schema.enum !== undefined) return enumReader(schema, schema.enum);
  if (schema.const !== undefined) return enumReader(schema, [schema.const]);
  if (schema.anyOf !== undefined) return unionReader(schema.anyOf);
  switch (schema.type) {
    case 'string':
      return textReader(schema.format);
    case 'integer':
      return (value, _reading, faults) => readInteger(value, faults);
    case 'number':
      return schema.format === 'duration' ? timeReader(readDuration, 'time_delta', 'a valid timedelta') : numberReader;
    case 'boolean':
      return (value, _reading, faults) => readBoolean(value, faults);
    case 'null':
      return (value, _reading, faults) =>
        value === null ? null : fault(faults, 'none_required', 'Input should be None', value);
    case 'array': {
      const positions = positionsOf(schema);
      return positions === null ? listReader(schema.items ?? ({} as Schema)) : tupleReader(positions, schema);
    }
    case 'object':
      return objectReader(schema);
    default:
      return readAnything;
  }
}

const readAnything: ValueReader = (value, _reading, faults) => readAny(value, faults);
const numberReader: ValueReader = (value, _reading, faults) => readNumber(value, faults);

function textReader(format: string | undefined): ValueReader {
  if (format === 'date-time') return timeReader((value) => readDateTime(value, true), 'datetime', 'a valid datetime');
  if (format === 'date') return timeReader(readDate, 'date', 'a valid date');
  if (format === 'time') return timeReader(readTime, 'time', 'a valid time');
  return (value, _reading, faults) => readText(value, faults);
}

function timeReader(read: (value: unknown) => string | number | null, type: string, what: string): ValueReader {
  return (value, _reading, faults) => read(value) ?? fault(faults, `${type}_parsing`, `Input should be ${what}`, value);
}

/** Values are compared as they stand; those of an enumeration with named members may come by name or by value. */
function enumReader(schema: Schema, values: readonly unknown[]): ValueReader {
  const members = schema[MEMBERS] ?? {};
  const byText = new Map<unknown, unknown>(values.map((value) => [value, value]));
  for (const [name, value] of Object.entries(members)) byText.set(value, name);
  const shown = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)));
  const expected = [shown.slice(0, -1).join(', '), shown.at(-1)].filter((part) => part !== '').join(' or ');
  return (value, _reading, faults) => {
    const found = byText.get(value);
    if (found !== undefined) return found;
    return fault(faults, 'enum', `Input should be ${expected}`, value, { expected });
  };
}

/** The branch that takes the value as it is, else the first one that takes it. */
function unionReader(schemas: readonly Schema[]): ValueReader {
  const branches = schemas.map((schema) => ({ read: compileReader(schema), isNull: schema.type === 'null' }));
  return (value, reading, faults) => {
    const trials = branches.map(({ read, isNull }) => {
      const trial = faults.fresh();
      return { isNull, trial, found: read(value, reading, trial) };
    });
    const taken = trials.filter(({ trial }) => trial.count === 0);
    const best = taken.find(({ found }) => found === value) ?? taken[0];
    if (best !== undefined) return best.found;
    // That it is not null helps nobody who sent something.
    const told = trials.filter(({ isNull }) => !isNull);
    for (const { trial } of told.length === 0 ? trials : told) faults.addAll(trial);
    return null;
  };
}

function tupleReader(positions: readonly Schema[], { additionalItems = true }: Schema): ValueReader {
  const readers = positions.map(compileReader);
  return (value, reading, faults) => {
    if (!Array.isArray(value)) return fault(faults, 'list_type', 'Input should be a valid list', value);
    const { length } = readers;
    if (value.length > length && additionalItems === false) {
      return fault(faults, 'too_long', `List should have at most ${length} items`, value, { max_length: length });
    }
    return value.map((item: unknown, at): unknown => {
      const read = readers[at] ?? readAnything;
      faults.enter(at);
      const found = read(item, reading, faults);
      faults.leave();
      return found;
    });
  };
}

function listReader(items: Schema): ValueReader {
  const read = compileReader(items);
  return (value, reading, faults) => {
    if (!Array.isArray(value)) return fault(faults, 'list_type', 'Input should be a valid list', value);
    const list: unknown[] = [];
    for (const [at, item] of value.entries()) {
      faults.enter(at);
      list.push(read(item, reading, faults));
      faults.leave();
      if (faults.isFull) break;
    }
    return list;
  };
}

/** An object with named members, of which those that it requires have to be there, or a map of any names. */
function objectReader(schema: Schema): ValueReader {
  if (schema.properties !== undefined) {
    const members = compileMembers(schema.properties, new Set(schema.required));
    return (value, reading, faults) => {
      if (!isObject(value)) return fault(faults, 'model_attributes_type', MODEL, value);
      const record: Record<string, unknown> = {};
      readMembers({ members, value, record, reading, faults, stamped: false });
      return record;
    };
  }
  const { additionalProperties, patternProperties = {} } = schema;
  const item =
    Object.values(patternProperties)[0] ?? (typeof additionalProperties === 'object' ? additionalProperties : null);
  const read = compileReader(item ?? ({} as Schema));
  return (value, reading, faults) => {
    if (!isObject(value)) return fault(faults, 'dict_type', 'Input should be a valid dictionary', value);
    const entries: [string, unknown][] = [];
    for (const [name, member] of Object.entries(value)) {
      faults.enter(name);
      entries.push([name, read(member, reading, faults)]);
      faults.leave();
      if (faults.isFull) break;
    }
    return Object.fromEntries(entries);
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fault(
  faults: Faults,
  type: string,
  msg: string,
  input: unknown,
  ctx?: Readonly<Record<string, unknown>>,
): null {
  faults.add(type, msg, input, ctx);
  return null;
}
