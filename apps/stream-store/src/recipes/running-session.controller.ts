import { Controller, Delete, Get, Param, Put, Query, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { type FastifyReply } from 'fastify';
import { ParameterError, QueryReader, type Query as QueryValues } from '../dialect/parameters.js';
import { assertMayRead, assertMayWrite } from '../streams/permitted.js';
import { RECIPES } from './collections.js';
import { assertId } from './document-body.js';
import { Documents } from './documents.js';
import { stateEvents, type StateName } from './recipe-keys.js';
import { RunningSession, type StateChange, type StateChanged } from './running-session.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const STEP = /^\s*[+-]?\d{1,15}\s*$/;
const FIRST_STEP = '0';
/** Told instead of a step when a recipe ends. */
const NO_STEP = '-1';

/** The session that runs now, one for everybody. Who may read or write the events of a value may read or write the value. */
@Controller('ptg/sessions')
export class RunningSessionController {
  constructor(
    private readonly session: RunningSession,
    private readonly documents: Documents,
  ) {}

  @Get()
  async describe(@Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    const [recipeId, step] = await this.read(who, 'recipe:id', 'recipe:step');
    await send(reply, { recipe_id: recipeId, step });
  }

  @Get('id')
  async sessionId(@Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    await send(reply, (await this.read(who, 'session:id'))[0]);
  }

  /** Id of the recipe, or with `info` the recipe itself; null for none. */
  @Get('recipe')
  async recipe(@Query() params: QueryValues, @Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    const query = new QueryReader(params);
    const wantsInfo = query.boolean('info', false);
    query.assertValid();
    const [id] = await this.read(who, 'recipe:id');
    if (!wantsInfo || id === null) return send(reply, id);
    assertMayRead(who, RECIPES.events);
    await reply.header('content-type', JSON_TYPE).send((await this.documents.get(RECIPES, id)) ?? 'null');
  }

  /** As text, as the original tells it; null when nothing runs. */
  @Get('recipe/step')
  async step(@Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    await send(reply, (await this.read(who, 'recipe:step'))[0]);
  }

  /** Goes to a step: done, the id of its event, and the step. */
  @Put('recipe/step/:step')
  async goTo(@Param('step') text: string, @Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    if (!STEP.test(text)) {
      const loc = ['path', 'step'];
      throw new ParameterError([{ loc, msg: 'value is not a valid integer', type: 'type_error.integer' }]);
    }
    const step = BigInt(text.trim().replace(/^\+/, '')).toString();
    const [changed] = await this.change(who, [{ name: 'recipe:step', value: step, event: step }]);
    await send(reply, [true, changed?.eventId, step]);
  }

  /** Starts a recipe, any id: done three times, and the ids of the three events. */
  @Put('recipe/:id')
  async start(@Param('id') id: string, @Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    const sessionId = Math.floor(Date.now() / 1000).toString();
    const changed = await this.change(who, [
      { name: 'recipe:id', value: assertId(id, 'recipe'), event: id },
      { name: 'recipe:step', value: FIRST_STEP, event: FIRST_STEP },
      { name: 'session:id', value: sessionId, event: sessionId },
    ]);
    await send(reply, [...changed.map(() => true), ...changed.map(({ eventId }) => eventId)]);
  }

  /** Ends what runs: how many values there were of each, and the ids of the three events. */
  @Delete('recipe')
  async stop(@Who() who: Identity, @Res() reply: FastifyReply): Promise<void> {
    const changed = await this.change(who, [
      { name: 'recipe:id', value: null, event: '' },
      { name: 'recipe:step', value: null, event: NO_STEP },
      { name: 'session:id', value: null, event: '' },
    ]);
    await send(reply, [...changed.map(({ count }) => count), ...changed.map(({ eventId }) => eventId)]);
  }

  private read<Names extends readonly StateName[]>(
    who: Identity,
    ...names: Names
  ): Promise<{ [At in keyof Names]: string | null }> {
    for (const name of names) assertMayRead(who, stateEvents(name));
    return this.session.read(...names);
  }

  private change(who: Identity, changes: readonly StateChange[]): Promise<StateChanged[]> {
    for (const { name } of changes) assertMayWrite(who, stateEvents(name));
    return this.session.change(changes);
  }
}

async function send(reply: FastifyReply, value: unknown): Promise<void> {
  await reply.header('content-type', JSON_TYPE).send(JSON.stringify(value));
}
