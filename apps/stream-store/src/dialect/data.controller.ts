import { Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { StoreConfig } from '../config.js';
import { Stopping } from '../health/stopping.js';
import { Uploads } from '../ingest/uploads.js';
import { StoreMetrics } from '../metrics/store-metrics.js';
import { assertMayRead } from '../streams/permitted.js';
import { addressOf, readAddressing } from './addresses.js';
import { readDataQuery } from './data-query.js';
import { readUploadedEntries } from './multipart-entries.js';
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
    private readonly uploads: Uploads,
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
    const parts = entries.map(({ filename, payload }) => {
      const { key } = addressOf(sid === BY_FILENAME ? filename : sid, addressing);
      return { key, payload, id: null };
    });
    await reply.code(200).send(await this.uploads.store(identity, parts, 'dialect_http'));
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
