import { FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { type Identity } from '@sluice/service-kit';
import { QueryReader, type Query } from '../dialect/parameters.js';
import { type PullForm } from '../follow/pull-encoder.js';
import { assertMayRead } from '../streams/permitted.js';
import { readConversion, type Conversion } from './conversion.js';
import { keyOfSid, sidOfKey, splitSids } from './ptg-names.js';
import { readPositions, startAt, type Positions } from './positions.js';

/** One stream of a pull socket. */
interface PtgPullStream {
  readonly key: string;
  /** Name shown in headers. */
  readonly label: string;
  /** After an id, or from now. */
  readonly start: EntryId | '$';
}

/** Everything that the URL of a pull socket says, checked once at the upgrade. */
export interface PtgPullOptions {
  readonly streams: readonly PtgPullStream[];
  readonly form: PullForm;
  readonly isLatest: boolean;
  /** Milliseconds without an entry after which the socket ends; 0: it never does. */
  readonly timeoutMs: number;
  /** Least milliseconds between messages; 0: no limit. */
  readonly intervalMs: number;
  readonly needsAck: boolean;
  /** Tell gaps and resets in text frames of their own. */
  readonly tellsGaps: boolean;
  /** A message a stream instead of one for all. */
  readonly isOneByOne: boolean;
  /** Key of the stream whose last entry the others are moved up to; null: none. */
  readonly leader: string | null;
  readonly conversion: Conversion | null;
}

/** Longest time a timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const INDEX = /^\d{1,6}$/;

/**
 * Reads path and query of `/ptg/data/{a+b}/pull`.
 * @param rawSids path part as it stands in the URL
 * @throws ParameterError, or SluiceError `INVALID_NAME`, `FORBIDDEN`
 */
export function readPtgPullOptions(
  rawSids: string,
  params: Query,
  identity: Identity,
  hasDevices: boolean,
): PtgPullOptions {
  const query = new QueryReader(params);
  const positions = readPositions(query, '$');
  const streams = splitSids(rawSids).map((sid, index): PtgPullStream => {
    const key = assertMayRead(identity, keyOfSid(sid, hasDevices));
    const start = startAt(positions, index);
    return { key, label: sidOfKey(key, hasDevices) ?? sid, start: start === '*' ? FIRST_ENTRY_ID : start };
  });
  const options: PtgPullOptions = {
    streams: [...new Map(streams.map((stream) => [stream.key, stream])).values()],
    form: { count: Math.max(1, query.integer('count', 1, 0)), hasHeader: true, usesStarts: true },
    isLatest: readLatest(query, positions),
    timeoutMs: Math.min(query.integer('timeout', 0, 0), MAX_TIMER_MS),
    intervalMs: Math.min(query.number('rate_limit', 0, 0) * 1000, MAX_TIMER_MS),
    needsAck: query.boolean('ack', false),
    tellsGaps: query.boolean('gaps', false),
    isOneByOne: query.boolean('onebyone', false),
    leader: readLeader(query, streams),
    conversion: readConversion(
      query,
      streams.map(({ label }) => label),
    ),
  };
  query.assertValid();
  return options;
}

/** Unless it is said: a socket that begins now or with everything wants the newest, one that goes on after an id wants all. */
function readLatest(query: QueryReader, { texts }: Positions): boolean {
  if (texts.includes('*')) return true;
  return query.boolean('latest', null) ?? texts.some((text) => text === '$' || text === '-');
}

/** `time_sync_id`: a stream of the path by its name, or by its number from 0. */
function readLeader(query: QueryReader, streams: readonly PtgPullStream[]): string | null {
  if (!query.has('time_sync_id')) return null;
  const text = query.text('time_sync_id', '');
  const named = streams.find(({ key, label }) => label === text || key === text);
  const leader = named ?? (INDEX.test(text) ? streams[Number(text)] : undefined);
  if (leader !== undefined) return leader.key;
  query.refuse('time_sync_id', `${JSON.stringify(text.slice(0, 64))} is no stream of the path, and no number of one`);
  return null;
}
