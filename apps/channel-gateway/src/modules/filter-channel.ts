import { type ChannelShape, type GatewayModule } from '../sdk/module.js';
import { mapTick, named } from './named-channels.js';

export interface FilterOptions<Item> {
  /** Default: `Filter[<from> to <to>]`. */
  readonly name?: string;
  /** Channel that is read. */
  readonly from: string;
  /** Channel of the same type and shape that gets what passes. */
  readonly to: string;
  /** Whether a record passes; of lists and baskets each record is asked about by itself. */
  readonly keep: (record: Item) => boolean;
}

/** Hands on those records of a channel that pass a test. A tick of which nothing is left does not tick. */
export function filterChannel<Item = Readonly<Record<string, unknown>>>(options: FilterOptions<Item>): GatewayModule {
  const { from, to, keep, name = `Filter[${from} to ${to}]` } = options;
  return {
    name,
    connect: (connector) => {
      const channels = named(connector);
      const shape = channels.describe(from);
      const output = channels.output(to);
      if (!isSame(shape, channels.describe(to))) {
        throw new Error(`"${from}" and "${to}" are channels of different types or shapes`);
      }
      channels.on([from], (ticks) => {
        const passed = mapTick(shape, ticks[from], (record) => (keep(record as Item) ? record : null));
        if (passed !== undefined) output.tick(passed);
      });
    },
  };
}

function isSame(one: ChannelShape, other: ChannelShape): boolean {
  return one.type === other.type && one.isList === other.isList && (one.keys === null) === (other.keys === null);
}
