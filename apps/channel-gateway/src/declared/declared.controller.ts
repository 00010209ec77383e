import { Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Who, type Identity } from '@sluice/service-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { readJson } from '../bodies/json-body.js';
import { notFound, unprocessable } from '../http/api-errors.js';
import { sendJson } from '../http/json-reply.js';
import { FaultyInput } from '../records/faults.js';
import { DeclaredChannels } from './declared-channels.js';

/** Channels that are declared at run time. */
@ApiTags('Channels')
@Controller('api/v1/channels')
export class DeclaredController {
  constructor(private readonly declared: DeclaredChannels) {}

  /** The declarations of the channels that may be read. */
  @ApiOperation({ summary: 'Channels that are declared at run time' })
  @Get()
  async list(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const shown = [...this.declared.definitions.values()].filter(({ name }) => identity.allows('channel:read', name));
    await sendJson(reply, JSON.stringify(shown));
  }

  @ApiOperation({ summary: 'One of them' })
  @Get(':name')
  async read(@Param('name') name: string, @Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const definition = identity.allows('channel:read', name) ? this.declared.definitions.get(name) : undefined;
    if (definition === undefined) throw notFound();
    await sendJson(reply, JSON.stringify(definition));
  }

  /** Declares a channel: 201, or 200 when it is declared like that already. */
  @ApiOperation({ summary: 'Declare a channel' })
  @Post()
  async declare(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const input = readJson(request.body);
    try {
      const { definition, isNew } = await this.declared.declare(input);
      await sendJson(reply, JSON.stringify(definition), isNew ? 201 : 200);
    } catch (error) {
      throw error instanceof FaultyInput ? unprocessable(error.faults) : error;
    }
  }

  /** Removes a channel, everything it holds included. */
  @ApiOperation({ summary: 'Remove a channel and all it holds' })
  @Delete(':name')
  @HttpCode(204)
  async remove(@Param('name') name: string): Promise<void> {
    if (!(await this.declared.remove(name))) throw notFound();
  }
}
