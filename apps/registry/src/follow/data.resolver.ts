import { Args, Context, Int, Resolver, Subscription } from '@nestjs/graphql';
import { SluiceError } from '@sluice/contracts';
import { StreamLog } from '@sluice/stream-log';
import { AnswerMemory } from '../answers/answer-memory.js';
import { RegistryConfig } from '../config.js';
import { mapEvents, type EventStream } from '../graphql/event-stream.js';
import { OperationContext } from '../graphql/operation-context.js';
import { assertMayRead } from '../graphql/permitted.js';
import { JsonScalar } from '../graphql/scalars.js';
import { DataPayload, DataPayloads, DataPayloadsDataPayload } from './data-payload.type.js';
import { EntryFeed, type EntryEvent } from './entry-feed.js';
import { readStarts, resolveStarts } from './feed-starts.js';

/** Entries of one event. */
const MAX_COUNT = 1_000;
const asItIs = { resolve: <T>(event: T): T => event };

/** Entries as they come. */
@Resolver()
export class DataResolver {
  constructor(
    private readonly log: StreamLog,
    private readonly config: RegistryConfig,
    private readonly memory: AnswerMemory,
  ) {}

  @Subscription(() => DataPayloadsDataPayload, {
    ...asItIs,
    description: 'Entries of streams, one or several at a time.',
  })
  async streams(
    @Args('streamIds', { type: () => JsonScalar }) streamIds: unknown,
    @Args('device', { type: () => String, nullable: true }) device: string | null,
    @Args('count', { type: () => Int, defaultValue: 0 }) count: number,
    @Args('block', { type: () => Int, defaultValue: 5000, description: 'Without effect: waiting costs nothing.' })
    block: number,
    @Args('latest', { type: () => Boolean, defaultValue: false }) latest: boolean,
    @Context() context: OperationContext,
  ): Promise<EventStream<DataPayload | DataPayloads>> {
    if (count < 0 || count > MAX_COUNT) {
      throw new SluiceError('INVALID_PARAMETER', `count is ${count}: a whole number from 0 to ${MAX_COUNT}`);
    }
    if (block < 0) throw new SluiceError('INVALID_PARAMETER', `block is ${block}: it must not be negative`);
    const feed = await this.open({ streamIds, device, count: Math.max(1, count), latest }, context);
    return mapEvents<EntryEvent, DataPayload | DataPayloads>(feed, async (event) =>
      count > 0 ? new DataPayloads(event) : payloadOf(event),
    );
  }

  @Subscription(() => DataPayload, { ...asItIs, description: 'Entries of streams, one at a time.' })
  async data(
    @Args('streamIds', { type: () => JsonScalar }) streamIds: unknown,
    @Args('device', { type: () => String, nullable: true }) device: string | null,
    @Args('latest', { type: () => Boolean, defaultValue: false }) latest: boolean,
    @Context() context: OperationContext,
  ): Promise<EventStream<DataPayload>> {
    const feed = await this.open({ streamIds, device, count: 1, latest }, context);
    return mapEvents(feed, async (event: EntryEvent) => payloadOf(event));
  }

  private async open(
    asked: { streamIds: unknown; device: string | null; count: number; latest: boolean },
    { identity }: OperationContext,
  ): Promise<EntryFeed> {
    const starts = readStarts(asked.streamIds, asked.device, this.config.hasDevices);
    for (const { key } of starts) assertMayRead(identity, key);
    const options = { count: asked.count, isLatest: asked.latest };
    return new EntryFeed(this.log, await resolveStarts(this.log, starts), options, this.memory);
  }
}

function payloadOf(event: EntryEvent): DataPayload {
  const [entry] = event.entries;
  if (entry === undefined) throw new Error(`an event of "${event.key}" has no entry`);
  return new DataPayload(event, entry);
}
