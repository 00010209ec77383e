import { randomBytes } from 'node:crypto';
import { type Command } from 'commander';
import { measureDelivery, measureLatency, measurePush, type BenchPlan, type Rate } from '../bench/measure.js';
import { formatBytes, formatCount, formatDuration, formatRate } from '../format.js';
import { type GlobalOptions, type Session } from '../session.js';
import { type Runner } from './action.js';
import { rateAboveZero, wholeNumber } from './numbers.js';

interface BenchOptions {
  readonly bytes: number;
  readonly seconds: number;
  readonly streams: number;
  readonly followers: number;
  readonly rate: number;
  readonly packed?: boolean;
}

function describeRate({ entries, bytes, seconds, lost = 0 }: Rate): string {
  const trimmed = lost === 0 ? '' : `  (${formatCount(lost)} trimmed before they were read)`;
  return `${formatRate(entries / seconds).padStart(12)}  ${formatBytes(bytes / seconds).padStart(8)}/s${trimmed}`;
}

async function bench(session: Session, options: BenchOptions): Promise<void> {
  await session.sluice.connect();
  const base = `bench:${randomBytes(4).toString('hex')}`;
  const plan: BenchPlan = { ...options, packed: options.packed === true, base };
  const { output } = session;
  const report = async (line: string, result: object, text: string): Promise<void> => {
    await (output.isJson ? output.json({ line, ...result }) : output.line(`${line.padEnd(34)} ${text}`));
  };
  try {
    session.note(
      `${plan.bytes} bytes an entry, ${plan.seconds} s a line; client, server and Redis share this machine's cores`,
    );
    const pushed = await measurePush(session, plan);
    await report('push, acknowledged', pushed, describeRate(pushed));
    if (session.signal.aborted) return;
    const delivered = await measureDelivery(session, plan);
    const how = `push to pull, ${plan.streams} to ${plan.streams * plan.followers}`;
    await report(how, delivered, describeRate(delivered));
    if (session.signal.aborted) return;
    const latency = await measureLatency(session, plan);
    const words = `p50 ${formatDuration(latency.p50Ms)}  p99 ${formatDuration(latency.p99Ms)}  max ${formatDuration(latency.maxMs)}`;
    await report(`push to pull at ${formatRate(plan.rate)}`, latency, words);
  } finally {
    for (let index = 0; index < plan.streams; index++) {
      await session.sluice.streams.delete(`${base}-${index}`).catch(() => undefined);
    }
  }
}

/** Adds `bench`. */
export function addBenchCommand(program: Command, run: Runner): void {
  program
    .command('bench')
    .summary('measure a running Sluice from here')
    .description(
      'Measure rates and latency of a running Sluice as one client sees them (sluice.v1). The streams it makes are deleted again.',
    )
    .option('--bytes <n>', 'bytes an entry (at least 16)', wholeNumber(16), 100)
    .option('--seconds <n>', 'length of each measurement', rateAboveZero, 3)
    .option('--streams <n>', 'streams written at the same time', wholeNumber(1), 1)
    .option('--followers <n>', 'readers of each stream', wholeNumber(1), 1)
    .option('--rate <n>', 'entries a second for the latency', rateAboveZero, 1000)
    .option('--packed', 'store batches as one Redis entry')
    .addHelpText('after', '\nExamples:\n  $ sluice bench\n  $ sluice bench --bytes 20000 --followers 10 --json')
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<BenchOptions & GlobalOptions>();
      return run(options, (session) => bench(session, options));
    });
}
