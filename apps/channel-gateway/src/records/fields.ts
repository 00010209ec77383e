import { Type, type Static, type TOptional, type TSchema, type TUnsafe } from 'typebox';
import { type RecordType } from './record-type.js';

/** Any JSON Schema, as TypeBox makes it or by hand. */
export type Schema = TSchema & {
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly additionalItems?: boolean | Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly [NESTED]?: RecordType;
  readonly [MEMBERS]?: Enumeration;
  readonly [ENUMERATION]?: Enumeration;
};

/** Members of an enumeration: names and what stands for each on the wire. */
export type Enumeration = Readonly<Record<string, string | number>>;

/** Carries the type of a nested record. */
export const NESTED = 'x-record-type';
/** Carries the members of an enumeration whose names stand on the wire. */
export const MEMBERS = 'x-members';
/** Carries the members of an enumeration whose values stand on the wire, for queries that name them. */
export const ENUMERATION = 'x-enumeration';

/** Fields of a record type in their order. */
export type Fields = Readonly<Record<string, TSchema>>;

/** The values of fields; each may be unset unless its schema has a default. */
export type FieldValues<F extends Fields> = {
  readonly [K in keyof F as F[K] extends TOptional ? never : K]: Static<F[K]>;
} & { readonly [K in keyof F as F[K] extends TOptional ? K : never]?: Static<F[K]> | null };

interface FieldOptions<T> {
  readonly default?: T;
  readonly description?: string;
}

/** Date and time, as ISO text; times with a zone are kept in UTC and end in `Z`. Clients may also send seconds since 1970. */
export function dateTime(options: FieldOptions<string> = {}): TUnsafe<string> {
  return Type.Unsafe<string>({ type: 'string', format: 'date-time', ...options });
}

/** A date, `2024-02-03`. */
export function date(options: FieldOptions<string> = {}): TUnsafe<string> {
  return Type.Unsafe<string>({ type: 'string', format: 'date', ...options });
}

/** A time of day, `10:11:12`. */
export function timeOfDay(options: FieldOptions<string> = {}): TUnsafe<string> {
  return Type.Unsafe<string>({ type: 'string', format: 'time', ...options });
}

/** A duration in seconds; clients may also send ISO 8601 texts such as `PT1M`. */
export function duration(options: FieldOptions<number> = {}): TUnsafe<number> {
  return Type.Unsafe<number>({ type: 'number', format: 'duration', ...options });
}

/** One value of an enumeration, by value on the wire. */
export function enumValue<const E extends Enumeration>(
  members: E,
  options: FieldOptions<E[keyof E]> = {},
): TUnsafe<E[keyof E]> {
  return Type.Unsafe<E[keyof E]>({ enum: Object.values(members), [ENUMERATION]: members, ...options });
}

/** One member of an enumeration, by name on the wire; clients may also send its value. */
export function enumName<E extends Enumeration>(
  members: E,
  options: FieldOptions<keyof E & string> = {},
): TUnsafe<keyof E & string> {
  return Type.Unsafe<keyof E & string>({ enum: Object.keys(members), [MEMBERS]: members, ...options });
}

/** A record within a record, with an id and a timestamp of its own. */
export function nested<T extends object>(
  type: RecordType<T>,
  options: { readonly description?: string } = {},
): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'object', [NESTED]: type, ...options });
}
