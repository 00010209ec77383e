import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Gateway } from '../gateway.js';
import { ApiError, notFound } from '../http/api-errors.js';
import { namesBehind, sendJson } from '../http/json-reply.js';
import { readQuery } from '../query/read-query.js';
import { assertAllowed, isAllowed } from '../sending/permitted.js';
import { AnswerBudget } from './answer-budget.js';

const ROOT = '/api/v1/state/';

/** The newest records by key. */
@Controller('api/v1/state')
export class StateController {
  private readonly budget = new AnswerBudget();

  constructor(private readonly gateway: Gateway) {}

  @Get()
  async list(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const shown = this.gateway.states.catalogue.shown.filter(({ channel, key }) =>
      isAllowed(identity, 'channel:read', channel, key),
    );
    await sendJson(reply, JSON.stringify(shown.map(({ name }) => name).sort()));
  }

  /** The records of a state that fit a query, in the order of its keys. */
  @Get('*')
  async read(
    @Query() parameters: Record<string, unknown>,
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const [name, key] = namesBehind(ROOT, request);
    if (name === '') return this.list(identity, reply);
    const { mounted, live, states } = this.gateway;
    const state = states.catalogue.find(name);
    if (state === null || key !== null) throw notFound();
    assertAllowed(identity, 'channel:read', state.channel, state.key);
    if (!mounted.isProvided(state.channel)) throw new ApiError(404, `State not found: ${state.name}`);
    const query = readQuery(parameters);
    await live.current(state.channel);
    const records = await states.store.read(state, query);
    await sendJson(reply, this.budget.spend(`[${records.join(',')}]`, reply.raw));
  }
}
