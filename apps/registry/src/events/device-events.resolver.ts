import { Args, Context, Resolver, Subscription } from '@nestjs/graphql';
import { EVENT_STREAMS } from '@sluice/catalog';
import { type Identity } from '@sluice/service-kit';
import { StreamAdmin, StreamLog } from '@sluice/stream-log';
import { AnswerMemory } from '../answers/answer-memory.js';
import { EntryFeed } from '../follow/entry-feed.js';
import { resolveStarts } from '../follow/feed-starts.js';
import { endingWith, type EventStream } from '../graphql/event-stream.js';
import { OperationContext } from '../graphql/operation-context.js';
import { mayReadDevice } from '../graphql/permitted.js';
import { DeviceEventType } from './event.types.js';
import { readPositions } from './event-positions.js';
import { toldDevices } from './told-devices.js';

/** What becomes of devices, as it happens. */
@Resolver()
export class DeviceEventsResolver {
  constructor(
    private readonly log: StreamLog,
    private readonly admin: StreamAdmin,
    private readonly memory: AnswerMemory,
  ) {}

  @Subscription(() => DeviceEventType, {
    resolve: (event: DeviceEventType) => event,
    description:
      'Devices that are connected, disconnected or described anew from now on, or after `since`; all, or those named.',
  })
  async deviceEvents(
    @Args('ids', { type: () => [String], nullable: true }) ids: string[] | null,
    @Args('since', {
      type: () => String,
      nullable: true,
      description: 'The `position` of the last event that was seen.',
    })
    since: string | null,
    @Context() { identity, names }: OperationContext,
  ): Promise<EventStream<DeviceEventType>> {
    const wanted = ids === null || ids === undefined ? null : new Set(ids);
    const starts =
      since === null || since === undefined
        ? await resolveStarts(
            this.log,
            EVENT_STREAMS.map((key) => ({ key, position: '$' })),
          )
        : readPositions(since);
    const readable = identity.allows('admin') ? null : await this.readable(identity, await names.all());
    const isWanted = (device: string): boolean =>
      (wanted === null || wanted.has(device)) && (readable === null || readable.has(device));
    const feed = new EntryFeed(this.log, starts, { count: 1, isLatest: false }, this.memory);
    return endingWith(toldDevices(feed, starts, isWanted), () => readable?.stop());
  }

  /** Which devices may be told of: those with a right of their own, and those of which a stream may be read, also one that appears later. */
  private async readable(
    identity: Identity,
    streams: readonly string[],
  ): Promise<{ has(device: string): boolean; stop(): void }> {
    const appeared = new Set<string>();
    const stop = await this.admin.discovery.watch({}, ({ type, name }) => {
      if (type === 'created' && identity.allows('stream:read', name)) appeared.add(name.split(':', 1)[0] ?? '');
    });
    return { has: (device) => appeared.has(device) || mayReadDevice(identity, device, streams), stop };
  }
}
