import { SluiceError, type StreamList } from '@sluice/contracts';
import { type StreamInfos } from './info.js';
import { type NameFilter, type StreamNames } from './names.js';

export interface ListOptions extends NameFilter {
  /** Streams a page; default 100, at most 1,000. */
  readonly limit?: number;
  /** `cursor` of the page before. */
  readonly cursor?: string;
}

/** A scan that is not older than this serves the further pages too. */
const PAGING_MS = 2_000;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/**
 * One page of the streams that pass, sorted by name. The cursor is the last name of a page, so streams that come and go
 * between two pages neither repeat nor hide others.
 * @throws SluiceError INVALID_PARAMETER, LOG_UNAVAILABLE
 */
export async function listStreams(names: StreamNames, infos: StreamInfos, options: ListOptions): Promise<StreamList> {
  const { limit = DEFAULT_LIMIT, cursor } = options;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new SluiceError('INVALID_PARAMETER', `limit is ${limit}: a whole number from 1 to ${MAX_LIMIT}`);
  }
  const after = cursor === undefined || cursor === '' ? null : decodeCursor(cursor);
  const found = await names.find(options, after === null ? 0 : PAGING_MS);
  const rest = after === null ? found : found.filter((name) => name > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    streams: await infos.many(page),
    cursor: rest.length > limit && last !== undefined ? Buffer.from(last, 'utf8').toString('base64url') : null,
  };
}

function decodeCursor(cursor: string): string {
  const name = Buffer.from(cursor, 'base64url').toString('utf8');
  if (Buffer.from(name, 'utf8').toString('base64url') === cursor) return name;
  throw new SluiceError('INVALID_PARAMETER', `cursor "${cursor}" is not one that a page of streams gave`);
}
