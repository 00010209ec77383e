import { type GatewayModule, type Selection } from '../sdk/module.js';
import { named } from './named-channels.js';

/** Levels of a log. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** A log, such as that of pino. */
export type ChannelLog = Readonly<Record<LogLevel, (facts: object, message: string) => void>>;

export interface LogChannelsOptions {
  /** Default: `LogChannels`. */
  readonly name?: string;
  /** Default: every channel. */
  readonly selection?: Selection;
  /** Default: `info`. */
  readonly level?: LogLevel;
  readonly log: ChannelLog;
}

export interface PrintChannelsOptions {
  /** Default: `PrintChannels`. */
  readonly name?: string;
  /** Default: every channel. */
  readonly selection?: Selection;
  /** Where lines go, each with its end. Default: standard output. */
  readonly write?: (line: string) => void;
}

type Show = (channel: string, tick: unknown, nowMs: number) => void;

/** Logs every tick of some channels, with the channel and the tick as facts. For looking at an application: it costs a line a tick. */
export function logChannels({
  name = 'LogChannels',
  selection,
  level = 'info',
  log,
}: LogChannelsOptions): GatewayModule {
  return showing(name, selection, (channel, tick) => log[level]({ channel, tick }, `${channel} ticked`));
}

/** Writes every tick of some channels as a line: the time, the channel, and the tick as JSON. */
export function printChannels(options: PrintChannelsOptions = {}): GatewayModule {
  const { name = 'PrintChannels', selection, write = (line) => process.stdout.write(line) } = options;
  return showing(name, selection, (channel, tick, nowMs) => {
    write(`${new Date(nowMs).toISOString()} ${channel}: ${JSON.stringify(tick)}\n`);
  });
}

/** Nothing has to tick what is only shown. */
function showing(name: string, selection: Selection | undefined, show: Show): GatewayModule {
  return {
    name,
    requires: [],
    connect: (connector) => {
      const channels = named(connector);
      channels.on(channels.choose(selection), (ticks, { nowMs }) => {
        for (const [channel, tick] of Object.entries(ticks)) show(channel, tick, nowMs);
      });
    },
  };
}
