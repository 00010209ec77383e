import { FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import {
  addressOf,
  isWild,
  patternOf,
  readAddressing,
  splitNames,
  type Address,
  type AddressPattern,
} from '../dialect/addresses.js';
import { QueryReader, type Query } from '../dialect/parameters.js';
import { readStarts } from '../dialect/positions.js';
import { type LabelledEntry, type PullForm } from './pull-encoder.js';

/** Where a pull socket starts in a stream: after an id, or from now. */
type PullStart = EntryId | '$';

/** One stream of a pull socket. */
interface PullStream extends Address {
  readonly start: PullStart;
}

/** A stream whose start is explicit. */
export interface ResolvedStream extends Address {
  readonly start: EntryId;
}

/** Everything that the URL of a pull socket says, checked once at the upgrade. */
export interface PullOptions {
  readonly streams: readonly PullStream[];
  /** Set where the streams are found by pattern: they are not in `streams`. */
  readonly pattern: AddressPattern | null;
  readonly patternStart: PullStart;
  readonly form: PullForm;
  readonly isLatest: boolean;
  /** Milliseconds until an idle frame; 0: none. */
  readonly blockMs: number;
  /** Least milliseconds between messages; 0: no limit. */
  readonly intervalMs: number;
  readonly needsAck: boolean;
  /** Tell gaps and resets in text frames of their own. */
  readonly tellsGaps: boolean;
  /** What a dialect asks of its rounds beyond that. */
  readonly rounds?: RoundRules;
}

/** How the messages of a pull in rounds are made, where a dialect wants it otherwise. */
export interface RoundRules {
  /** A message has entries of one stream; the streams take turns. */
  readonly isOneByOne: boolean;
  /** Key of the stream that leads: after each message the others skip what is older than its last entry. Null: none leads. */
  readonly leader: string | null;
  /** Makes of the entries of a message those that are sent; none: the message is left out. Null: they are sent as they are. */
  readonly convert: ((parts: readonly LabelledEntry[]) => Promise<readonly LabelledEntry[]>) | null;
}

/**
 * Reads path and query of `/data/{stream_id}/pull`.
 * @throws ParameterError, or SluiceError `INVALID_NAME`
 */
export function readPullOptions(streamId: string, params: Query, hasDevices: boolean): PullOptions {
  const query = new QueryReader(params);
  const addressing = readAddressing(query, hasDevices);
  const sids = splitNames(streamId);
  const wild = isWild(sids, addressing);
  const starts = readStarts(query, wild ? null : sids.length);
  const wantsLatest = query.boolean('latest', false);
  const maxFps = query.number('max_fps', 0, 0);
  const streams = wild
    ? []
    : sids.map((sid, index) => ({ ...addressOf(sid, addressing), start: startOf(starts, index) }));
  const options: PullOptions = {
    streams: distinct(streams),
    pattern: wild ? patternOf(sids, addressing) : null,
    patternStart: startOf(starts, 0),
    form: {
      count: Math.max(1, query.integer('count', 1, 0)),
      hasHeader: query.boolean('header', true),
      usesStarts: query.choice('offsets', 'end', ['end', 'start']) === 'start',
    },
    isLatest: wantsLatest || starts.includes('*'),
    blockMs: query.waitMs('block', 5000),
    intervalMs: maxFps > 0 ? 1000 / maxFps : 0,
    needsAck: query.boolean('ack', false),
    tellsGaps: query.boolean('gaps', false),
  };
  refuseUnsplittable(query, options, wild);
  query.assertValid();
  return options;
}

/** Several entries of several streams in one message can only be told apart by a header. */
function refuseUnsplittable(query: QueryReader, { form, streams }: PullOptions, wild: boolean): void {
  if (form.hasHeader || form.count === 1 || (streams.length === 1 && !wild)) return;
  query.refuse('header', 'several entries of several streams need the header');
}

/** `*` begins with the newest entries there are: everything after the first position, newest only. */
function startOf(starts: readonly (PullStart | '*')[], index: number): PullStart {
  const start = starts[index] ?? starts[0] ?? '$';
  return start === '*' ? FIRST_ENTRY_ID : start;
}

/** A stream named twice is read once. */
function distinct(streams: readonly PullStream[]): PullStream[] {
  return [...new Map(streams.map((stream) => [stream.key, stream])).values()];
}
