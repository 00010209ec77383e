import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { MergedDocument } from './merged-document.js';
import { OwnDocument } from './own-document.js';

/** The one page and document of all services' routes. */
@ApiExcludeController()
@Controller()
export class DocumentsController {
  constructor(
    private readonly merged: MergedDocument,
    private readonly own: OwnDocument,
  ) {}

  @Get('api-docs')
  async page(@Res() reply: FastifyReply): Promise<void> {
    await reply.sendFile('api-docs.html');
  }

  @Get('api-docs/openapi.json')
  @Header('cache-control', 'no-store')
  async document(): Promise<OpenAPIObject> {
    return this.merged.with(this.own.read());
  }
}
