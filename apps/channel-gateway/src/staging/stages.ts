import { SluiceError } from '@sluice/contracts';
import { type RedisCommands, type RetentionSource } from '@sluice/stream-log';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { encodeTick } from '../channels/payloads.js';
import { type Catalogue, type Channel } from '../engine/catalogue.js';
import { type Making } from '../records/record-type.js';
import { changeAreas, type Area, type StageChange, type StageRequest } from './areas.js';
import { StageStore, type StageEntry } from './stage-store.js';
import { StagingEvent } from './staging-event.js';

export interface StagesOptions {
  readonly commands: RedisCommands;
  readonly keys: ChannelKeys;
  readonly retention: RetentionSource;
  readonly making: Making;
  readonly catalogue: Catalogue;
}

const MOST_AREAS = 1_000;
const MOST_RECORDS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;
const NO_WINDOW = { entryCount: 0, byteCount: 0 };

/** Holding areas in front of channels, from which records are released together. */
export class Stages {
  private readonly store: StageStore;
  /** The last change of each channel here: changes of one replica need not race each other. */
  private readonly last = new Map<string, Promise<unknown>>();

  constructor(private readonly options: StagesOptions) {
    this.store = new StageStore(options.commands);
  }

  /** The areas of a channel, oldest first. @throws SluiceError LOG_UNAVAILABLE */
  async areas({ name }: Channel): Promise<readonly Area[]> {
    return (await this.store.read(this.options.keys.stage(name))).areas;
  }

  /**
   * Does what is asked and resolves with the areas it is about. What is released is in the channel's log by then.
   * @throws StageRefusal, SluiceError QUOTA_EXCEEDED, LOG_UNAVAILABLE
   */
  async change(channel: Channel, request: StageRequest): Promise<readonly Area[]> {
    const { keys, making } = this.options;
    const before = this.last.get(channel.name) ?? Promise.resolve();
    const changed = before
      .catch(() => undefined)
      .then(() =>
        this.store.change(keys.stage(channel.name), (areas) => {
          const change = changeAreas(areas, request, () => making.nextId());
          if (request.kind === 'add') assertRoom(channel, change.areas);
          return { areas: change.areas, entries: this.entriesOf(channel, change), answer: change.affected };
        }),
      );
    this.last.set(channel.name, changed);
    return changed;
  }

  private entriesOf(channel: Channel, { released, events }: StageChange): StageEntry[] {
    const { keys, retention, making, catalogue } = this.options;
    const entriesFor = (target: Channel, values: readonly unknown[]): StageEntry[] => {
      const stream = keys.stream(target.name);
      const maxLen = retention.maxLenFor(stream, NO_WINDOW);
      return values.map((value) => ({ stream, maxLen, payload: encodeTick(target, value) }));
    };
    const { isList, options } = channel.declaration;
    const records = released.map(({ json }) => JSON.parse(json) as unknown);
    const ticks = entriesFor(channel, isList ? records.map((record) => [record]) : records);
    const log = catalogue.channels.get(options.stagingEvents ?? '');
    if (log === undefined) return ticks;
    const told = events.map(({ area, action, record }) =>
      StagingEvent.make(
        { channel: channel.name, staging_id: area, action, items: record === null ? [] : [JSON.parse(record.json)] },
        making,
      ),
    );
    return [...ticks, ...entriesFor(log, told)];
  }
}

/** @throws SluiceError QUOTA_EXCEEDED */
function assertRoom({ name }: Channel, areas: readonly Area[]): void {
  const records = areas.flatMap((area) => area.records);
  const bytes = records.reduce((sum, { json }) => sum + json.length, 0);
  if (areas.length <= MOST_AREAS && records.length <= MOST_RECORDS && bytes <= MOST_BYTES) return;
  throw new SluiceError(
    'QUOTA_EXCEEDED',
    `channel "${name}" would have ${areas.length} staging areas with ${records.length} records in ${bytes} bytes: at most ${MOST_AREAS}, ${MOST_RECORDS} and ${MOST_BYTES}`,
  );
}
