import { type GraphQLResolveInfo } from 'graphql';
import { SluiceError } from '@sluice/contracts';
import { averageBytes, type LogEntry, type StreamFacts } from '@sluice/stream-log';
import { inSlices } from '../answers/in-slices.js';
import { askedFields } from '../graphql/asked-fields.js';
import { type OperationContext } from '../graphql/operation-context.js';
import { type Edge } from './edge-entries.js';
import { type GroupLag } from './group-lags.js';
import { type Soon } from './soon.js';
import { type StreamType } from './stream.type.js';

/** What was read of a stream, or is being read; what is undefined is not. */
export interface KnownOfStream {
  facts?: Soon<StreamFacts | SluiceError> | undefined;
  /** As JSON; null for none. */
  meta?: Soon<string | null> | undefined;
  groups?: Soon<readonly GroupLag[]> | undefined;
  first?: Soon<LogEntry | SluiceError | null> | undefined;
  last?: Soon<LogEntry | SluiceError | null> | undefined;
}

const OF_META = ['meta', 'revision'];
const OF_GROUPS = ['groupLags', 'lag'];
const OF_FIRST = ['firstEntryData', 'firstEntryString', 'firstEntryJson'];
const OF_LAST = ['lastEntryData', 'lastEntryString', 'lastEntryJson'];
const OF_NOTHING = ['id', 'sid', 'streamId', '__typename'];
const NOT_OF_FACTS = new Set([...OF_META, ...OF_GROUPS, ...OF_FIRST, ...OF_LAST, ...OF_NOTHING]);
/** An entry is held as it is, and in the forms that are asked for. */
const FORMS = 4;

/** Streams as members of a list, with what is asked of them. @throws as `inSlices` */
export function listStreams(
  streams: readonly StreamType[],
  context: OperationContext,
  info: GraphQLResolveInfo,
): Promise<Promise<StreamType>[]> {
  const asked = askedFields(info);
  const asksFor = (fields: readonly string[]): boolean => fields.some((field) => asked.names.has(field));
  const wants = {
    facts: [...asked.names].some((field) => !NOT_OF_FACTS.has(field)),
    meta: asksFor(OF_META),
    groups: asksFor(OF_GROUPS),
    first: asksFor(OF_FIRST),
    last: asksFor(OF_LAST),
  };
  const size = wants.first || wants.last ? 'large' : 'small';
  return inSlices(streams, asked, context, { size, read: (some) => readStreams(some, wants, context) });
}

type Wants = Readonly<Record<keyof KnownOfStream, boolean>>;

async function readStreams(
  streams: readonly StreamType[],
  wants: Wants,
  { streams: loaders, share }: OperationContext,
): Promise<() => void> {
  const keys = streams.map(({ key }) => key);
  const [facts, meta, groups] = await Promise.all([
    wants.facts || wants.first || wants.last ? loaders.facts.load(keys) : [],
    wants.meta ? loaders.meta.load(keys) : [],
    wants.groups ? loaders.groups.load(keys) : [],
  ]);
  const edges = Number(wants.first) + Number(wants.last);
  const giveBack = edges === 0 ? () => undefined : await share.borrow(FORMS * edges * bytesOfEntries(facts));
  const edgesOf = (isLast: boolean): Edge[] =>
    keys.flatMap((key, at) => (facts[at] === undefined ? [] : [{ key, isLast, facts: facts[at] }]));
  const [first, last] = await Promise.all([
    wants.first ? loaders.entries.load(edgesOf(false)) : [],
    wants.last ? loaders.entries.load(edgesOf(true)) : [],
  ]);
  for (const [at, stream] of streams.entries()) {
    stream.known = { facts: facts[at], meta: meta[at], groups: groups[at], first: first[at], last: last[at] };
  }
  return () => {
    // What was read of these is in the answer now.
    for (const stream of streams) stream.known = {};
    giveBack();
  };
}

function bytesOfEntries(facts: readonly (StreamFacts | SluiceError)[]): number {
  let bytes = 0;
  for (const known of facts) bytes += known instanceof SluiceError ? 0 : averageBytes(known);
  return bytes;
}
