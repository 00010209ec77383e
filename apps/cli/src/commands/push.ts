import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { UsageError } from '../exit.js';
import { FRAMINGS, MAX_ENTRY_BYTES, makeSplitter, type Framing } from '../framing/splitter.js';
import { Pace } from '../pace.js';
import { type GlobalOptions, type Session } from '../session.js';
import { openSink, type EntrySink } from '../sinks.js';
import { type Runner } from './action.js';
import { positiveNumber, wholeNumber } from './numbers.js';

interface PushOptions {
  readonly stdin?: boolean;
  readonly framing: Framing;
  readonly file: readonly string[];
  readonly id?: string;
  readonly key?: string;
  readonly packed?: boolean;
  readonly rest?: boolean;
}

const PUSH_EXAMPLES = `
Examples:
  $ sluice push log "hello world"                          one entry; prints its id
  $ sluice push pictures --file a.jpg b.jpg                one entry a file
  $ vmstat 1 | sluice push vmstat --stdin                  one entry a line, as they come
  $ tail -f app.log | sluice push app:log --stdin
  $ ffmpeg -i /dev/video0 -f mjpeg - | sluice push cam --stdin --framing mjpeg
  $ producer | sluice push data --stdin --framing length   each entry behind its length (4 bytes, big-endian)`;

async function pushStdin(session: Session, sink: EntrySink, framing: Framing): Promise<void> {
  const { stdin } = session.host;
  const splitter = makeSplitter(framing);
  let byteCount = 0;
  let entryCount = 0;
  const put = (entry: Uint8Array): Promise<void> => {
    entryCount++;
    return sink.push(entry);
  };
  const stop = (): void => void stdin.destroy();
  session.signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of stdin as AsyncIterable<Uint8Array>) {
      byteCount += chunk.length;
      for (const entry of splitter.push(chunk)) await put(entry);
    }
    // An input that was cut short is an error, and no reason to lose what came before.
    await sink.flush();
    for (const entry of splitter.end()) await put(entry);
    if (byteCount > 0 && entryCount === 0) throw new Error(nothingFound(byteCount, framing));
  } catch (error) {
    // Ctrl-C ends the reading in the middle; what has been read is still sent.
    if (!session.signal.aborted) throw error;
  } finally {
    session.signal.removeEventListener('abort', stop);
  }
}

function nothingFound(byteCount: number, framing: Framing): string {
  const what = framing === 'mjpeg' ? 'whole JPEG picture' : 'whole entry';
  return `standard input held ${byteCount} bytes and no ${what}: does --framing ${framing} fit?`;
}

async function readPayloads(texts: readonly string[], files: readonly string[]): Promise<Uint8Array[]> {
  const payloads: Uint8Array[] = texts.map((text) => Buffer.from(text));
  for (const file of files) {
    const content = await readFile(file).catch((error: Error) => {
      throw new UsageError(`cannot read --file ${file}: ${error.message}`);
    });
    if (content.length > MAX_ENTRY_BYTES) {
      throw new UsageError(`--file ${file} has ${content.length} bytes; an entry has at most ${MAX_ENTRY_BYTES}`);
    }
    payloads.push(content);
  }
  return payloads;
}

async function printIds(session: Session, ids: readonly string[]): Promise<void> {
  for (const id of ids) await (session.output.isJson ? session.output.json({ id }) : session.output.line(id));
}

async function push(session: Session, sid: string, texts: readonly string[], options: PushOptions): Promise<void> {
  const hasPayloads = texts.length + options.file.length > 0;
  if (hasPayloads && options.stdin === true) throw new UsageError('give entries, or --stdin, not both');
  if (!hasPayloads && options.stdin !== true) throw new UsageError('nothing to push: give texts, --file or --stdin');
  if (hasPayloads) return pushPayloads(session, sid, await readPayloads(texts, options.file), options);
  if (options.id !== undefined || options.key !== undefined) {
    throw new UsageError('--id and --key are for entries given on the command line, not for --stdin');
  }
  const progress = session.progress('pushed');
  let printed = Promise.resolve();
  const onIds = session.output.isJson
    ? (ids: readonly string[]) => void (printed = printed.then(() => printIds(session, ids)))
    : undefined;
  const sink = await openSink(session, sid, progress, { ...options, onIds });
  try {
    await pushStdin(session, sink, options.framing);
    await sink.flush();
    await printed;
  } finally {
    progress.end();
  }
}

async function pushPayloads(
  session: Session,
  sid: string,
  payloads: readonly Uint8Array[],
  options: PushOptions,
): Promise<void> {
  const { key, device, stream } = session.name(sid);
  const { id, key: idempotencyKey } = options;
  if (options.rest === true) {
    if (id !== undefined || idempotencyKey !== undefined) throw new UsageError('--rest takes no --id and no --key');
    return printIds(session, await session.sluice.streamer.post(stream, payloads, { device }));
  }
  const keyed = idempotencyKey === undefined ? {} : { idempotencyKey };
  const [first] = payloads;
  if (id !== undefined && (payloads.length !== 1 || first === undefined)) {
    throw new UsageError(`--id is for one entry, not for ${payloads.length}`);
  }
  await session.sluice.connect();
  if (id === undefined || first === undefined) {
    return printIds(session, await session.sluice.pushAll(key, payloads, keyed));
  }
  await printIds(session, [await session.sluice.push(key, first, { id, ...keyed })]);
}

interface IncrementOptions {
  readonly maxValue: number;
  readonly rate: number;
  readonly rest?: boolean;
}

async function pushIncrement(session: Session, sid: string, options: IncrementOptions): Promise<void> {
  const progress = session.progress('pushed');
  const sink = await openSink(session, sid, progress, options);
  const pace = new Pace(options.rate, session.signal);
  try {
    for (let value = 0; value < options.maxValue && !session.signal.aborted; value++) {
      await sink.push(Buffer.from(String(value)));
      await pace.next();
    }
    await sink.flush();
  } finally {
    progress.end();
  }
}

/** Adds `push` and `push-increment`. */
export function addPushCommands(program: Command, run: Runner): void {
  program
    .command('push')
    .summary('push texts, files or standard input')
    .description('Append entries to a stream: the texts given, files, or what comes on standard input.')
    .argument('<stream>', 'name of the stream (<device>:<name>, or a name of the default device)')
    .argument('[text...]', 'one entry each')
    .option('--stdin', 'push what comes on standard input, until it ends')
    .addOption(
      new Option('--framing <kind>', 'how standard input is cut into entries').choices(FRAMINGS).default('lines'),
    )
    .option('--file <path...>', 'push files, one entry each', [])
    .option('--id <id>', "the entry's own id (<ms>-<seq> or <ms>-*), above the last of the stream")
    .option('--key <key>', 'idempotency key: repeating the same push stores it once')
    .option('--packed', 'store what leaves together as one Redis entry (fast for many small entries)')
    .option('--rest', 'push over REST (redis-streamer dialect) and not over WebSocket')
    .addHelpText('after', PUSH_EXAMPLES)
    .action((stream: string, texts: string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<PushOptions & GlobalOptions>();
      return run(options, (session) => push(session, stream, texts, options));
    });

  program
    .command('push-increment')
    .alias('push_increment')
    .summary('push the numbers 0, 1, 2 …')
    .description('Append the numbers from 0 up as text, for trying things out.')
    .argument('<stream>', 'name of the stream')
    .option('--max-value <n>', 'how many numbers', wholeNumber(1), 1000)
    .option('--rate <n>', 'numbers a second; 0: as fast as they are taken', positiveNumber, 0)
    .option('--rest', 'push over REST (redis-streamer dialect)')
    .addHelpText('after', '\nExample:\n  $ sluice push-increment counter --rate 10')
    .action((stream: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<IncrementOptions & GlobalOptions>();
      return run(options, (session) => pushIncrement(session, stream, options));
    });
}
