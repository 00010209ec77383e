import { type Catalogue, type Channel } from '../engine/catalogue.js';
import { type Making } from '../records/record-type.js';
import { type StageChange } from './areas.js';
import { StagingEvent } from './staging-event.js';

/** What ticks on one channel, one value after the other. */
export interface StageTicks {
  readonly target: Channel;
  readonly values: readonly unknown[];
}

/** What a change of a channel's areas ticks: what is released on the channel itself, and what happened on the one that is told. */
export function ticksOf(
  channel: Channel,
  { released, events }: StageChange,
  { catalogue, making }: { readonly catalogue: Catalogue; readonly making: Making },
): StageTicks[] {
  const { isList, options } = channel.declaration;
  const records = released.map(({ json }) => JSON.parse(json) as unknown);
  const ticks = { target: channel, values: isList ? records.map((record) => [record]) : records };
  const log = catalogue.channels.get(options.stagingEvents ?? '');
  if (log === undefined) return [ticks];
  const told = events.map(({ area, action, record }) =>
    StagingEvent.make(
      { channel: channel.name, staging_id: area, action, items: record === null ? [] : [JSON.parse(record.json)] },
      making,
    ),
  );
  return [ticks, { target: log, values: told }];
}
