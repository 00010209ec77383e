import { type ChannelShape, type Connector, type CycleInfo } from '../sdk/module.js';

/** A connector for modules that work with whatever channels they are told the names of. */
export interface NamedChannels extends Omit<Connector, 'on' | 'output'> {
  on(names: readonly string[], handler: (ticks: Readonly<Record<string, unknown>>, cycle: CycleInfo) => void): void;
  output(name: string): NamedOutput;
}

export interface NamedOutput {
  tick(value: unknown): void;
}

/** The connector as such a module sees it; what it ticks is checked when it ticks. */
export function named(channels: Connector): NamedChannels {
  return channels as unknown as NamedChannels;
}

/**
 * A tick of a channel with each of its records replaced. Keys and lists of which nothing is left do not tick.
 * @param change what takes a record's place; null: nothing
 * @returns undefined when nothing ticks
 */
export function mapTick({ isList, keys }: ChannelShape, tick: unknown, change: (record: unknown) => unknown): unknown {
  const one = (value: unknown): unknown => {
    if (!isList) return change(value) ?? undefined;
    const kept = (value as readonly unknown[]).map(change).filter((record) => record !== null);
    return kept.length === 0 ? undefined : kept;
  };
  if (keys === null) return one(tick);
  const entries = Object.entries(tick as object)
    .map(([key, value]): [string, unknown] => [key, one(value)])
    .filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/**
 * Reads a tick of a channel from plain JSON: records of the channel's type, validators included.
 * @throws FaultyInput, Error for a value that has not the channel's shape
 */
export function readTick(channels: NamedChannels, name: string, input: unknown, forceNew: boolean): unknown {
  const { type, isList, keys } = channels.describe(name);
  const record = (value: unknown): unknown => channels.read(type as never, value, { forceNew });
  const one = (value: unknown, where: string): unknown => {
    if (!isList) return record(value);
    if (!Array.isArray(value)) throw new Error(`"${where}" takes lists of records`);
    return value.map(record);
  };
  if (keys === null) return one(input, name);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new Error(`"${name}" is a basket: an object of keys ticks there`);
  }
  return Object.fromEntries(
    Object.entries(input).map(([key, value]): [string, unknown] => {
      if (!keys.includes(key)) throw new Error(`the basket "${name}" has no key "${key.slice(0, 100)}"`);
      return [key, one(value, `${name}/${key}`)];
    }),
  );
}
