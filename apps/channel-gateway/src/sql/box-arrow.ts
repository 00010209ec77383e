/*
 * Writes the result of a query as an Arrow IPC stream. It is loaded into the process of the query when a client asks for it, and
 * imports nothing of the gateway, as that process does.
 */
import {
  DuckDBTypeId,
  type DuckDBArrayType,
  type DuckDBArrayValue,
  type DuckDBBlobValue,
  type DuckDBDateValue,
  type DuckDBDecimalType,
  type DuckDBDecimalValue,
  type DuckDBListType,
  type DuckDBListValue,
  type DuckDBStructType,
  type DuckDBStructValue,
  type DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import {
  Binary,
  Bool,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  Int8,
  List,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimeMicrosecond,
  TimestampMicrosecond,
  Uint16,
  Uint32,
  Uint64,
  Uint8,
  Utf8,
  type Data,
  type DataType,
} from 'apache-arrow';

type Values = readonly DuckDBValue[];

/** One column of a result. */
export interface ArrowColumn {
  readonly name: string;
  readonly type: DuckDBType;
  readonly values: Values;
}

/** What is null in a column, as Arrow marks it. */
interface Nulls {
  readonly length: number;
  readonly nullCount: number;
  readonly nullBitmap: Uint8Array;
}

/** An Arrow IPC stream of one batch. */
export function toArrow(columns: readonly ArrowColumn[], rowCount: number): Uint8Array {
  const children = columns.map(({ type, values }) => dataOf(type, values));
  const fields = children.map((data, at) => new Field(columns[at]?.name ?? '', data.type, true));
  const data = makeData({ type: new Struct(fields), length: rowCount, nullCount: 0, children: [...children] });
  const batch = new RecordBatch(new Schema(fields), data);
  return RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true);
}

/** Columns whose values are numbers of one width: how wide, and what of a value is the number. */
const NUMBERS = new Map<DuckDBTypeId, (values: Values, nulls: Nulls) => Data>([
  [
    DuckDBTypeId.TINYINT,
    (values, nulls) => makeData({ type: new Int8(), ...nulls, data: Int8Array.from(values, asNumber) }),
  ],
  [
    DuckDBTypeId.SMALLINT,
    (values, nulls) => makeData({ type: new Int16(), ...nulls, data: Int16Array.from(values, asNumber) }),
  ],
  [
    DuckDBTypeId.INTEGER,
    (values, nulls) => makeData({ type: new Int32(), ...nulls, data: Int32Array.from(values, asNumber) }),
  ],
  [
    DuckDBTypeId.BIGINT,
    (values, nulls) => makeData({ type: new Int64(), ...nulls, data: BigInt64Array.from(values, asBigInt) }),
  ],
  [
    DuckDBTypeId.UTINYINT,
    (values, nulls) => makeData({ type: new Uint8(), ...nulls, data: Uint8Array.from(values, asNumber) }),
  ],
  [
    DuckDBTypeId.USMALLINT,
    (values, nulls) => makeData({ type: new Uint16(), ...nulls, data: Uint16Array.from(values, asNumber) }),
  ],
  [
    DuckDBTypeId.UINTEGER,
    (values, nulls) => makeData({ type: new Uint32(), ...nulls, data: Uint32Array.from(values, asNumber) }),
  ],
  [
    DuckDBTypeId.UBIGINT,
    (values, nulls) => makeData({ type: new Uint64(), ...nulls, data: BigUint64Array.from(values, asBigInt) }),
  ],
  [
    DuckDBTypeId.FLOAT,
    (values, nulls) => makeData({ type: new Float32(), ...nulls, data: Float32Array.from(values, asNumber) }),
  ],
  [
    DuckDBTypeId.DOUBLE,
    (values, nulls) => makeData({ type: new Float64(), ...nulls, data: Float64Array.from(values, asNumber) }),
  ],
  [
    DuckDBTypeId.DATE,
    (values, nulls) => makeData({ type: new DateDay(), ...nulls, data: Int32Array.from(values, daysOf) }),
  ],
  [
    DuckDBTypeId.TIME,
    (values, nulls) => makeData({ type: new TimeMicrosecond(), ...nulls, data: BigInt64Array.from(values, microsOf) }),
  ],
  [
    DuckDBTypeId.TIMESTAMP,
    (values, nulls) =>
      makeData({ type: new TimestampMicrosecond(), ...nulls, data: BigInt64Array.from(values, microsOf) }),
  ],
  [
    DuckDBTypeId.TIMESTAMP_TZ,
    (values, nulls) =>
      makeData({ type: new TimestampMicrosecond('UTC'), ...nulls, data: BigInt64Array.from(values, microsOf) }),
  ],
]);

function dataOf(type: DuckDBType, values: Values): Data {
  const nulls = nullsOf(values);
  const numbers = NUMBERS.get(type.typeId);
  if (numbers !== undefined) return numbers(values, nulls);
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return makeData({ type: new Bool(), ...nulls, data: bitsOf(values, (value) => value === true) });
    case DuckDBTypeId.HUGEINT:
      return decimals(values, nulls, { precision: 38, scale: 0 }, asBigInt);
    case DuckDBTypeId.DECIMAL: {
      const { width, scale } = type as DuckDBDecimalType;
      return decimals(
        values,
        nulls,
        { precision: width, scale },
        (value) => (value as DuckDBDecimalValue | null)?.value ?? 0n,
      );
    }
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY:
      return listData((type as DuckDBListType | DuckDBArrayType).valueType, values, nulls);
    case DuckDBTypeId.STRUCT:
      return structData(type as DuckDBStructType, values, nulls);
    case DuckDBTypeId.BLOB:
      return bytesData(new Binary(), values, nulls, (value) => (value as DuckDBBlobValue).bytes);
    default:
      // What Arrow has no form of its own for is the text that the database has for it.
      return bytesData(new Utf8(), values, nulls, (value) => Buffer.from(String(value)));
  }
}

function listData(itemType: DuckDBType, values: Values, nulls: Nulls): Data {
  const lists = values.map((value) => (value as DuckDBListValue | DuckDBArrayValue | null)?.items ?? []);
  const child = dataOf(itemType, lists.flat());
  const type = new List(new Field('item', child.type, true));
  return makeData({ type, ...nulls, valueOffsets: offsetsOf(lists), child });
}

function structData({ entryNames, entryTypes }: DuckDBStructType, values: Values, nulls: Nulls): Data {
  const children = entryNames.map((name, at) => {
    const members = values.map((value) => (value as DuckDBStructValue | null)?.entries[name] ?? null);
    return dataOf(entryTypes[at] as DuckDBType, members);
  });
  const fields = children.map((data, at) => new Field(entryNames[at] ?? '', data.type, true));
  return makeData({ type: new Struct(fields), ...nulls, children: [...children] });
}

function bytesData(
  type: Binary | Utf8,
  values: Values,
  nulls: Nulls,
  bytesOf: (value: DuckDBValue) => Uint8Array,
): Data {
  const pieces = values.map((value) => (value === null ? new Uint8Array() : bytesOf(value)));
  return makeData({ type: type as Utf8, ...nulls, valueOffsets: offsetsOf(pieces), data: Buffer.concat(pieces) });
}

function decimals(
  values: Values,
  nulls: Nulls,
  { precision, scale }: { readonly precision: number; readonly scale: number },
  read: (value: DuckDBValue) => bigint,
): Data {
  const data = new Uint32Array(values.length * 4);
  values.forEach((value, at) => {
    const whole = BigInt.asUintN(128, read(value));
    for (let word = 0; word < 4; word += 1) data[at * 4 + word] = Number((whole >> BigInt(word * 32)) & 0xffff_ffffn);
  });
  return makeData({ type: new Decimal(scale, precision, 128) as DataType, ...nulls, data } as never);
}

function offsetsOf(pieces: readonly { readonly length: number }[]): Int32Array {
  const offsets = new Int32Array(pieces.length + 1);
  pieces.forEach(({ length }, at) => (offsets[at + 1] = (offsets[at] ?? 0) + length));
  return offsets;
}

function nullsOf(values: Values): Nulls {
  const nullCount = values.filter((value) => value === null).length;
  return { length: values.length, nullCount, nullBitmap: bitsOf(values, (value) => value !== null) };
}

function bitsOf(values: Values, isSet: (value: DuckDBValue) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, at) => {
    if (isSet(value)) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
  });
  return bits;
}

function asNumber(value: DuckDBValue): number {
  return value === null ? 0 : Number(value);
}

function asBigInt(value: DuckDBValue): bigint {
  return value === null ? 0n : (value as bigint);
}

function daysOf(value: DuckDBValue): number {
  return (value as DuckDBDateValue | null)?.days ?? 0;
}

function microsOf(value: DuckDBValue): bigint {
  return (value as DuckDBTimestampValue | null)?.micros ?? 0n;
}
