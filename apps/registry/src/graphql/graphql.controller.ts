import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { identityOf } from '@sluice/service-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Executor, type HeldAnswer, type OperationRequest } from './executor.js';
import { contentTypeOf } from './opaque-bodies.js';
import { HttpReader } from './http-reader.js';
import { TextRefusal, readBody, readQuery } from './http-body.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';

/** GraphQL over HTTP: answers are 200 with `data` and `errors`, whatever became of the fields. */
@ApiTags('graphql')
@Controller('graphql')
export class GraphqlController {
  constructor(private readonly executor: Executor) {}

  @Post()
  @ApiOperation({ summary: 'Execute a query or a mutation: {query, variables, operationName}' })
  async post(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = request.body instanceof Buffer ? request.body : undefined;
    await this.answer(request, reply, () => readBody(contentTypeOf(request.raw), body));
  }

  /** Queries only: a link must not change anything. */
  @Get()
  @ApiOperation({ summary: 'Execute a query of the query string' })
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.answer(request, reply, () => readQuery(request.query as Record<string, unknown>));
  }

  private async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    read: () => OperationRequest | Promise<OperationRequest>,
  ): Promise<void> {
    try {
      const reader = new HttpReader(reply.raw);
      const held = await this.execute(request, await read(), reader);
      await reply
        .code(200)
        .header('content-type', JSON_TYPE)
        .header('cache-control', 'no-store')
        .send(reader.bodyOf(held));
    } catch (error) {
      if (!(error instanceof TextRefusal)) throw error;
      await reply.code(error.status).header('content-type', TEXT_TYPE).send(error.message);
    }
  }

  private async execute(request: FastifyRequest, asked: OperationRequest, reader: HttpReader): Promise<HeldAnswer> {
    const prepared = this.executor.prepare(asked, identityOf(request.raw));
    if ('refusal' in prepared) return { answer: prepared.refusal, share: null };
    if (request.method === 'GET' && prepared.operation.kind !== 'query') {
      const message = `GET executes queries only: send the ${prepared.operation.kind} with POST`;
      return { answer: this.executor.refuse(message), share: null };
    }
    return this.executor.run(prepared.operation, reader);
  }
}
