import { Body, Controller, Delete, Get, Param, Post, Put, Query, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { type FastifyReply } from 'fastify';
import { QueryReader, type Query as QueryValues } from '../dialect/parameters.js';
import { RECIPES } from './collections.js';
import { DocumentRoutes } from './document-routes.js';
import { Documents } from './documents.js';

/** Recipes, as clients of the ptg dialect keep them. */
@Controller('ptg/recipes')
export class RecipesController {
  private readonly routes: DocumentRoutes;

  constructor(documents: Documents) {
    this.routes = new DocumentRoutes(documents, RECIPES);
  }

  @Get()
  list(@Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    return this.routes.list(who, reply);
  }

  /** The first recipe of that name, or null. */
  @Get('q')
  find(@Query() params: QueryValues, @Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    const query = new QueryReader(params);
    const wanted = query.has('name') ? new Map([['name', query.text('name', '')]]) : new Map<string, string>();
    return this.routes.find(who, wanted, reply);
  }

  @Get(':id')
  get(@Param('id') id: string, @Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    return this.routes.get(who, id, reply);
  }

  @Post()
  add(@Body() body: unknown, @Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    return this.routes.add(who, body, {}, reply.code(200));
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
