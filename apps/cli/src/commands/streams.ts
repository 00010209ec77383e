import { type Command } from 'commander';
import { type StreamRetention, type StreamInfo } from '@sluice/sdk';
import { formatBytes, formatCount, formatDuration, formatRate, formatTable } from '../format.js';
import { type GlobalOptions, type Session } from '../session.js';
import { type Runner } from './action.js';

interface ListOptions {
  readonly match?: string;
  readonly prefix?: string;
}

function age(time: string | null): string {
  return time === null ? '-' : `${formatDuration(Math.max(0, Date.now() - Date.parse(time)))} ago`;
}

function row(stream: StreamInfo): string[] {
  const { name, length, bytes, ratePerSecond, bytesPerSecond, lastEntryTime } = stream;
  const rates = [formatRate(ratePerSecond), `${formatBytes(bytesPerSecond)}/s`];
  return [name, formatCount(length), formatBytes(bytes), ...rates, age(lastEntryTime)];
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { device } = session.options;
  const filter = {
    ...(options.match === undefined ? {} : { match: options.match }),
    ...(options.prefix === undefined && device === undefined
      ? {}
      : { prefix: `${device === undefined ? '' : `${device}:`}${options.prefix ?? ''}` }),
  };
  const rows: string[][] = [];
  for await (const stream of session.sluice.streams.list(filter)) {
    if (session.output.isJson) await session.output.json(stream);
    else rows.push(row(stream));
  }
  if (session.output.isJson) return;
  if (rows.length === 0) session.note(nothingListed(Object.values(filter)));
  else {
    const head = ['stream', 'entries', 'size', 'rate', 'bytes', 'last'];
    for (const line of formatTable(head, rows)) await session.output.line(line);
  }
}

function nothingListed(asked: readonly string[]): string {
  if (asked.length === 0) return 'no streams yet: try "sluice push-increment counter"';
  return `no stream fits ${asked.map((text) => `"${text}"`).join(' and ')}; whole names are compared, as in "default:counter"`;
}

/** A retention in words. The default promises entries and age at least; a stream's own bounds are all upper ones. */
function describeRetention({ maxEntries, maxAgeMs, maxBytes, source }: StreamRetention): string {
  const entries = maxEntries === null ? null : `${formatCount(maxEntries)} entries`;
  const duration = maxAgeMs === null ? null : formatDuration(maxAgeMs);
  const bytes = maxBytes === null ? null : formatBytes(maxBytes);
  const kept = [entries, duration].filter((bound) => bound !== null);
  if (source === 'default' && kept.length > 0) {
    return `at least ${kept.join(' and ')}${bytes === null ? '' : `, at most ${bytes}`} (default)`;
  }
  const bounds = [...kept, ...(bytes === null ? [] : [bytes])];
  return bounds.length === 0 ? 'kept for ever' : `at most ${bounds.join(', ')}`;
}

async function info(session: Session, sid: string): Promise<void> {
  const stream = await session.sluice.streams.info(session.name(sid).key);
  const groups = stream.groups === 0 ? [] : await session.sluice.streams.groups(stream.name);
  if (session.output.isJson) return session.output.json({ ...stream, groupList: groups });
  const rows: [string, string][] = [
    ['name', stream.name],
    ['entries', `${formatCount(stream.length)} (${formatCount(stream.entriesAdded)} ever appended)`],
    ['size', formatBytes(stream.bytes)],
    ['rate', `${formatRate(stream.ratePerSecond)}, ${formatBytes(stream.bytesPerSecond)}/s`],
    ['first entry', stream.firstEntryId ?? '-'],
    ['last entry', `${stream.lastEntryId ?? '-'} (${age(stream.lastEntryTime)})`],
    ['last id', stream.lastGeneratedId],
    ['retention', describeRetention(stream.retention)],
    ['groups', String(stream.groups)],
  ];
  for (const [key, value] of rows) await session.output.line(`${key.padEnd(12)} ${value}`);
  for (const group of groups) {
    const lag = group.lag === null ? '' : `, ${formatCount(group.lag)} not delivered`;
    const facts = `${group.consumers} consumers, ${formatCount(group.pending)} not acknowledged${lag}`;
    await session.output.line(`  ${group.group}: ${facts}`);
  }
}

/** Adds `ls` and `info`. */
export function addStreamCommands(program: Command, run: Runner): void {
  program
    .command('ls')
    .summary('list streams')
    .description('List streams with their length, size, rate and age. With --device: those of one device.')
    .option('--match <glob>', 'only names that fit, such as "cam*:video"')
    .option('--prefix <text>', 'only names that begin so')
    .addHelpText('after', '\nExamples:\n  $ sluice ls\n  $ sluice ls --device cam1\n  $ sluice ls --json | jq -r .name')
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ListOptions & GlobalOptions>();
      return run(options, (session) => list(session, options));
    });

  program
    .command('info')
    .summary('show what is known of a stream')
    .description('Show length, size, rate, ids, retention and consumer groups of a stream.')
    .argument('<stream>', 'name of the stream')
    .addHelpText('after', '\nExample:\n  $ sluice info host:vitals')
    .action((stream: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      return run(options, (session) => info(session, stream));
    });
}
