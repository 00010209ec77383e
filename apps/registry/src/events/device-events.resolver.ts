import { Args, Context, Resolver, Subscription } from '@nestjs/graphql';
import { EVENT_STREAMS } from '@sluice/catalog';
import { StreamLog } from '@sluice/stream-log';
import { AnswerMemory } from '../answers/answer-memory.js';
import { EntryFeed } from '../follow/entry-feed.js';
import { resolveStarts } from '../follow/feed-starts.js';
import { type EventStream } from '../graphql/event-stream.js';
import { OperationContext } from '../graphql/operation-context.js';
import { mayReadDevice } from '../graphql/permitted.js';
import { DeviceEventType } from './event.types.js';
import { toldDevices } from './told-devices.js';

/** What becomes of devices, as it happens. */
@Resolver()
export class DeviceEventsResolver {
  constructor(
    private readonly log: StreamLog,
    private readonly memory: AnswerMemory,
  ) {}

  @Subscription(() => DeviceEventType, {
    resolve: (event: DeviceEventType) => event,
    description: 'Devices that are connected, disconnected or described anew from now on; all, or those named.',
  })
  async deviceEvents(
    @Args('ids', { type: () => [String], nullable: true }) ids: string[] | null,
    @Context() { identity, names }: OperationContext,
  ): Promise<EventStream<DeviceEventType>> {
    const wanted = ids === null || ids === undefined ? null : new Set(ids);
    const readable = identity.allows('admin') ? null : await names.all();
    const isWanted = (device: string): boolean =>
      (wanted === null || wanted.has(device)) && (readable === null || mayReadDevice(identity, device, readable));
    const starts = await resolveStarts(
      this.log,
      EVENT_STREAMS.map((key) => ({ key, position: '$' })),
    );
    return toldDevices(new EntryFeed(this.log, starts, { count: 1, isLatest: false }, this.memory), isWanted);
  }
}
