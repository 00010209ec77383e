import { type EntryId } from '@sluice/wire';
import { type SluiceError } from '@sluice/contracts';
import { type StreamLog } from '@sluice/stream-log';
import { describeResults } from '../ingest/refusals.js';
import { toSluiceError } from '../streams/refusing.js';

/** One entry of an upload, checked. */
export interface UploadedPart {
  readonly key: string;
  readonly payload: Buffer;
  /** `<ms>-<seq>`; null: the server gives the id. */
  readonly id: string | null;
}

type Result = EntryId | SluiceError;

/**
 * Appends the entries of an upload; those of one stream that bring their ids are stored together or not at all.
 * @returns their ids, in their order
 * @throws SluiceError the log's own when nothing was stored, `PARTIAL_APPEND` with the result of each entry otherwise
 */
export async function storeUpload(log: StreamLog, parts: readonly UploadedPart[]): Promise<EntryId[]> {
  const bringIds = parts.some(({ id }) => id !== null);
  const results = await (bringIds ? appendByStream(log, parts) : appendEach(log, parts));
  const ids = results.filter((result) => typeof result === 'string');
  if (ids.length < results.length) throw describeResults(results, 'the upload');
  return ids;
}

async function appendEach(log: StreamLog, parts: readonly UploadedPart[]): Promise<Result[]> {
  const settled = await Promise.allSettled(parts.map(({ key, payload }) => log.append(key, payload)));
  return settled.map((result) => (result.status === 'fulfilled' ? result.value : toSluiceError(result.reason)));
}

async function appendByStream(log: StreamLog, parts: readonly UploadedPart[]): Promise<Result[]> {
  const results: Result[] = [];
  const groups = Map.groupBy(parts.keys(), (index) => (parts[index] as UploadedPart).key);
  const appends = [...groups].map(async ([key, indexes]) => {
    try {
      const ids = await log.appendAll(
        key,
        indexes.map((index) => parts[index] as UploadedPart),
      );
      indexes.forEach((index, at) => (results[index] = ids[at] as EntryId));
    } catch (error) {
      for (const index of indexes) results[index] = toSluiceError(error);
    }
  });
  await Promise.all(appends);
  return results;
}
