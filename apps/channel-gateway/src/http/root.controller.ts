import { Controller, Get, Inject, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { ApiExcludeController } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { ChannelConfig } from '../config.js';
import { Gateway } from '../gateway.js';
import { createDocument } from '../openapi/document.js';
import { describeGraph } from './about.controller.js';
import { notFound } from './api-errors.js';
import { sendJson } from './json-reply.js';
import { graphPage } from './pages.js';

/** What stands at the root beside the API: the document, pages, and where a browser is sent. */
@ApiExcludeController()
@Controller()
export class RootController {
  private document: { readonly version: number; readonly json: string } | null = null;

  constructor(
    @Inject(Gateway) private readonly gateway: Gateway,
    private readonly config: ChannelConfig,
  ) {}

  @Get()
  async redirectRoot(@Res() reply: FastifyReply): Promise<void> {
    await reply.code(307).header('location', '/redoc').send();
  }

  @Get('openapi.json')
  async readDocument(@Res() reply: FastifyReply): Promise<void> {
    const { mounted } = this.gateway;
    if (this.document?.version !== mounted.version) {
      this.document = { version: mounted.version, json: JSON.stringify(createDocument(mounted, this.config)) };
    }
    await sendJson(reply, this.document.json);
  }

  /** One page serves both names. */
  @Get('redoc')
  async redirectRedoc(@Res() reply: FastifyReply): Promise<void> {
    await reply.code(307).header('location', '/docs').send();
  }

  /** Who reads and who ticks each channel, as a page. */
  @Get('channels_graph')
  async showGraph(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    if (this.gateway.mounted.application.mounts.channelsGraph !== true) throw notFound();
    await sendPage(reply, graphPage(describeGraph(this.gateway, identity)));
  }
}

/** Answers with a page that runs no script and loads nothing. */
export async function sendPage(reply: FastifyReply, html: string): Promise<void> {
  await reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', 'no-store')
    .send(html);
}
