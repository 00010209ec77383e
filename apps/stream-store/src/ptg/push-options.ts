import { QueryReader, type Query } from '../dialect/parameters.js';
import { splitSids, writableKeyOfSid } from './ptg-names.js';

/** Everything that the URL of a push socket says, checked once at the upgrade. */
export interface PtgPushOptions {
  /** Streams of the path; null: `*`, the headers name them. */
  readonly sids: readonly string[] | null;
  /** A JSON header frame precedes each binary frame. */
  readonly isBatch: boolean;
  /** Answer each message with its ids. */
  readonly acks: boolean;
  /** Entries get their id from the time of their frame. */
  readonly readsTime: boolean;
}

/** Path by which the headers alone say where entries go. */
const ANY_STREAM = '*';

/**
 * Reads path and query of `/ptg/data/{sid}/push`.
 * @param rawSids path part as it stands in the URL
 * @throws ParameterError, or SluiceError `INVALID_NAME`
 */
export function readPtgPushOptions(rawSids: string, params: Query, hasDevices: boolean): PtgPushOptions {
  const query = new QueryReader(params);
  const sids = rawSids === ANY_STREAM || rawSids === '%2A' ? null : splitSids(rawSids);
  for (const sid of sids ?? []) writableKeyOfSid(sid, hasDevices);
  const options: PtgPushOptions = {
    sids,
    isBatch: query.boolean('batch', false) || sids === null,
    acks: query.boolean('ack', false),
    readsTime: query.boolean('parse_meta', false),
  };
  if (!options.isBatch && sids !== null && sids.length > 1) {
    query.refuse('batch', `without batch a socket pushes to one stream, the path names ${sids.length}`);
  }
  query.assertValid();
  return options;
}
