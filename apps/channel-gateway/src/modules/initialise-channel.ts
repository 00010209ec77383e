import { type GatewayModule } from '../sdk/module.js';
import { named, readTick } from './named-channels.js';

export interface InitialiseOptions {
  /** Default: `Initialise[<channel>]`. */
  readonly name?: string;
  readonly channel: string;
  /** What ticks: a record, a list of records, or an object of a basket's keys. Read like something that a client sends. */
  readonly value: unknown;
  /** So long after the modules have started. Default 0. */
  readonly offsetMs?: number;
  /** The value is a list, and each item of it ticks by itself, in one cycle. */
  readonly unroll?: boolean;
}

/**
 * Ticks a channel once, when the modules start; that is also when another replica takes them over.
 */
export function initialiseChannel(options: InitialiseOptions): GatewayModule {
  const { channel, value, offsetMs = 0, unroll = false, name = `Initialise[${channel}]` } = options;
  return {
    name,
    connect: (connector) => {
      const channels = named(connector);
      const output = channels.output(channel);
      if (unroll && !Array.isArray(value))
        throw new Error(`the value for "${channel}" is no list that could be unrolled`);
      // Read now, so that a value that does not fit is told before anything runs; and again, to have the time of its tick.
      const values = unroll ? (value as readonly unknown[]) : [value];
      const read = (): unknown[] => values.map((item) => readTick(channels, channel, item, false));
      read();
      channels.after(offsetMs, () => {
        for (const tick of read()) output.tick(tick);
      });
    },
  };
}
