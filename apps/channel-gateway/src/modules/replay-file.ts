import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
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
  /** Begin anew with each start of the modules. Default: go on where the file was left, and be done with it at its end. */
  readonly restart?: boolean;
}

/** Under which the progress is kept. */
const DONE = 'cycles done';
const HEAD = 'head of the file';
const HEAD_BYTES = 4096;

interface Target {
  readonly channels: NamedChannels;
  readonly outputs: ReadonlyMap<string, NamedOutput>;
}

/**
 * Ticks what a file holds: JSON lines as `recordFile` writes them, or the rows of a table (CSV, Parquet). It begins when the modules
 * start; how far it has come is kept with the records, so that another replica, or the next start, goes on from there. A file with another
 * beginning (its first 4 KiB) is replayed anew. A record that its channel refuses ends the replay with a failure that names it.
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
      const done = options.restart === true ? 0 : await cyclesDone(file, run);
      await replay(cycles, target, run, { speed, forceNew: options.forceNew ?? false, done });
    },
  };
}

/** Cycles of the file that were replayed before; none of a file that has taken the place of that one. */
async function cyclesDone(file: string, { kept, keep }: ModuleRun): Promise<number> {
  const known = kept.get(HEAD);
  const isSame = known !== undefined && (await headOf(file, Number.parseInt(known, 10))) === known;
  if (isSame) return Number(kept.get(DONE) ?? 0);
  keep(DONE, null);
  keep(HEAD, await headOf(file, HEAD_BYTES));
  return 0;
}

/** Length and hash of the first bytes of a file. */
async function headOf(file: string, maxBytes: number): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
    return `${bytesRead} ${createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex')}`;
  } finally {
    await handle.close();
  }
}

async function replay(
  cycles: AsyncIterable<ReplayCycle>,
  target: Target,
  { signal, room, keep }: ModuleRun,
  { speed, forceNew, done }: { readonly speed: number; readonly forceNew: boolean; readonly done: number },
): Promise<void> {
  const pace = new Pace(speed);
  let number = 0;
  for await (const { time, ticks } of cycles) {
    number += 1;
    if (number <= done) continue;
    const waitMs = pace.waitMs(time);
    if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined);
    // Each line is a cycle of its own, and the log may be behind.
    await room();
    if (signal.aborted) return;
    tickAll(target, ticks, number, forceNew);
    keep(DONE, String(number));
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
