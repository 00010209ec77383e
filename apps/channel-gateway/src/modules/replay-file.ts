import { setTimeout as delay } from 'node:timers/promises';
import { readDateTime } from '../records/times.js';
import { type GatewayModule, type ModuleRun, type Selection } from '../sdk/module.js';
import { named, readTick, type NamedChannels, type NamedOutput } from './named-channels.js';
import { formatOf, readCycles, type ReplayCycle, type ReplayFormat } from './replay-rows.js';

export interface ReplayFileOptions {
  /** Default: `ReplayFile[<file>]`. */
  readonly name?: string;
  readonly file: string;
  /** Default: what the name's ending says: `.json`, `.jsonl`, `.ndjson`, `.csv` or `.parquet`. */
  readonly format?: ReplayFormat;
  /** Of JSON lines: the channels that are replayed; others of the file are left out. Default: every channel. */
  readonly selection?: Selection;
  /** Of tables: the channel that each row is a record of. */
  readonly channel?: string;
  /** Of tables: the column with the time of the tick. Default `timestamp`. */
  readonly timeColumn?: string;
  /** How fast: 1 is the pace of the times in the file, 2 twice as fast, `Infinity` (default) as fast as the log takes it. */
  readonly speed?: number;
  /** Give every record a new id and a new timestamp. Default: what the file says is kept. */
  readonly forceNew?: boolean;
}

interface Target {
  readonly channels: NamedChannels;
  readonly outputs: ReadonlyMap<string, NamedOutput>;
}

/**
 * Ticks what a file holds: JSON lines as `recordFile` writes them, or the rows of a table (CSV, Parquet). It begins when the modules
 * start, also where another replica takes them over. A record that its channel refuses ends the replay with a failure that names it.
 */
export function replayFile(options: ReplayFileOptions): GatewayModule {
  const { file, channel = null, selection, speed = Infinity, name = `ReplayFile[${file}]` } = options;
  const format = options.format ?? formatOf(file);
  if (!(speed > 0)) throw new Error(`${name}: the speed ${speed} is not above 0`);
  let target: Target | null = null;
  return {
    name,
    connect: (connector) => {
      const channels = named(connector);
      if (format !== 'json-lines' && channel === null)
        throw new Error(`${file}: a table is replayed to one channel: name it`);
      const chosen = channel === null ? channels.choose(selection) : [channel];
      target = { channels, outputs: new Map(chosen.map((one) => [one, channels.output(one)])) };
    },
    start: async (run) => {
      if (target === null) return;
      const cycles = readCycles({ file, format, channel, timeColumn: options.timeColumn ?? 'timestamp' });
      await replay(cycles, target, run, { speed, forceNew: options.forceNew ?? false });
    },
  };
}

async function replay(
  cycles: AsyncIterable<ReplayCycle>,
  target: Target,
  { signal, room }: ModuleRun,
  { speed, forceNew }: { readonly speed: number; readonly forceNew: boolean },
): Promise<void> {
  const pace = new Pace(speed);
  let number = 0;
  for await (const { time, ticks } of cycles) {
    number += 1;
    const waitMs = pace.waitMs(time);
    if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined);
    // Each line is a cycle of its own, and the log may be behind.
    await room();
    if (signal.aborted) return;
    tickAll(target, ticks, number, forceNew);
  }
}

/** Everything is read before anything ticks: a cycle comes whole or not at all. */
function tickAll(
  { channels, outputs }: Target,
  ticks: Readonly<Record<string, unknown>>,
  number: number,
  forceNew: boolean,
): void {
  const read = Object.entries(ticks).flatMap(([name, value]): [NamedOutput, unknown][] => {
    const output = outputs.get(name);
    if (output === undefined) return [];
    try {
      return [[output, readTick(channels, name, value, forceNew)]];
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`cycle ${number}, channel "${name}": ${reason}`, { cause });
    }
  });
  for (const [output, value] of read) output.tick(value);
}

/** Waits as long as the times say that passed, divided by the speed. Times that go back, or are none, are not waited for. */
class Pace {
  private first: { readonly fileMs: number; readonly startedMs: number } | null = null;

  constructor(private readonly speed: number) {}

  waitMs(time: unknown): number {
    if (this.speed === Infinity) return 0;
    const text = readDateTime(time, false);
    if (text === null) return 0;
    const fileMs = Date.parse(`${text}Z`);
    this.first ??= { fileMs, startedMs: performance.now() };
    return (fileMs - this.first.fileMs) / this.speed - (performance.now() - this.first.startedMs);
  }
}
