import { Controller, Delete, Get, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { readJson } from '../bodies/json-body.js';
import { type Channel } from '../engine/catalogue.js';
import { Gateway } from '../gateway.js';
import { ApiError, notFound, unprocessable } from '../http/api-errors.js';
import { sendJson } from '../http/json-reply.js';
import { textIn } from '../query/read-query.js';
import { FaultyInput } from '../records/faults.js';
import { assertAllowed, isAllowed } from '../sending/permitted.js';
import { asStaged } from './staging-request.js';
import { StageRefusal, type Area, type Chosen, type Staged, type StageRequest } from './areas.js';

type Parameters = Record<string, unknown>;

const MAX_IDS = 1_000;

/** Holding areas in front of channels. `?id=` names some: it makes a difference whether it is absent or empty. */
@Controller('api/v1/stage')
export class StageController {
  constructor(private readonly gateway: Gateway) {}

  @Get()
  async listChannels(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const channels = this.gateway.mounted.channels('stage');
    if (channels.length === 0) throw notFound();
    const shown = channels.filter((channel) => isAllowed(identity, 'channel:read', channel));
    await sendJson(reply, JSON.stringify(shown.map(({ name }) => name).sort()));
  }

  /** Ids of areas, oldest first; with an id that one, if it is there. */
  @Get(':name')
  async list(
    @Param('name') name: string,
    @Query() query: Parameters,
    @Who() identity: Identity,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const found = await this.find(this.staged(name, 'channel:read', identity), query);
    await sendJson(reply, JSON.stringify(found.map(({ id }) => id)));
  }

  /** Areas and what is in them. */
  @Put(':name')
  async lookUp(
    @Param('name') name: string,
    @Query() query: Parameters,
    @Who() identity: Identity,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await sendAreas(reply, await this.find(this.staged(name, 'channel:read', identity), query));
  }

  /** Opens an area, or adds a record to some. */
  @Post(':name')
  async add(
    @Param('name') name: string,
    @Query() query: Parameters,
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const channel = this.staged(name, 'channel:write', identity);
    const record = this.readRecord(channel, request.body);
    await sendAreas(reply, await this.change(channel, { kind: 'add', record, chosen: chosenOf(query) }));
  }

  /** Drops or empties areas, or takes a record out of some. */
  @Delete(':name')
  async remove(
    @Param('name') name: string,
    @Query() query: Parameters,
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const channel = this.staged(name, 'channel:write', identity);
    const record = this.readRecord(channel, request.body);
    await sendAreas(reply, await this.change(channel, { kind: 'remove', record, chosen: chosenOf(query) }));
  }

  /** Ticks the records of areas, each by itself, and forgets the areas. */
  @Patch(':name')
  async release(
    @Param('name') name: string,
    @Query() query: Parameters,
    @Who() identity: Identity,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const channel = this.staged(name, 'channel:write', identity);
    await sendAreas(reply, await this.change(channel, { kind: 'release', chosen: chosenOf(query) }));
  }

  private async change(channel: Channel, request: StageRequest): Promise<readonly Area[]> {
    try {
      return await this.gateway.stages.change(channel, request);
    } catch (error) {
      throw error instanceof StageRefusal ? new ApiError(400, error.message) : error;
    }
  }

  /** Takes one id: a list of them is the id of no area. */
  private async find(channel: Channel, query: Parameters): Promise<readonly Area[]> {
    const id = textIn(query, 'id');
    if (id === '') return [];
    const areas = await this.gateway.stages.areas(channel);
    return id === null ? areas : areas.filter((area) => area.id === id);
  }

  private readRecord({ declaration: { type } }: Channel, body: unknown): Staged | null {
    if (isEmpty(body)) return null;
    const input = readJson(body);
    if (input === null) return null;
    try {
      return asStaged(type.read(input, { making: this.gateway.making, loc: ['body'] }) as { readonly id: string });
    } catch (error) {
      throw error instanceof FaultyInput ? unprocessable(error.faults) : error;
    }
  }

  /** @throws ApiError 404, SluiceError FORBIDDEN */
  private staged(name: string, right: 'channel:read' | 'channel:write', identity: Identity): Channel {
    const channel = this.gateway.mounted.find('stage', name);
    if (channel === null) throw notFound();
    assertAllowed(identity, right, channel);
    return channel;
  }
}

/** @throws ApiError 422 */
function chosenOf(query: Parameters): Chosen {
  const text = textIn(query, 'id');
  if (text === null) return 'absent';
  const ids = text.split(',').filter((id) => id !== '');
  if (ids.length === 0) return 'empty';
  if (ids.length <= MAX_IDS) return ids;
  const msg = `Input should have at most ${MAX_IDS} ids`;
  throw unprocessable([{ type: 'too_long', loc: ['query', 'id'], msg, input: `${ids.length} ids` }]);
}

function isEmpty(body: unknown): boolean {
  return body === undefined || body === null || (Buffer.isBuffer(body) && body.length === 0);
}

async function sendAreas(reply: FastifyReply, areas: readonly Area[]): Promise<void> {
  const members = areas.map(
    ({ id, records }) => `${JSON.stringify(id)}:[${records.map(({ json }) => json).join(',')}]`,
  );
  await sendJson(reply, `{${members.join(',')}}`);
}
