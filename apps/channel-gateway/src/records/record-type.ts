import { Faults, FaultyInput, type Location } from './faults.js';
import { type FieldValues, type Fields, type Schema } from './fields.js';
import { compileConstraints, type Constraints } from './constraints.js';
import { compileRecordReader, type RecordReader } from './readers.js';
import { plainSchemas, SchemaError } from './schemas.js';

/** Where the ids and the times of new records come from. */
export interface Making {
  /** A decimal text of 19 digits that no other record has. */
  nextId(): string;
  /** The moment, UTC, as a record's timestamp has it. */
  timestamp(): string;
}

/** What every record has before its own fields. */
export interface Stamped {
  readonly id: string;
  readonly timestamp: string;
}

/** A record of a type: its values, frozen, in the order of their declaration. */
export type RecordOf<R> = R extends RecordType<infer T> ? T : never;

/** What a validator throws to refuse a record; its message is told to the client. */
export class RecordValueError extends Error {
  override readonly name = 'RecordValueError';
}

export interface RecordTypeOptions<T extends object> {
  /** How the type is called in documents, such as `lab.vitals.Pulse`. Default: the name. */
  readonly qualifiedName?: string;
  readonly description?: string;
  /** Records cannot be looked up by id. */
  readonly omitFromLookup?: boolean;
  /** Fields that every input has to have. Default: none. */
  readonly required?: readonly string[];
  /** Run on what clients send, in their order; each may put something in its place or throw a {@link RecordValueError}. */
  readonly validators?: {
    /** Before anything is read. */
    readonly before?: readonly ((input: unknown) => unknown)[];
    /** On the whole record. */
    readonly after?: readonly ((record: T) => T)[];
  };
}

/** How an input is read. */
export interface ReadOptions {
  readonly making: Making;
  /** Where the input lies, for its faults. */
  readonly loc?: Location;
  /** Give the record a new id and a new timestamp, and the records in it, whatever the input says. */
  readonly forceNew?: boolean;
}

/** Returns the object that it is given, so that a class on top of it adds its private members to that one. */
class Given {
  constructor(object: object) {
    return object;
  }
}

/**
 * Marks a record as its type's own. A private member is neither seen nor copied with the others, and costs a tenth of what a
 * `WeakSet` of all records does.
 */
class MadeRecord extends Given {
  readonly #type: object;

  constructor(record: object, type: object) {
    super(record);
    this.#type = type;
  }

  static typeOf(value: object): object | null {
    return #type in value ? value.#type : null;
  }
}

/**
 * A type of records: what its fields are, which values they take, and how it is called. Compiled once; `read` is for what clients
 * send, `make` for what modules build.
 */
export class RecordType<T extends object = object> {
  readonly qualifiedName: string;
  readonly omitFromLookup: boolean;
  private readonly reader: RecordReader;
  private readonly constraints: Constraints;
  private readonly before: readonly ((input: unknown) => unknown)[];
  private readonly after: readonly ((record: T) => T)[];
  readonly fields: Readonly<Record<string, Schema>>;

  /** @throws SchemaError naming the type and the field */
  constructor(
    readonly name: string,
    fields: Readonly<Record<string, Schema>>,
    readonly options: RecordTypeOptions<T>,
  ) {
    this.qualifiedName = options.qualifiedName ?? name;
    this.omitFromLookup = options.omitFromLookup ?? false;
    try {
      this.fields = plainSchemas(fields);
      this.reader = compileRecordReader(this.fields, options.required);
      this.constraints = compileConstraints(this.fields);
      this.assertDefaults();
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      throw new SchemaError(`record type "${name}": ${error.message}`, { cause: error });
    }
    this.before = options.validators?.before ?? [];
    this.after = options.validators?.after ?? [];
  }

  /** Reads one record that a client sent. @throws FaultyInput naming every fault */
  read(input: unknown, { making, loc = [], forceNew = false }: ReadOptions): T {
    const faults = new Faults(loc);
    const record = this.readInto(faults, input, { making, forceNew, runsValidators: true });
    if (record === null || faults.count > 0) throw new FaultyInput(faults.list);
    return record as T;
  }

  /** Completes what a module built. Its own validators do not run. @throws FaultyInput */
  make(values: Readonly<Partial<T>>, making: Making): T {
    if (this.owns(values)) return values;
    const faults = new Faults();
    const record = this.readInto(faults, values, { making, forceNew: false, runsValidators: false });
    if (record === null || faults.count > 0) throw new FaultyInput(faults.list);
    return record as T;
  }

  /** Whether the value is a record that this type has read or made. */
  owns(value: unknown): value is T {
    return typeof value === 'object' && value !== null && MadeRecord.typeOf(value) === this;
  }

  /** The part of reading that nested records share. */
  readInto(faults: Faults, input: unknown, reading: Reading): object | null {
    if (this.owns(input)) return input;
    const known = faults.count;
    const given = reading.runsValidators ? this.runBefore(faults, input) : input;
    if (faults.count > known) return null;
    const values = this.reader(given, reading, faults);
    if (values === null || faults.count > known) return null;
    this.constraints(values, faults);
    if (faults.count > known) return null;
    const record = reading.runsValidators ? this.runAfter(faults, values as T, reading) : values;
    if (record === null) return null;
    return Object.freeze(new MadeRecord(record, this));
  }

  /** Bounds hold for defaults too. @throws SchemaError */
  private assertDefaults(): void {
    const initial = Object.entries(this.fields).flatMap(([name, schema]) =>
      'default' in schema ? [[name, schema.default] as const] : [],
    );
    const faults = new Faults();
    this.constraints(Object.fromEntries(initial), faults);
    const [fault] = faults.list;
    if (fault === undefined) return;
    throw new SchemaError(`field "${fault.loc[0]}": its default does not fit: ${fault.msg}`);
  }

  private runBefore(faults: Faults, input: unknown): unknown {
    return this.before.reduce((value, validator) => guarded(faults, input, () => validator(value)), input);
  }

  /** What a validator put in place is read again: it may be anything. */
  private runAfter(faults: Faults, values: T, reading: Reading): object | null {
    let record: object = values;
    for (const validator of this.after) {
      const next = guarded(faults, record, () => validator(record as T));
      if (next === undefined) return null;
      if (next === record) continue;
      const again = this.reader(next, { ...reading, forceNew: false, runsValidators: false }, faults);
      if (again === null) return null;
      this.constraints(again, faults);
      record = again;
    }
    return record;
  }
}

/** How a record is being read. */
export interface Reading {
  readonly making: Making;
  readonly forceNew: boolean;
  readonly runsValidators: boolean;
}

/**
 * Declares a type of records.
 * @param fields schemas made with TypeBox or by hand; one with a default always has a value, any other may be unset
 * @throws SchemaError for a field that there cannot be, or a default that it does not take
 */
export function recordType<const F extends Fields>(
  name: string,
  fields: F,
  options: RecordTypeOptions<Stamped & FieldValues<F>> = {},
): RecordType<Stamped & FieldValues<F>> {
  return new RecordType(name, fields as unknown as Readonly<Record<string, Schema>>, options);
}

/** Declares a type that has the fields and the validators of another one, before its own. */
export function extendRecordType<B extends Stamped, const F extends Fields>(
  base: RecordType<B>,
  name: string,
  fields: F,
  options: RecordTypeOptions<B & FieldValues<F>> = {},
): RecordType<B & FieldValues<F>> {
  const inherited = base.options.validators ?? {};
  const own = options.validators ?? {};
  const validators = {
    before: [...(inherited.before ?? []), ...(own.before ?? [])],
    after: [
      ...((inherited.after ?? []) as unknown as ((record: B & FieldValues<F>) => B & FieldValues<F>)[]),
      ...(own.after ?? []),
    ],
  };
  const all = { ...base.fields, ...(fields as unknown as Readonly<Record<string, Schema>>) };
  return new RecordType(name, all, { ...options, validators });
}

function guarded<V>(faults: Faults, input: unknown, run: () => V): V | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RecordValueError)) throw error;
    faults.add('value_error', `Value error, ${error.message}`, input, { error: {} });
    return undefined;
  }
}
