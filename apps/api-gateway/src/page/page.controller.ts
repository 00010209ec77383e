import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';

/** The page a browser sees at `/`; other clients are answered by the stream store. */
@ApiExcludeController()
@Controller()
export class PageController {
  @Get()
  async page(@Res() reply: FastifyReply): Promise<void> {
    reply.header('vary', 'Accept');
    await reply.sendFile('index.html');
  }

  @Get('favicon.ico')
  async icon(@Res() reply: FastifyReply): Promise<void> {
    await reply.sendFile('icon.svg');
  }
}
