import { Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { StoreConfig } from '../config.js';
import { Conversions } from '../conversions/conversions.js';
import { readUploadedEntries, type UploadedEntry } from '../dialect/multipart-entries.js';
import { formatOffsets } from '../dialect/offsets-header.js';
import { QueryReader, type Query as QueryValues } from '../dialect/parameters.js';
import { type LabelledEntry } from '../follow/pull-encoder.js';
import { Uploads, type UploadedPart } from '../ingest/uploads.js';
import { StoreMetrics } from '../metrics/store-metrics.js';
import { convertAll, type ConversionTask } from './conversion.js';
import { readPtgDataQuery, type PtgDataQuery } from './data-query.js';
import { frameTimeId } from './frame-time.js';
import { rawSegment, writableKeyOfSid } from './ptg-names.js';
import { readStored } from './read-stored.js';

/** Name of a POST by which each part goes to the stream that its filename names. */
const BY_FILENAME = '*';
const SIDS_SEGMENT = 3;

/** Entries over plain HTTP, as clients of the ptg dialect send and ask for them. */
@Controller('ptg/data')
export class PtgDataController {
  constructor(
    private readonly log: StreamLog,
    private readonly config: StoreConfig,
    private readonly metrics: StoreMetrics,
    private readonly uploads: Uploads,
    private readonly conversions: Conversions,
  ) {}

  /** Appends every uploaded part; the reply lists their ids in the order of the parts. */
  @Post(':sid')
  async append(
    @Param('sid') sid: string,
    @Query() params: QueryValues,
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const query = new QueryReader(params);
    const readsTime = query.boolean('parse_meta', false);
    query.assertValid();
    const entries = await readUploadedEntries(request);
    const parts = entries.map((entry) => this.partOf(sid, entry, readsTime));
    await reply.code(200).send(await this.uploads.store(identity, parts, 'ptg_http'));
  }

  /** Reads what streams hold now: payloads as the body, names, ids and starts in a header. Never waits. */
  @Get(':sid')
  async read(
    @Query() params: QueryValues,
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rawSids = rawSegment(request.raw.url ?? '', SIDS_SEGMENT);
    const query = readPtgDataQuery(rawSids, params, identity, this.config.hasDevices);
    const parts = await this.convert(query, await readStored(this.log.reader, query), {
      client: `${identity.subject} ${request.ip}`,
      isWanted: () => !reply.raw.destroyed,
    });
    const offsets = formatOffsets(parts, true);
    const payloads = parts.slice(0, offsets.entries).map(({ entry }) => entry.payload);
    this.metrics.follow.ptg_http.countOut(offsets.entries, offsets.bytes);
    await reply
      .header('content-type', 'application/octet-stream')
      .header('entry-offset', offsets.text)
      .send(payloads.length === 1 ? payloads[0] : Buffer.concat(payloads));
  }

  private async convert(
    { conversion }: PtgDataQuery,
    parts: readonly LabelledEntry[],
    task: Pick<ConversionTask, 'client' | 'isWanted'>,
  ): Promise<readonly LabelledEntry[]> {
    return conversion === null ? parts : convertAll(this.conversions, { ...conversion, ...task }, parts);
  }

  private partOf(sid: string, { filename, payload }: UploadedEntry, readsTime: boolean): UploadedPart {
    const key = writableKeyOfSid(sid === BY_FILENAME ? filename : sid, this.config.hasDevices);
    return { key, payload, id: readsTime ? frameTimeId(payload) : null };
  }
}
