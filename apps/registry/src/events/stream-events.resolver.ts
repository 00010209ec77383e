import { Args, Context, Resolver, Subscription } from '@nestjs/graphql';
import { StreamAdmin } from '@sluice/stream-log';
import { type EventStream } from '../graphql/event-stream.js';
import { assertPattern } from '../graphql/match.js';
import { OperationContext } from '../graphql/operation-context.js';
import { EventFeed } from './event-feed.js';
import { StreamEventType } from './event.types.js';

/** Which streams there are, as they come and go. */
@Resolver()
export class StreamEventsResolver {
  constructor(private readonly admin: StreamAdmin) {}

  @Subscription(() => StreamEventType, {
    resolve: (event: StreamEventType) => event,
    description: 'Streams that appear or go from now on. One may be told twice.',
  })
  async streamEvents(
    @Args('match', { type: () => String, nullable: true }) match: string | null,
    @Args('prefix', { type: () => String, defaultValue: '' }) prefix: string,
    @Context() { identity }: OperationContext,
  ): Promise<EventStream<StreamEventType>> {
    const feed = new EventFeed<StreamEventType>('events of streams');
    // Those there are come first, and are not news.
    let isNews = false;
    const filter = { prefix, ...(match === null || match === undefined ? {} : { match: assertPattern(match) }) };
    const stop = await this.admin.discovery.watch(filter, ({ type, name }) => {
      if (isNews && identity.allows('stream:read', name)) feed.push(new StreamEventType(type, name));
    });
    isNews = true;
    feed.endWith(stop);
    return feed;
  }
}
