import { type Identity } from '@sluice/service-kit';
import { QueryReader, type Query } from '../dialect/parameters.js';
import { type Start } from '../dialect/positions.js';
import { assertMayRead } from '../streams/permitted.js';
import { readConversion, type Conversion } from './conversion.js';
import { readPositions, startAt } from './positions.js';
import { keyOfSid, sidOfKey, splitSids } from './ptg-names.js';

/** One stream of a read. */
export interface PtgStart {
  readonly key: string;
  /** Name shown in the header of the answer. */
  readonly label: string;
  readonly start: Start;
}

/** Everything that `GET /ptg/data/{a+b}` asks for. */
export interface PtgDataQuery {
  readonly streams: readonly PtgStart[];
  /** Most entries of each stream. */
  readonly count: number;
  readonly conversion: Conversion | null;
}

/**
 * Reads path and query of `GET /ptg/data/{a+b}`.
 * @param rawSids path part as it stands in the URL
 * @throws ParameterError, or SluiceError `INVALID_NAME`, `FORBIDDEN`
 */
export function readPtgDataQuery(
  rawSids: string,
  params: Query,
  identity: Identity,
  hasDevices: boolean,
): PtgDataQuery {
  const query = new QueryReader(params);
  const positions = readPositions(query, '*');
  const count = query.integer('count', 1, 1);
  query.assertValid();
  const streams = splitSids(rawSids).map((sid, index): [string, PtgStart] => {
    const key = assertMayRead(identity, keyOfSid(sid, hasDevices));
    return [key, { key, label: sidOfKey(key, hasDevices) ?? sid, start: startAt(positions, index) }];
  });
  const distinct = [...new Map(streams).values()];
  const labels = distinct.map(({ label }) => label);
  return { streams: distinct, count, conversion: readConversion(query, labels) };
}
