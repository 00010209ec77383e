import { Controller, Get, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';

/** The root of the dialect: says what answers here. */
@Controller()
export class GreetingController {
  @Get()
  async greet(@Res() reply: FastifyReply): Promise<void> {
    await reply.header('content-type', 'application/json').send(JSON.stringify(GREETING));
  }
}

const GREETING = 'Sluice is here. Streams are at /data/{stream_id}; push and pull by WebSocket below it.';
