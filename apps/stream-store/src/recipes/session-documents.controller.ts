import { Body, Controller, Delete, Get, Param, Post, Put, Query, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { type FastifyReply } from 'fastify';
import { QueryReader, type Query as QueryValues } from '../dialect/parameters.js';
import { SESSIONS } from './collections.js';
import { DocumentRoutes } from './document-routes.js';
import { Documents } from './documents.js';

/** What a search may ask for, and the field it means. */
const SEARCHED: readonly (readonly [parameter: string, field: string])[] = [
  ['id', '_id'],
  ['_id', '_id'],
  ['name', 'recipe'],
  ['recipe', 'recipe'],
  ['step', 'step'],
  ['prefix', 'prefix'],
];

/** Sessions as documents: who follows which recipe. The one that runs for everybody is another thing. */
@Controller('ptg/sess')
export class SessionDocumentsController {
  private readonly routes: DocumentRoutes;

  constructor(documents: Documents) {
    this.routes = new DocumentRoutes(documents, SESSIONS);
  }

  @Get()
  list(@Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    return this.routes.list(who, reply);
  }

  /** The first session with that id, recipe (also as `name`), step and prefix, as far as they are given; or null. */
  @Get('q')
  find(@Query() params: QueryValues, @Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    const query = new QueryReader(params);
    const given = SEARCHED.filter(([parameter]) => query.has(parameter));
    const wanted = new Map(given.map(([parameter, field]) => [field, query.text(parameter, '')]));
    return this.routes.find(who, wanted, reply);
  }

  @Get(':id')
  get(@Param('id') id: string, @Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    return this.routes.get(who, id, reply);
  }

  @Post()
  add(@Body() body: unknown, @Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    return this.routes.add(who, body, { created_at: JSON.stringify(new Date()) }, reply.code(200));
  }

  @Put(':id')
  update(
    @Param('id') id: string,
    @Body() body: unknown,
    @Who() who: Identity,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.routes.update(who, id, body, reply);
  }

  @Delete(':id')
  delete(@Param('id') id: string, @Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    return this.routes.delete(who, id, reply);
  }
}
