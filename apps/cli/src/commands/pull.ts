import { Option, type Command } from 'commander';
import { SluiceError, type Entry } from '@sluice/sdk';
import { encodeLengthPrefixed, entryTimeMs } from '@sluice/wire';
import { payloadText, previewPayload } from '../format.js';
import { POSITION_HELP, parseBound, parseFrom } from '../position.js';
import { type Progress } from '../progress.js';
import { type GlobalOptions, type Session } from '../session.js';
import { openSource } from '../sources.js';
import { type Runner } from './action.js';
import { positiveNumber, wholeNumber } from './numbers.js';

const FORMATS = ['auto', 'text', 'raw', 'length', 'base64'] as const;
type Format = (typeof FORMATS)[number];

interface PullOptions {
  readonly from: string;
  readonly count?: number;
  readonly latest?: boolean;
  readonly maxFps?: number;
  readonly pattern?: boolean;
  readonly format: Format;
  readonly rest?: boolean;
}

interface RangeOptions {
  readonly start: string;
  readonly end: string;
  readonly reverse?: boolean;
  readonly count?: number;
  readonly format: Format;
}

const PULL_EXAMPLES = `
Examples:
  $ sluice pull host:vitals                          what comes from now on
  $ sluice pull log --from start --count 10          the first ten entries there are
  $ sluice pull log --from 5m                        from five minutes ago, then what comes
  $ sluice pull "cam*:video" --pattern --format raw --max-fps 5 > frames.mjpeg
  $ sluice pull log --json | jq .text

An entry's line is: stream, id, payload (as text, or the beginning of it in hexadecimal). With --json: one object a line with
stream, id, time, bytes and text or data (base64). --format raw writes payloads as they are, length puts 4 bytes of length before
each, text and base64 write one payload a line.`;

function asJson({ stream, id, payload }: Entry): object {
  const text = payloadText(payload);
  const content = text === null ? { data: Buffer.from(payload).toString('base64') } : { text };
  return { stream, id, time: new Date(entryTimeMs(id)).toISOString(), bytes: payload.length, ...content };
}

function writeEntry(session: Session, entry: Entry, format: Format): Promise<void> {
  const { output } = session;
  if (output.isJson) return output.json(asJson(entry));
  if (format === 'raw') return output.write(entry.payload);
  if (format === 'length') return output.write(encodeLengthPrefixed([entry.payload]));
  if (format === 'base64') return output.line(Buffer.from(entry.payload).toString('base64'));
  if (format === 'text') return output.line(new TextDecoder().decode(entry.payload));
  return output.line(`${entry.stream}  ${entry.id}  ${previewPayload(entry.payload)}`);
}

async function writeAll(
  session: Session,
  entries: AsyncIterable<Entry>,
  format: Format,
  count: number,
  progress: Progress | null,
): Promise<void> {
  let left = count;
  for await (const entry of entries) {
    await writeEntry(session, entry, format);
    progress?.add(1, entry.payload.length);
    if (--left <= 0) break;
  }
}

async function pull(session: Session, sids: readonly string[], options: PullOptions): Promise<void> {
  const from = parseFrom(options.from);
  if (options.count === 0) return;
  const starred = options.pattern === true ? undefined : sids.find((sid) => sid.includes('*'));
  // A stream may be called so, and one that is not there is waited for: nothing else would tell the two apart.
  if (starred !== undefined)
    session.note(`sluice: "${starred}" is the name of one stream; --pattern makes it a pattern`);
  const entries = await openSource(session, sids, { ...options, from, isPattern: options.pattern });
  // Rates beside lines of text on the same terminal would only disturb.
  const progress = session.output.isTerminal ? null : session.progress('pulled');
  try {
    await writeAll(session, entries, options.format, options.count ?? Number.POSITIVE_INFINITY, progress);
  } finally {
    progress?.end();
  }
}

async function range(session: Session, sid: string, options: RangeOptions): Promise<void> {
  if (options.count === 0) return;
  const entries = session.sluice.range(session.name(sid).key, {
    start: parseBound(options.start),
    end: parseBound(options.end),
    reverse: options.reverse === true,
    signal: session.signal,
    ...(options.count === undefined ? {} : { count: options.count }),
  });
  await writeAll(session, entries, options.format, Number.POSITIVE_INFINITY, null);
}

async function near(session: Session, sid: string, time: string, format: Format): Promise<void> {
  const bound = parseBound(time);
  const timeMs = bound === '+' ? Date.now() : bound === '-' ? 0 : Number(bound.split('-')[0]);
  const entry = await session.sluice.nearest(session.name(sid).key, timeMs);
  if (entry === null) throw new SluiceError('STREAM_NOT_FOUND', `"${session.name(sid).key}" has no entries`);
  await writeEntry(session, entry, format);
}

const formatOption = (): Option =>
  new Option('--format <kind>', 'how payloads are written').choices(FORMATS).default('auto');

/** Adds `pull`, `pull-raw`, `range` and `nearest`. */
export function addPullCommands(program: Command, run: Runner): void {
  const pullAction = (streams: string | string[], _options: unknown, command: Command): Promise<void> => {
    const options = command.optsWithGlobals<PullOptions & GlobalOptions>();
    return run(options, (session) => pull(session, [streams].flat(), options));
  };
  program
    .command('pull')
    .summary('print entries as they come')
    .description('Follow streams and print their entries, from now on or from any point in the past, until Ctrl-C.')
    .argument('<stream...>', 'names of streams, or glob patterns with --pattern')
    .option('--from <position>', `where to begin: ${POSITION_HELP}`, 'now')
    .option('--count <n>', 'end after so many entries', wholeNumber(0))
    .option('--latest', 'skip what cannot be taken in time')
    .option('--max-fps <n>', 'frames a second at most', positiveNumber)
    .option('--pattern', 'the names are glob patterns; streams that appear later join')
    .addOption(formatOption())
    .option('--rest', 'poll over REST (redis-streamer dialect, one stream) and not over WebSocket')
    .addHelpText('after', PULL_EXAMPLES)
    .action(pullAction);

  program
    .command('pull-raw')
    .alias('pull_raw')
    .summary('print entries of one stream')
    .description('Follow one stream and print id and payload of its entries, until Ctrl-C.')
    .argument('<stream>', 'name of the stream')
    .option('--from <position>', `where to begin: ${POSITION_HELP}`, 'now')
    .option('--count <n>', 'end after so many entries', wholeNumber(0))
    .option('--latest', 'skip what cannot be taken in time')
    .addOption(formatOption())
    .option('--rest', 'poll over REST (redis-streamer dialect)')
    .addHelpText('after', '\nExample:\n  $ sluice pull-raw counter --from start')
    .action(pullAction);

  program
    .command('range')
    .summary('print entries of the past')
    .description('Print the entries between two points, and end.')
    .argument('<stream>', 'name of the stream')
    .option('--start <bound>', 'first: "start", an id, a time or an age', 'start')
    .option('--end <bound>', 'last: "end", an id, a time or an age', 'end')
    .option('--reverse', 'newest first')
    .option('--count <n>', 'at most so many', wholeNumber(0))
    .addOption(formatOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ sluice range log --reverse --count 10\n  $ sluice range log --start 1h --end 30m',
    )
    .action((stream: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<RangeOptions & GlobalOptions>();
      return run(options, (session) => range(session, stream, options));
    });

  program
    .command('nearest')
    .summary('print the entry nearest to a time')
    .description('Print the entry whose time is nearest to the one given.')
    .argument('<stream>', 'name of the stream')
    .argument('<time>', 'milliseconds, a time (2026-01-31T12:00:00Z) or an age (5m)')
    .addOption(formatOption())
    .addHelpText('after', '\nExample:\n  $ sluice nearest host:vitals 10m --json')
    .action((stream: string, time: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<{ format: Format } & GlobalOptions>();
      return run(options, (session) => near(session, stream, time, options.format));
    });
}
