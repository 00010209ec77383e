import { Controller, Get, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import { SluiceError, type AppendResult, type EntryPage } from '@sluice/contracts';
import { AppendQueryDto, AppendResultDto, EntryPageDto, ErrorBodyDto, RangeQueryDto } from '@sluice/contracts/dto';
import { StreamAdmin, StreamLog, assertExists, type LogEntry } from '@sluice/stream-log';
import { parseAppendId } from '@sluice/wire';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Who, type Identity } from '@sluice/service-kit';
import { Quotas } from '../../quotas/quotas.js';
import { Writing } from '../../quotas/writing.js';
import { assertMayRead, assertMayWrite } from '../../streams/permitted.js';
import { StoreConfig } from '../../config.js';
import { StoreMetrics } from '../../metrics/store-metrics.js';
import { readBounded } from '../../streams/bounded-read.js';
import { entryView } from './entry-views.js';
import { ENTRIES_TYPE, V1_FRAMES_TYPE, encodeEntries } from './frames.js';
import { rangeOf, timeOf } from './range.js';
import { readPayloads } from './request-payloads.js';
import { streamOfPath } from './stream-path.js';

/** Entries of one stream: append them, read ranges of them. */
@ApiTags('entries')
@Controller('v1/streams/:device/:stream/entries')
export class EntriesController {
  constructor(
    private readonly log: StreamLog,
    private readonly admin: StreamAdmin,
    private readonly config: StoreConfig,
    private readonly metrics: StoreMetrics,
    private readonly quotas: Quotas,
  ) {}

  @Post()
  @HttpCode(201)
  @ApiOperation({
    summary: 'Append entries',
    description:
      'A body of any type is one entry; multipart/form-data holds one per part named `entries`; ' +
      `${ENTRIES_TYPE} holds many, each after its length as u32 big-endian. Several are stored together or not at all.`,
  })
  @ApiConsumes('application/octet-stream', 'multipart/form-data', ENTRIES_TYPE)
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiHeader({
    name: 'idempotency-key',
    required: false,
    description: 'The same request with the same key is stored once',
  })
  @ApiCreatedResponse({ type: AppendResultDto })
  async append(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Query() { id }: AppendQueryDto,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
  ): Promise<AppendResult> {
    const key = assertMayWrite(identity, this.keyOf(device, stream));
    const entryId = appendIdOf(id);
    const payloads = await readPayloads(request);
    const metrics = this.metrics.ingest.v1_http;
    try {
      await new Writing(this.log, this.quotas, identity).begin([key], payloads);
      const ids = await this.store(key, payloads, entryId, idempotencyKey);
      metrics.countIn(
        payloads.length,
        payloads.reduce((sum, payload) => sum + payload.length, 0),
      );
      return { ids };
    } catch (error) {
      metrics.countRefused(error);
      throw error;
    }
  }

  @Get()
  @ApiOperation({
    summary: 'Read a range of entries',
    description:
      '`as=base64|json|text` answers JSON; `raw` the payloads one after the other; `binary` length-prefixed data frames ' +
      'of sluice.v1. The id to go on after stands in `next`, or in the header `x-next-entry-id`.',
  })
  @ApiProduces('application/json', 'application/octet-stream', V1_FRAMES_TYPE)
  @ApiOkResponse({ type: EntryPageDto })
  @ApiNotFoundResponse({ type: ErrorBodyDto })
  async read(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Query() query: RangeQueryDto,
    @Who() identity: Identity,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const key = assertMayRead(identity, this.keyOf(device, stream));
    const { entries, next } = await this.find(key, query);
    if (entries.length === 0) assertExists(key, await this.log.reader.bounds(key));
    this.metrics.follow.v1_http.countOut(
      entries.length,
      entries.reduce((sum, { payload }) => sum + payload.length, 0),
    );
    if (next !== null) reply.header('x-next-entry-id', next);
    const { as = 'base64' } = query;
    if (as === 'raw') {
      const payloads = entries.map(({ payload }) => payload);
      await reply.header('content-type', 'application/octet-stream').send(Buffer.concat(payloads));
    } else if (as === 'binary') {
      await reply.header('content-type', V1_FRAMES_TYPE).send(Buffer.from(encodeEntries(key, entries)));
    } else {
      const page: EntryPage = { entries: entries.map((entry) => entryView(entry, as)), next };
      await reply.send(page);
    }
  }

  private async store(
    key: string,
    payloads: readonly Buffer[],
    id: string | null,
    idempotencyKey: string | undefined,
  ): Promise<string[]> {
    if (id !== null && payloads.length > 1) {
      throw new SluiceError('INVALID_PARAMETER', `id is for one entry, the request has ${payloads.length}`);
    }
    const [first] = payloads;
    if (first === undefined) return [];
    if (payloads.length === 1 && idempotencyKey === undefined) {
      return [await this.log.append(key, first, id === null ? {} : { id })];
    }
    const entries = payloads.map((payload) => ({ payload, id }));
    return this.log.appendAll(key, entries, idempotencyKey === undefined ? {} : { idempotencyKey });
  }

  private async find(key: string, query: RangeQueryDto): Promise<{ entries: LogEntry[]; next: string | null }> {
    if (query.nearest !== undefined) {
      const entry = await this.log.reader.nearest(key, timeOf(query.nearest));
      return { entries: entry === null ? [] : [entry], next: null };
    }
    const range = rangeOf(query);
    const { entries, isCut } = await readBounded(this.log.reader, key, range);
    const isWhole = !isCut && entries.length < range.count;
    return { entries, next: isWhole ? null : (entries.at(-1)?.id ?? null) };
  }

  private keyOf(device: string, stream: string): string {
    const { key } = streamOfPath(device, stream, this.config.hasDevices);
    this.admin.assertName(key);
    return key;
  }
}

function appendIdOf(text: string | undefined): string | null {
  if (text === undefined || text === '*') return null;
  const id = parseAppendId(text);
  if (id !== null) return id;
  throw new SluiceError('INVALID_ID', `id must be <ms>-<seq> or <ms>-*, above 0-0, got ${JSON.stringify(text)}`);
}
