import { type Identity } from '@sluice/service-kit';
import { FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { QueryReader, type Query } from '../dialect/parameters.js';
import { readPositions, startAt } from '../ptg/positions.js';
import { keyOfSid, sidOfKey, splitSids } from '../ptg/ptg-names.js';
import { assertMayRead } from '../streams/permitted.js';

/** One stream of a viewer. */
export interface ViewedStream {
  readonly key: string;
  /** Its name in the dialect, by which headset streams are known. */
  readonly sid: string;
  readonly start: EntryId | '$';
}

/** Everything that the URL of `/ptg/mjpeg/{a+b}` says. */
export interface MjpegOptions {
  readonly streams: readonly ViewedStream[];
  /** How many of the newest entries are shown when several wait. */
  readonly count: number;
  /** What entries are; null: by the stream's name. */
  readonly input: string | null;
  /** Key of the stream that leads: entries of the others up to its last one are not shown any more. */
  readonly leader: string | null;
}

const DEFAULT_COUNT = 16;
const MAX_COUNT = 64;
const INDEX = /^\d{1,6}$/;

/**
 * Reads path and query of `/ptg/mjpeg/{a+b}`.
 * @param rawSids path part as it stands in the URL
 * @throws ParameterError, or SluiceError `INVALID_NAME`, `FORBIDDEN`
 */
export function readMjpegOptions(rawSids: string, params: Query, who: Identity, hasDevices: boolean): MjpegOptions {
  const query = new QueryReader(params);
  const positions = readPositions(query, '$');
  const streams = splitSids(rawSids).map((name, index): ViewedStream => {
    const key = assertMayRead(who, keyOfSid(name, hasDevices));
    const start = startAt(positions, index);
    return { key, sid: sidOfKey(key, hasDevices) ?? name, start: start === '*' ? FIRST_ENTRY_ID : start };
  });
  const options: MjpegOptions = {
    streams: [...new Map(streams.map((stream) => [stream.key, stream])).values()],
    count: Math.min(MAX_COUNT, query.integer('count', DEFAULT_COUNT, 1)),
    input: query.text('input', '') || null,
    leader: readLeader(query, streams),
  };
  query.assertValid();
  return options;
}

/** `time_sync_id`: a stream of the path by its name, or by its number from 0. */
function readLeader(query: QueryReader, streams: readonly ViewedStream[]): string | null {
  const text = query.text('time_sync_id', '');
  if (text === '') return null;
  const named = streams.find(({ key, sid }) => sid === text || key === text);
  const leader = named ?? (INDEX.test(text) ? streams[Number(text)] : undefined);
  if (leader !== undefined) return leader.key;
  query.refuse('time_sync_id', `${JSON.stringify(text.slice(0, 64))} is no stream of the path, and no number of one`);
  return null;
}
