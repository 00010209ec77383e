import { Injectable } from '@nestjs/common';
import { type SluiceError } from '@sluice/contracts';
import { type Identity } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { type EntryId } from '@sluice/wire';
import { StoreMetrics, type Channel } from '../metrics/store-metrics.js';
import { Quotas } from '../quotas/quotas.js';
import { Writing } from '../quotas/writing.js';
import { toSluiceError } from '../streams/refusing.js';
import { describeResults } from './refusals.js';

/** One entry of an upload, checked. */
export interface UploadedPart {
  readonly key: string;
  readonly payload: Buffer;
  /** `<ms>-<seq>`; null: the server gives the id. */
  readonly id: string | null;
}

type Result = EntryId | SluiceError;

/** Stores what comes in forms, for all dialects. */
@Injectable()
export class Uploads {
  constructor(
    private readonly log: StreamLog,
    private readonly quotas: Quotas,
    private readonly metrics: StoreMetrics,
  ) {}

  /**
   * Appends the entries of an upload; those of one stream are stored together or not at all when an entry brings its id.
   * @returns their ids, in their order
   * @throws SluiceError a refusal or the log's own when nothing was stored, `PARTIAL_APPEND` with the result of each entry otherwise
   */
  async store(identity: Identity, parts: readonly UploadedPart[], channel: Channel): Promise<EntryId[]> {
    const metrics = this.metrics.ingest[channel];
    try {
      const payloads = parts.map(({ payload }) => payload);
      const keys = parts.map(({ key }) => key);
      await new Writing(this.log, this.quotas, identity).begin(keys, payloads);
      const ids = await appendParts(this.log, parts);
      metrics.countIn(
        parts.length,
        payloads.reduce((sum, { length }) => sum + length, 0),
      );
      return ids;
    } catch (error) {
      metrics.countRefused(error);
      throw error;
    }
  }
}

async function appendParts(log: StreamLog, parts: readonly UploadedPart[]): Promise<EntryId[]> {
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
