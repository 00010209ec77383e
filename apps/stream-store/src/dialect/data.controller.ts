import { Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { StoreConfig } from '../config.js';
import { Stopping } from '../health/stopping.js';
import { StoreMetrics } from '../metrics/store-metrics.js';
import { Quotas } from '../quotas/quotas.js';
import { Writing } from '../quotas/writing.js';
import { assertMayRead } from '../streams/permitted.js';
import { describeResults } from '../ingest/refusals.js';
import { toSluiceError } from '../streams/refusing.js';
import { addressOf, readAddressing } from './addresses.js';
import { readDataQuery } from './data-query.js';
import { readUploadedEntries, type UploadedEntry } from './multipart-entries.js';
import { asciiJson, formatOffsets } from './offsets-header.js';
import { QueryReader, type Query as QueryValues } from './parameters.js';
import { readOnce } from './read-once.js';

/** Name of a POST by which each part goes to the stream that its filename names. */
const BY_FILENAME = '*';

/** Entries over plain HTTP, as redis-streamer's clients send and ask for them. */
@Controller('data')
export class DataController {
  constructor(
    private readonly log: StreamLog,
    private readonly config: StoreConfig,
    private readonly metrics: StoreMetrics,
    private readonly stopping: Stopping,
    private readonly quotas: Quotas,
  ) {}

  /** Appends every uploaded part; the reply lists their ids in the order of the parts. */
  @Post(':stream_id')
  async append(
    @Param('stream_id') sid: string,
    @Query() params: QueryValues,
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const query = new QueryReader(params);
    const addressing = readAddressing(query, this.config.hasDevices);
    query.assertValid();
    const entries = await readUploadedEntries(request);
    const keys = entries.map(({ filename }) => addressOf(sid === BY_FILENAME ? filename : sid, addressing).key);
    const metrics = this.metrics.ingest.dialect_http;
    try {
      const payloads = entries.map(({ payload }) => payload);
      await new Writing(this.log, this.quotas, identity).begin(keys, payloads);
      const ids = await this.store(keys, entries);
      metrics.countIn(
        entries.length,
        entries.reduce((sum, { payload }) => sum + payload.length, 0),
      );
      await reply.code(200).send(ids);
    } catch (error) {
      metrics.countRefused(error);
      throw error;
    }
  }

  /** @throws SluiceError `PARTIAL_APPEND` with the result of each entry when some were stored and some not */
  private async store(keys: readonly string[], entries: readonly UploadedEntry[]): Promise<string[]> {
    const appends = entries.map(({ payload }, at) => this.log.append(keys[at] as string, payload));
    const results = (await Promise.allSettled(appends)).map((result) =>
      result.status === 'fulfilled' ? result.value : toSluiceError(result.reason),
    );
    const ids = results.filter((result) => typeof result === 'string');
    if (ids.length < results.length) throw describeResults(results, 'the upload');
    return ids;
  }

  /** Reads entries after a position: their payloads as the body, their names, ids and offsets in headers. */
  @Get(':stream_id')
  async read(
    @Query() params: QueryValues,
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const query = readDataQuery(rawStreamId(request.raw.url ?? ''), params, this.config.hasDevices);
    for (const { key } of query.addresses) assertMayRead(identity, key);
    const { parts, cursors, gaps } = await readOnce(this.log, query, (callback) =>
      this.stopping.onEnd(reply.raw, callback),
    );
    const offsets = formatOffsets(parts, query.usesStarts);
    const payloads = parts.slice(0, offsets.entries).map(({ entry }) => entry.payload);
    this.metrics.follow.dialect_http.countOut(offsets.entries, offsets.bytes);
    if (query.tellsGaps && gaps.length > 0) reply.header('x-gaps', asciiJson(gaps));
    await reply
      .header('content-type', 'application/octet-stream')
      .header('x-offsets', offsets.text)
      .header('x-last-entry-id', cursors(offsets.entries).join('+'))
      .send(payloads.length === 1 ? payloads[0] : Buffer.concat(payloads));
  }
}

/** The part after `/data/` as it stands in the URL. */
function rawStreamId(url: string): string {
  const end = url.search(/[?#]/);
  const path = end < 0 ? url : url.slice(0, end);
  return path.slice(path.indexOf('/', 1) + 1).replace(/\/$/, '');
}
