import { type BasketKey } from '../sdk/channels.js';
import { type Channel } from '../engine/catalogue.js';
import { type Fault, Faults, FaultyInput, type Location } from '../records/faults.js';
import { type Making } from '../records/record-type.js';

/** What a client sent. Each record is written as JSON once, for the log and for the answer alike. */
export interface ReadTicks {
  /** One text for each tick, as an entry holds it. */
  readonly payloads: readonly string[];
  /** JSON list of every record in them, in the order they were sent. */
  readonly json: string;
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
  const texts = readRecords(channel, input, options);
  const json = listOf(texts);
  const whole = texts.length === 0 ? [] : [json];
  const lists = channel.declaration.isList ? whole : texts.map((text) => `[${text}]`);
  return { payloads: key === null ? lists : lists.map((list) => `{${memberOf(key, list)}}`), json };
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
  const texts: string[] = [];
  const members = entries.map(([key, item]) => {
    const inner = { ...options, loc: [...loc, key], maxRecords: maxRecords - texts.length };
    const list = channel.declaration.isList
      ? readRecords(channel, item, inner)
      : [JSON.stringify(channel.declaration.type.read(item, inner))];
    texts.push(...list);
    return memberOf(key, listOf(list));
  });
  return { payloads: entries.length === 0 ? [] : [`{${members.join(',')}}`], json: listOf(texts) };
}

/** What is wrong with a key that a basket does not have. */
export function keyFault({ keys }: Channel, key: string, loc: Location): Fault {
  const values = [...(keys?.values() ?? [])]
    .slice(0, 50)
    .map(({ value }) => (typeof value === 'string' ? `'${value}'` : value));
  const expected = values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  return { type: 'enum', loc, msg: `Input should be ${expected}`, input: key.slice(0, 200), ctx: { expected } };
}

/** The JSON of one record, or of each one in a list. */
function readRecords({ declaration }: Channel, input: unknown, options: ReadTicksOptions): string[] {
  const { loc, maxRecords, making } = options;
  if (!Array.isArray(input)) return [JSON.stringify(declaration.type.read(input, { making, loc }))];
  if (input.length > maxRecords) throw tooMany(input.length, loc, maxRecords);
  return input.map((item, at) => JSON.stringify(declaration.type.read(item, { making, loc: [...loc, at] })));
}

function listOf(texts: readonly string[]): string {
  return `[${texts.join(',')}]`;
}

function memberOf(key: string, list: string): string {
  return `${JSON.stringify(key)}:${list}`;
}

function tooMany(count: number, loc: Location, maxRecords: number): FaultyInput {
  const msg = `List should have at most ${maxRecords} items, not ${count}`;
  return faulty('too_long', loc, msg, `${count} items`);
}

function faulty(type: string, loc: Location, msg: string, input: unknown): FaultyInput {
  const faults = new Faults(loc);
  faults.add(type, msg, input);
  return new FaultyInput(faults.list);
}
