import { Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { Drain, Who, type Identity } from '@sluice/service-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Group } from '../channels/mounted.js';
import { type Channel } from '../engine/catalogue.js';
import { Gateway } from '../gateway.js';
import { textIn } from '../query/read-query.js';
import { assertAllowed, isAllowed, isVisible } from '../sending/permitted.js';
import { ApiError, channelNotFound, notFound, unprocessable } from './api-errors.js';
import { namesBehind, sendJson } from './json-reply.js';
import { NextTicks } from './next-ticks.js';

const ROOT = '/api/v1';
const EMPTY = '[]';
const LONGEST_TIMEOUT_SECONDS = 86_400;

/** Last and next ticks, and records by id. */
@Controller('api/v1')
export class ReadingController {
  private readonly nextTicks: NextTicks;

  constructor(
    private readonly gateway: Gateway,
    nextTicks: NextTicks,
    drain: Drain,
  ) {
    this.nextTicks = nextTicks;
    drain.add('waiting requests', () => nextTicks.release());
  }

  @Get('last')
  async listLast(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    await this.list('last', identity, reply);
  }

  @Get('last/*')
  async readLast(@Who() identity: Identity, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const [name, key] = namesBehind(`${ROOT}/last/`, request);
    if (name === '') return this.list('last', identity, reply);
    const channel = this.readable('last', name, key, identity);
    const view = await this.gateway.live.current(channel);
    await sendJson(reply, key === null ? view.last : view.lastOf(key));
  }

  @Get('next')
  async listNext(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    await this.list('next', identity, reply);
  }

  /** Waits for a tick; `after` is the id of a record, `timeout` seconds. */
  @Get('next/*')
  async readNext(
    @Query() query: Record<string, unknown>,
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const [name, key] = namesBehind(`${ROOT}/next/`, request);
    if (name === '') return this.list('next', identity, reply);
    const channel = this.readable('next', name, key, identity);
    const after = idIn(query, 'after');
    const json = await this.nextTicks.wait(channel, key, {
      after,
      timeoutMs: timeoutIn(query, 'timeout'),
      response: reply.raw,
    });
    if (!reply.raw.destroyed) await sendJson(reply, json);
  }

  @Get('lookup')
  async listLookup(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    await this.list('lookup', identity, reply);
  }

  @Get('lookup/*')
  async readLookup(
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const [name, id] = namesBehind(`${ROOT}/lookup/`, request);
    if (name === '') return this.list('lookup', identity, reply);
    if (id === null || id === '') throw notFound();
    if (name === 'id') return this.lookUpAny(id, identity, reply);
    const channel = this.gateway.mounted.find('lookup', name);
    if (channel === null) throw notFound();
    if (!isVisible(identity, 'channel:read', channel)) assertAllowed(identity, 'channel:read', channel);
    const found = await this.lookUp(id, identity);
    const isOfType = found !== null && found.type === channel.declaration.type;
    await sendJson(reply, isOfType ? JSON.stringify([found.record]) : EMPTY);
  }

  /** The documents of the original call it a POST. */
  @Post('lookup/*')
  async postLookup(
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.readLookup(identity, request, reply);
  }

  private async lookUpAny(id: string, identity: Identity, reply: FastifyReply): Promise<void> {
    const found = await this.lookUp(id, identity);
    if (found === null) throw new ApiError(404, `No GatewayStruct found with id: ${id}`);
    await sendJson(reply, JSON.stringify([found.record]));
  }

  /** A record that ticked only where the caller may not read is as if there were none. */
  private lookUp(id: string, identity: Identity): ReturnType<Gateway['live']['lookUp']> {
    return this.gateway.live.lookUp(id, (channel, key) => isAllowed(identity, 'channel:read', channel, key));
  }

  private async list(group: Group, identity: Identity, reply: FastifyReply): Promise<void> {
    const shown = this.gateway.mounted
      .channels(group)
      .filter((channel) => isVisible(identity, 'channel:read', channel));
    await sendJson(reply, JSON.stringify(shown.map(({ name }) => name).sort()));
  }

  /** @throws ApiError 404, SluiceError FORBIDDEN */
  private readable(group: Group, name: string, key: string | null, identity: Identity): Channel {
    const { mounted } = this.gateway;
    const channel = mounted.find(group, name);
    if (channel === null || (key !== null && channel.keys === null)) throw notFound();
    assertAllowed(identity, 'channel:read', channel, key);
    if (key !== null && channel.keys?.has(key) !== true) throw channelNotFound(channel.name, key);
    if (!mounted.isProvided(channel)) throw channelNotFound(channel.name, key ?? undefined);
    return channel;
  }
}

/** @throws ApiError 422 */
function idIn(query: Readonly<Record<string, unknown>>, name: string): string | null {
  const id = textIn(query, name);
  if (id !== '') return id;
  throw unprocessable([{ type: 'string_too_short', loc: ['query', name], msg: 'Input should be an id', input: id }]);
}

/** @throws ApiError 422 */
function timeoutIn(query: Readonly<Record<string, unknown>>, name: string): number | null {
  const text = textIn(query, name);
  if (text === null) return null;
  const seconds = Number(text);
  if (text.trim() !== '' && seconds >= 0 && seconds <= LONGEST_TIMEOUT_SECONDS) return Math.ceil(seconds * 1000);
  const msg = `Input should be a number of seconds from 0 to ${LONGEST_TIMEOUT_SECONDS}`;
  throw unprocessable([{ type: 'float_parsing', loc: ['query', name], msg, input: text.slice(0, 100) }]);
}
