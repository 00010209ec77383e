import { addressOf, readAddressing, splitNames, type Addressing } from '../dialect/addresses.js';
import { QueryReader, type Query } from '../dialect/parameters.js';

/** Everything that the URL of a push socket says, checked once at the upgrade. */
export interface PushOptions {
  readonly sids: readonly string[];
  readonly addressing: Addressing;
  /** Answer each message with the list of its ids. */
  readonly acks: boolean;
  /** A JSON header frame precedes each binary frame. */
  readonly hasHeader: boolean;
  /** Streams named by a header must be named by the path too. */
  readonly isStrict: boolean;
}

/**
 * Reads path and query of `/data/{stream_id}/push`.
 * @throws ParameterError, or SluiceError `INVALID_NAME`
 */
export function readPushOptions(streamId: string, params: Query, hasDevices: boolean): PushOptions {
  const query = new QueryReader(params);
  const options: PushOptions = {
    sids: splitNames(streamId),
    addressing: readAddressing(query, hasDevices),
    acks: query.boolean('ack', false),
    hasHeader: query.boolean('header', true),
    isStrict: query.boolean('strict', false),
  };
  for (const sid of options.sids) addressOf(sid, options.addressing);
  if (!options.hasHeader && options.sids.length > 1) {
    query.refuse('header', `without headers a socket pushes to one stream, the path names ${options.sids.length}`);
  }
  query.assertValid();
  return options;
}
