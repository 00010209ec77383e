import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { SluiceError, type GroupInfo } from '@sluice/contracts';
import {
  AckDto,
  AckResultDto,
  ClaimDto,
  CreateGroupDto,
  EntryPageDto,
  ErrorBodyDto,
  GroupInfoDto,
  ReadGroupQueryDto,
} from '@sluice/contracts/dto';
import { StreamAdmin, type PendingSummary } from '@sluice/stream-log';
import { type FastifyReply } from 'fastify';
import { Who, type Identity } from '@sluice/service-kit';
import { assertMayRead, assertMayWrite } from '../../streams/permitted.js';
import { StoreConfig } from '../../config.js';
import { GroupReads } from './group-reads.js';
import { deliveryView, type DeliveryView } from './group-views.js';
import { streamOfPath } from './stream-path.js';

/** Consumer groups: work sharing with acknowledgement. */
@ApiTags('groups')
@ApiNotFoundResponse({ type: ErrorBodyDto })
@Controller('v1/streams/:device/:stream/groups')
export class GroupsController {
  constructor(
    private readonly admin: StreamAdmin,
    private readonly reads: GroupReads,
    private readonly config: StoreConfig,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Groups of a stream' })
  @ApiOkResponse({ type: [GroupInfoDto] })
  list(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
  ): Promise<GroupInfo[]> {
    return this.admin.groups.list(assertMayRead(identity, this.keyOf(device, stream)));
  }

  @Post()
  @HttpCode(201)
  @ApiOperation({ summary: 'Make a group; one that exists stays as it is' })
  @ApiCreatedResponse({ type: GroupInfoDto })
  async create(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
    @Body() { group, from }: CreateGroupDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GroupInfo> {
    const key = assertMayRead(identity, this.keyOf(device, stream));
    const isNew = await this.admin.groups.create(key, group, from === '-' ? '0' : from);
    if (!isNew) reply.code(200);
    return this.groupOf(key, group);
  }

  @Get(':group')
  @ApiOperation({ summary: 'What a group has handed out and not got back' })
  async pending(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
    @Param('group') group: string,
  ): Promise<GroupInfo & { readonly details: PendingSummary }> {
    const key = assertMayRead(identity, this.keyOf(device, stream));
    const info = await this.groupOf(key, group);
    return { ...info, details: await this.admin.groups.pending(key, group) };
  }

  @Delete(':group')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a group with what it has pending' })
  @ApiNoContentResponse()
  async delete(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
    @Param('group') group: string,
  ): Promise<void> {
    const key = assertMayWrite(identity, this.keyOf(device, stream));
    if (!(await this.admin.groups.delete(key, group))) throw noGroup(key, group);
  }

  @Get(':group/entries')
  @ApiOperation({ summary: 'Take entries for a consumer: its share, to be acknowledged' })
  @ApiOkResponse({ type: EntryPageDto })
  async read(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
    @Param('group') group: string,
    @Query() { consumer, count = 10, block = 0 }: ReadGroupQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeliveryView> {
    const key = assertMayRead(identity, this.keyOf(device, stream));
    return deliveryView(await this.reads.read({ key, group, consumer, count, blockMs: block }, reply.raw));
  }

  @Post(':group/ack')
  @HttpCode(200)
  @ApiOperation({ summary: 'Acknowledge entries' })
  @ApiOkResponse({ type: AckResultDto })
  async acknowledge(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
    @Param('group') group: string,
    @Body() { ids }: AckDto,
  ): Promise<AckResultDto> {
    const key = assertMayRead(identity, this.keyOf(device, stream));
    return { acknowledged: await this.admin.groups.ack(key, group, ids) };
  }

  @Post(':group/claim')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take over entries that another consumer left unacknowledged' })
  async claim(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Who() identity: Identity,
    @Param('group') group: string,
    @Body() { consumer, minIdleMs = 60_000, count = 100 }: ClaimDto,
  ): Promise<DeliveryView> {
    const key = assertMayRead(identity, this.keyOf(device, stream));
    return deliveryView(await this.admin.groups.claim(key, group, consumer, { minIdleMs, count }));
  }

  private async groupOf(key: string, group: string): Promise<GroupInfo> {
    const found = (await this.admin.groups.list(key)).find((info) => info.group === group);
    if (found === undefined) throw noGroup(key, group);
    return found;
  }

  private keyOf(device: string, stream: string): string {
    return streamOfPath(device, stream, this.config.hasDevices).key;
  }
}

function noGroup(key: string, group: string): SluiceError {
  return new SluiceError('GROUP_NOT_FOUND', `stream "${key}" has no group "${group}"`);
}
