import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SluiceError } from '@sluice/contracts';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { PageFiles } from './page-files.js';

/** Nothing foreign is loaded, nothing inline runs, and nobody may put the page into a frame. */
const POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  // The editor sets styles of its own.
  "style-src 'self' 'unsafe-inline'",
  "worker-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** The GraphQL page: what a browser sees at `/graphql`. */
@ApiExcludeController()
@Controller('graphql/page')
export class PageController {
  constructor(private readonly files: PageFiles) {}

  @Get()
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.send('index.html', request, reply.header('vary', 'Accept, Accept-Encoding'));
  }

  @Get(':file')
  async file(@Param('file') file: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.send(file, request, reply.header('vary', 'Accept-Encoding'));
  }

  private async send(name: string, { headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
    const file = await this.files.find(name);
    if (file === null) throw new SluiceError('NOT_FOUND', `the GraphQL page has no file ${JSON.stringify(name)}`);
    reply
      .header('content-security-policy', POLICY)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', 'no-cache')
      .header('etag', file.etag);
    if (headers['if-none-match'] === file.etag) {
      await reply.code(304).send();
      return;
    }
    const isGzipped = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(headers['accept-encoding'] ?? '');
    if (isGzipped) reply.header('content-encoding', 'gzip');
    await reply.header('content-type', file.type).send(isGzipped ? file.gzipped : file.plain);
  }
}
