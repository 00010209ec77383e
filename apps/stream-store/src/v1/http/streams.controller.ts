import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { SluiceError, type StreamInfo, type StreamList, type StreamRetention } from '@sluice/contracts';
import {
  ErrorBodyDto,
  ListStreamsQueryDto,
  RetentionDto,
  StreamInfoDto,
  StreamListDto,
  StreamRetentionDto,
} from '@sluice/contracts/dto';
import { StreamAdmin } from '@sluice/stream-log';
import { Who, type Identity } from '@sluice/service-kit';
import { StreamMeta } from '@sluice/catalog';
import { Quotas } from '../../quotas/quotas.js';
import { assertMayRead, assertMayWrite } from '../../streams/permitted.js';
import { type FastifyReply } from 'fastify';
import { StoreConfig } from '../../config.js';
import { streamOfPath } from './stream-path.js';

/** Streams as things: which there are, what is known of them, how long their entries stay. */
@ApiTags('streams')
@ApiBadRequestResponse({ type: ErrorBodyDto })
@Controller('v1/streams')
export class StreamsController {
  constructor(
    private readonly admin: StreamAdmin,
    private readonly config: StoreConfig,
    private readonly quotas: Quotas,
    private readonly meta: StreamMeta,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Streams by name, a page at a time' })
  @ApiOkResponse({ type: StreamListDto })
  list(@Query() query: ListStreamsQueryDto, @Who() identity: Identity): Promise<StreamList> {
    return this.admin.list({ ...query, isVisible: (name) => identity.allows('stream:read', name) });
  }

  @Get(':device/:stream')
  @ApiOperation({ summary: 'What is known of a stream' })
  @ApiOkResponse({ type: StreamInfoDto })
  @ApiNotFoundResponse({ type: ErrorBodyDto })
  info(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
  ): Promise<StreamInfo> {
    return this.admin.info(assertMayRead(identity, this.keyOf(device, stream)));
  }

  @Put(':device/:stream')
  @ApiOperation({ summary: 'Make an empty stream; one that is there stays as it is' })
  @ApiCreatedResponse({ type: StreamInfoDto })
  @ApiOkResponse({ type: StreamInfoDto, description: 'It was there' })
  async create(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamInfo> {
    const key = assertMayWrite(identity, this.keyOf(device, stream));
    await this.quotas.reserve(identity, key);
    const isNew = await this.admin.createStream(key);
    reply.code(isNew ? 201 : 200);
    return this.admin.info(key);
  }

  @Delete(':device/:stream')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a stream with its entries, groups, retention and metadata' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ type: ErrorBodyDto })
  async delete(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
  ): Promise<void> {
    const key = assertMayWrite(identity, this.keyOf(device, stream));
    const isDeleted = await this.admin.deleteStream(key);
    this.quotas.forget(key);
    // Metadata goes also where it is all there was of the stream.
    const hadMeta = await this.meta.delete(key);
    if (!isDeleted && !hadMeta) throw new SluiceError('STREAM_NOT_FOUND', `there is no stream "${key}"`);
  }

  @Get(':device/:stream/retention')
  @ApiOperation({ summary: 'How long entries of a stream stay' })
  @ApiOkResponse({ type: StreamRetentionDto })
  retention(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
  ): Promise<StreamRetention> {
    return this.admin.retention.get(assertMayRead(identity, this.keyOf(device, stream)));
  }

  @Put(':device/:stream/retention')
  @ApiOperation({ summary: 'Set how long entries of a stream stay; a bound left out does not hold' })
  @ApiOkResponse({ type: StreamRetentionDto })
  setRetention(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Body() { maxEntries = null, maxAgeMs = null, maxBytes = null }: RetentionDto,
    @Who() identity: Identity,
  ): Promise<StreamRetention> {
    return this.admin.retention.set(assertMayWrite(identity, this.keyOf(device, stream)), {
      maxEntries,
      maxAgeMs,
      maxBytes,
    });
  }

  @Delete(':device/:stream/retention')
  @ApiOperation({ summary: 'Go back to the default retention' })
  @ApiOkResponse({ type: StreamRetentionDto })
  resetRetention(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
  ): Promise<StreamRetention> {
    return this.admin.retention.reset(assertMayWrite(identity, this.keyOf(device, stream)));
  }

  private keyOf(device: string, stream: string): string {
    const { key } = streamOfPath(device, stream, this.config.hasDevices);
    this.admin.assertName(key);
    return key;
  }
}
