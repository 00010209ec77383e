import { type BasketKey } from '../sdk/channels.js';
import { type Channel } from '../engine/catalogue.js';
import { type Fault, FaultyInput, type Location } from '../records/faults.js';
import { type Making } from '../records/record-type.js';

/** What a client sent, as ticks of the channel. */
export interface ReadTicks {
  /** One value for each tick, as the channel has it. */
  readonly values: readonly unknown[];
  /** Every record in them, in the order they were sent. */
  readonly records: readonly object[];
}

export interface ReadTicksOptions {
  readonly making: Making;
  readonly maxRecords: number;
  readonly loc: Location;
}

/**
 * Reads one record or a list of them for a channel or a key of a basket. On a channel of lists that is one tick, on any other
 * one tick for each record. @throws FaultyInput
 */
export function readTicks(channel: Channel, key: string | null, input: unknown, options: ReadTicksOptions): ReadTicks {
  const { isList } = channel.declaration;
  const records = readRecords(channel, input, options);
  const ticks: readonly unknown[] = isList ? (records.length === 0 ? [] : [records]) : records;
  return { values: key === null ? ticks : ticks.map((tick) => ({ [key]: tick })), records };
}

/** Reads an object of keys and what is to tick there, all in one tick. @throws FaultyInput */
export function readWholeBasket(channel: Channel, input: unknown, options: ReadTicksOptions): ReadTicks {
  const { loc, maxRecords } = options;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw faulty('dict_type', loc, 'Input should be a valid dictionary', input);
  }
  const entries = Object.entries(input);
  if (entries.length > maxRecords) throw tooMany(entries.length, loc, maxRecords);
  const keys = channel.keys ?? new Map<string, BasketKey>();
  const unknown = entries.filter(([key]) => !keys.has(key)).slice(0, 20);
  if (unknown.length > 0) throw new FaultyInput(unknown.map(([key]) => keyFault(channel, key, [...loc, key, '[key]'])));
  const records: object[] = [];
  const values = entries.map(([key, item]): [string, unknown] => {
    const inner = { ...options, loc: [...loc, key], maxRecords: maxRecords - records.length };
    if (!channel.declaration.isList) {
      const record = channel.declaration.type.read(item, inner);
      records.push(record);
      return [key, record];
    }
    const list = readRecords(channel, item, inner);
    records.push(...list);
    return [key, list];
  });
  return { values: entries.length === 0 ? [] : [Object.fromEntries(values)], records };
}

/** What is wrong with a key that a basket does not have. */
export function keyFault({ keys }: Channel, key: string, loc: Location): Fault {
  const values = [...(keys?.values() ?? [])]
    .slice(0, 50)
    .map(({ value }) => (typeof value === 'string' ? `'${value}'` : value));
  const expected = values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  return { type: 'enum', loc, msg: `Input should be ${expected}`, input: key.slice(0, 200), ctx: { expected } };
}

function readRecords({ declaration }: Channel, input: unknown, options: ReadTicksOptions): object[] {
  const { loc, maxRecords, making } = options;
  if (!Array.isArray(input)) return [declaration.type.read(input, { making, loc })];
  if (input.length > maxRecords) throw tooMany(input.length, loc, maxRecords);
  return input.map((item, at) => declaration.type.read(item, { making, loc: [...loc, at] }));
}

function tooMany(count: number, loc: Location, maxRecords: number): FaultyInput {
  const msg = `List should have at most ${maxRecords} items, not ${count}`;
  return faulty('too_long', loc, msg, `${count} items`);
}

function faulty(type: string, loc: Location, msg: string, input: unknown): FaultyInput {
  const shown = typeof input === 'object' ? null : input;
  return new FaultyInput([{ type, loc, msg, input: shown ?? null }]);
}
