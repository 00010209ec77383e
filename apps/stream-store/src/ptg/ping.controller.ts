import { Controller, Get, Req, Res } from '@nestjs/common';
import { Metrics } from '@sluice/service-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { QueryReader, type Query as QueryValues } from '../dialect/parameters.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const ERROR_MESSAGE = 'This is an error purposefully thrown by the server';

/** Routes by which clients of the ptg dialect find out whether they are understood. */
@Controller('ptg')
export class PingController {
  constructor(private readonly metrics: Metrics) {}

  /** Answers `true`. */
  @Get('ping')
  async ping(@Res() reply: FastifyReply): Promise<void> {
    await reply.header('content-type', JSON_TYPE).send('true');
  }

  /** Shows what an unexpected error looks like. */
  @Get('ping/error')
  async fail(@Res() reply: FastifyReply): Promise<void> {
    await reply.code(500).send({ detail: [{ msg: ERROR_MESSAGE, type: 'ValueError' }] });
  }

  /** Tells the asker which credentials came with the request, as they came. Nothing of it is kept or logged. */
  @Get('ping/auth')
  async showCredentials(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const query = new QueryReader(request.query as QueryValues);
    const { authorization, cookie } = request.raw.headers;
    await reply.header('cache-control', 'no-store').send({
      query: query.has('token') ? query.text('token', '') : null,
      headers: authorization ?? null,
      cookies: cookieOf(cookie ?? '', 'authorization'),
    });
  }

  /** The service's metrics in Prometheus text form. */
  @Get('metrics')
  async readMetrics(@Res() reply: FastifyReply): Promise<void> {
    await reply
      .header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(await this.metrics.text());
  }
}

/** Value of a cookie without the quotes around it; null when there is none. */
function cookieOf(header: string, name: string): string | null {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    const value = pair.slice(equals + 1).trim();
    return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  }
  return null;
}
