import { Faults, type Location } from './faults.js';
import { MEMBERS, NESTED, type Schema } from './fields.js';
import { type Reading } from './record-type.js';
import { inField, positionsOf, SchemaError } from './schemas.js';
import { readAny, readBoolean, readInteger, readNumber, readText } from './scalars.js';
import { readDate, readDateTime, readDuration, readTime } from './times.js';

/** Reads one value into the form it has on the wire; what it returns after adding a fault is not used. */
type ValueReader = (value: unknown, loc: Location, reading: Reading, faults: Faults) => unknown;

/** Reads a whole record; null when it is no object. */
export type RecordReader = (value: unknown, reading: Reading, faults: Faults) => Record<string, unknown> | null;

const ID = 'id';
const TIMESTAMP = 'timestamp';
const MAX_ID_CHARS = 512;
const MODEL = 'Input should be a valid dictionary or object to extract fields from';

/** A reader of records with these fields; nothing is required. */
export function compileRecordReader(fields: Readonly<Record<string, Schema>>): RecordReader {
  const members = compileMembers(fields);
  return (value, reading, faults) => {
    const { loc, making, forceNew } = reading;
    if (!isObject(value)) return fault(faults, 'model_attributes_type', loc, MODEL, value);
    const record: Record<string, unknown> = {
      [ID]: forceNew ? undefined : readId(value[ID], [...loc, ID], faults),
      [TIMESTAMP]: forceNew ? undefined : readTimestamp(value[TIMESTAMP], [...loc, TIMESTAMP], faults),
    };
    readMembers({ members, value, record, loc, reading, faults, stamped: true });
    record[ID] ??= making.nextId();
    record[TIMESTAMP] ??= making.timestamp();
    return record;
  };
}

interface Member {
  readonly name: string;
  readonly read: ValueReader;
  readonly hasDefault: boolean;
  readonly initial: unknown;
  readonly isNullable: boolean;
}

function compileMembers(fields: Readonly<Record<string, Schema>>): ReadonlyMap<string, Member> {
  return new Map(
    Object.entries(fields).map(([name, schema]) => [name, inField(name, () => compileMember(name, schema))]),
  );
}

function compileMember(name: string, schema: Schema): Member {
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
  const initial = read(value, [], { making, loc: [], forceNew: false, runsValidators: false }, faults);
  const [fault] = faults.list;
  if (fault === undefined) return initial;
  throw new SchemaError(`its default ${JSON.stringify(value)} does not fit: ${fault.msg}`);
}

interface MembersInput {
  readonly members: ReadonlyMap<string, Member>;
  readonly value: Readonly<Record<string, unknown>>;
  readonly record: Record<string, unknown>;
  readonly loc: Location;
  readonly reading: Reading;
  readonly faults: Faults;
  /** The object also has an id and a timestamp. */
  readonly stamped: boolean;
}

function readMembers({ members, value, record, loc, reading, faults, stamped }: MembersInput): void {
  for (const { name, read, hasDefault, initial, isNullable } of members.values()) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given === undefined) {
      if (hasDefault) record[name] = typeof initial === 'object' ? structuredClone(initial) : initial;
    } else if (given === null && isNullable) record[name] = null;
    else record[name] = read(given, [...loc, name], reading, faults);
  }
  for (const name of Object.keys(value)) {
    if (members.has(name) || (stamped && (name === ID || name === TIMESTAMP))) continue;
    faults.add('extra_forbidden', [...loc, name], 'Extra inputs are not permitted', value[name]);
    if (faults.isFull) return;
  }
}

function readId(value: unknown, loc: Location, faults: Faults): unknown {
  if (value === undefined) return undefined;
  const text = readText(value, loc, faults);
  if (typeof text !== 'string' || (text.length > 0 && text.length <= MAX_ID_CHARS)) return text;
  return fault(faults, 'string_length', loc, `Id should have 1 to ${MAX_ID_CHARS} characters`, value);
}

function readTimestamp(value: unknown, loc: Location, faults: Faults): unknown {
  if (value === undefined) return undefined;
  return (
    readDateTime(value, false) ?? fault(faults, 'datetime_parsing', loc, 'Input should be a valid datetime', value)
  );
}

/** A reader of whatever the schema describes. */
function compileReader(schema: Schema): ValueReader {
  const type = schema[NESTED];
  if (type !== undefined) {
    return (value, loc, reading, faults) => type.readInto(faults, value, { ...reading, loc });
  }
  if (schema.enum !== undefined) return enumReader(schema, schema.enum);
  if (schema.const !== undefined) return enumReader(schema, [schema.const]);
  if (schema.anyOf !== undefined) return unionReader(schema.anyOf);
  switch (schema.type) {
    case 'string':
      return textReader(schema.format);
    case 'integer':
      return (value, loc, _reading, faults) => readInteger(value, loc, faults);
    case 'number':
      return schema.format === 'duration' ? timeReader(readDuration, 'time_delta', 'a valid timedelta') : numberReader;
    case 'boolean':
      return (value, loc, _reading, faults) => readBoolean(value, loc, faults);
    case 'null':
      return (value, loc, _reading, faults) =>
        value === null ? null : fault(faults, 'none_required', loc, 'Input should be None', value);
    case 'array': {
      const positions = positionsOf(schema);
      return positions === null ? listReader(schema.items ?? ({} as Schema)) : tupleReader(positions, schema);
    }
    case 'object':
      return objectReader(schema);
    default:
      return (value, loc, _reading, faults) => readAny(value, loc, faults);
  }
}

const numberReader: ValueReader = (value, loc, _reading, faults) => readNumber(value, loc, faults);

function textReader(format: string | undefined): ValueReader {
  if (format === 'date-time') return timeReader((value) => readDateTime(value, true), 'datetime', 'a valid datetime');
  if (format === 'date') return timeReader(readDate, 'date', 'a valid date');
  if (format === 'time') return timeReader(readTime, 'time', 'a valid time');
  return (value, loc, _reading, faults) => readText(value, loc, faults);
}

function timeReader(read: (value: unknown) => string | number | null, type: string, what: string): ValueReader {
  return (value, loc, _reading, faults) =>
    read(value) ?? fault(faults, `${type}_parsing`, loc, `Input should be ${what}`, value);
}

/** Values are compared as they stand; those of an enumeration with named members may come by name or by value. */
function enumReader(schema: Schema, values: readonly unknown[]): ValueReader {
  const members = schema[MEMBERS] ?? {};
  const byText = new Map<unknown, unknown>(values.map((value) => [value, value]));
  for (const [name, value] of Object.entries(members)) byText.set(value, name);
  const shown = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)));
  const expected = [shown.slice(0, -1).join(', '), shown.at(-1)].filter((part) => part !== '').join(' or ');
  return (value, loc, _reading, faults) => {
    const found = byText.get(value);
    if (found !== undefined) return found;
    return fault(faults, 'enum', loc, `Input should be ${expected}`, value, { expected });
  };
}

/** The branch that takes the value as it is, else the first one that takes it. */
function unionReader(schemas: readonly Schema[]): ValueReader {
  const branches = schemas.map((schema) => ({ read: compileReader(schema), isNull: schema.type === 'null' }));
  return (value, loc, reading, faults) => {
    const trials = branches.map(({ read, isNull }) => {
      const trial = faults.fresh();
      return { isNull, trial, found: read(value, loc, reading, trial) };
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
  return (value, loc, reading, faults) => {
    if (!Array.isArray(value)) return fault(faults, 'list_type', loc, 'Input should be a valid list', value);
    const { length } = readers;
    if (value.length > length && additionalItems === false) {
      return fault(faults, 'too_long', loc, `List should have at most ${length} items`, value, { max_length: length });
    }
    return value.map((item: unknown, at): unknown => {
      const read = readers[at];
      return read === undefined ? readAny(item, [...loc, at], faults) : read(item, [...loc, at], reading, faults);
    });
  };
}

function listReader(items: Schema): ValueReader {
  const read = compileReader(items);
  return (value, loc, reading, faults) => {
    if (!Array.isArray(value)) return fault(faults, 'list_type', loc, 'Input should be a valid list', value);
    const list: unknown[] = [];
    for (const [at, item] of value.entries()) {
      list.push(read(item, [...loc, at], reading, faults));
      if (faults.isFull) break;
    }
    return list;
  };
}

/** An object with named members, or a map of any names. */
function objectReader(schema: Schema): ValueReader {
  if (schema.properties !== undefined) {
    const members = compileMembers(schema.properties);
    return (value, loc, reading, faults) => {
      if (!isObject(value)) return fault(faults, 'model_attributes_type', loc, MODEL, value);
      const record: Record<string, unknown> = {};
      readMembers({ members, value, record, loc, reading, faults, stamped: false });
      return record;
    };
  }
  const { additionalProperties, patternProperties = {} } = schema;
  const item =
    Object.values(patternProperties)[0] ?? (typeof additionalProperties === 'object' ? additionalProperties : null);
  const read = compileReader(item ?? ({} as Schema));
  return (value, loc, reading, faults) => {
    if (!isObject(value)) return fault(faults, 'dict_type', loc, 'Input should be a valid dictionary', value);
    const entries: [string, unknown][] = [];
    for (const [name, member] of Object.entries(value)) {
      entries.push([name, read(member, [...loc, name], reading, faults)]);
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
  loc: Location,
  msg: string,
  input: unknown,
  ctx?: Readonly<Record<string, unknown>>,
): null {
  faults.add(type, loc, msg, input, ctx);
  return null;
}
