import { FaultyInput } from '../records/faults.js';
import { type Making } from '../records/record-type.js';
import { type GatewayModule } from '../sdk/module.js';
import { type Channel } from './catalogue.js';

/** Takes what modules tick, and what they leave uncaught. */
export interface TickSink {
  take(module: GatewayModule, channel: string, value: unknown): void;
  /** What nobody caught of what the module has begun in `connect`. */
  fail(module: GatewayModule, error: unknown): void;
}

/** A tick that is not one of its channel. */
export class BadTick extends Error {
  override readonly name = 'BadTick';
}

/** Makes what a module ticks into a tick of the channel: its records complete, its shape checked. @throws BadTick naming the channel */
export function completeTick(channel: Channel, value: unknown, making: Making): unknown {
  const { name, keys } = channel;
  if (keys === null) return completeValue(channel, value, making, name);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadTick(`channel "${name}" is a basket: a tick is an object of the keys that tick`);
  }
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    if (!keys.has(key)) throw new BadTick(`basket "${name}" has no key "${key}"`);
    return [key, completeValue(channel, item, making, `${name}/${key}`)];
  });
  return Object.fromEntries(entries);
}

function completeValue({ declaration }: Channel, value: unknown, making: Making, where: string): unknown {
  const { type, isList } = declaration;
  const complete = (record: unknown): unknown => {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw new BadTick(`channel "${where}" takes records of the type ${type.name}`);
    }
    try {
      return type.make(record, making);
    } catch (error) {
      if (!(error instanceof FaultyInput)) throw error;
      throw new BadTick(`channel "${where}": the record is no ${type.name}: ${error.message}`, { cause: error });
    }
  };
  if (!isList) return complete(value);
  if (!Array.isArray(value)) throw new BadTick(`channel "${where}" takes lists of records of the type ${type.name}`);
  return value.map(complete);
}
