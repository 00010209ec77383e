import { FIRST_ENTRY_ID } from '@sluice/wire';
import { addressOf, readAddressing, splitRawNames, type Address } from './addresses.js';
import { QueryReader, type Query } from './parameters.js';
import { readStarts, type Start } from './positions.js';

/** Everything that `GET /data/{stream_id}` asks for. */
export interface DataQuery {
  readonly addresses: readonly Address[];
  /** One for all, or one per stream. */
  readonly starts: readonly Start[];
  /** The positions as the client wrote them, to be repeated when nothing came. */
  readonly startTexts: readonly string[];
  readonly isLatest: boolean;
  readonly count: number;
  /** Milliseconds to wait when there is nothing; 0: for ever. */
  readonly blockMs: number;
  readonly usesStarts: boolean;
  readonly tellsGaps: boolean;
}

/**
 * Reads path and query of `GET /data/{stream_id}`.
 * @param rawStreamId path part as it stands in the URL
 * @throws ParameterError, or SluiceError `INVALID_NAME`
 */
export function readDataQuery(rawStreamId: string, params: Query, hasDevices: boolean): DataQuery {
  const query = new QueryReader(params);
  const addressing = readAddressing(query, hasDevices);
  const sids = splitRawNames(rawStreamId);
  const result: DataQuery = {
    addresses: sids.map((sid) => addressOf(sid, addressing)),
    starts: readStarts(query, sids.length),
    startTexts: query.text('last_entry_id', '$').split(/[+ ]/),
    isLatest: query.boolean('latest', false),
    count: query.integer('count', 1, 1),
    blockMs: query.waitMs('block', 500),
    usesStarts: query.choice('offsets', 'end', ['end', 'start']) === 'start',
    tellsGaps: query.boolean('gaps', false),
  };
  query.assertValid();
  return result;
}

/** The cursor to repeat for a stream of which nothing came; `$` is explicit by then. */
export function unmovedCursor({ startTexts }: DataQuery, index: number, resolved: string): string {
  const text = startTexts[index] ?? startTexts[0] ?? '$';
  if (text === '$') return resolved;
  return text === '*' ? FIRST_ENTRY_ID : text;
}
