import { SluiceError } from '@sluice/contracts';
import { type RedisCommands, type RetentionSource } from '@sluice/stream-log';
import { type EntryId } from '@sluice/wire';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { encodeTick } from '../channels/payloads.js';
import { type Catalogue, type Channel } from '../engine/catalogue.js';
import { type Making } from '../records/record-type.js';
import { changeInTurn, type Area, type StageChange, type StageRequest } from './areas.js';
import { ticksOf } from './stage-ticks.js';
import { StageStore, type StageEntry, type StageWrite } from './stage-store.js';

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
    return (await this.changeAll(channel, [request], null)) ?? [];
  }

  /** Position up to which requests of modules are met; empty when none was. @throws SluiceError LOG_UNAVAILABLE */
  async metUpTo({ name }: Channel): Promise<string> {
    return (await this.store.read(this.options.keys.stage(name))).met;
  }

  /**
   * Does what a module asks, all of it or nothing, unless it was done before.
   * @param position of its request @throws as {@link change}
   */
  async meet(channel: Channel, requests: readonly StageRequest[], position: EntryId): Promise<void> {
    await this.changeAll(channel, requests, position);
  }

  private async changeAll(
    channel: Channel,
    requests: readonly StageRequest[],
    position: EntryId | null,
  ): Promise<readonly Area[] | null> {
    const { keys, making } = this.options;
    const before = this.last.get(channel.name) ?? Promise.resolve();
    const decide = (areas: readonly Area[]): StageWrite<readonly Area[]> => {
      const change = changeInTurn(areas, requests, () => making.nextId());
      if (requests.some(({ kind }) => kind === 'add')) assertRoom(channel, change.areas);
      return { areas: change.areas, entries: this.entriesOf(channel, change), answer: change.affected };
    };
    const changed = before
      .catch(() => undefined)
      .then(() => this.store.change(keys.stage(channel.name), decide, position));
    this.last.set(channel.name, changed);
    return changed;
  }

  private entriesOf(channel: Channel, change: StageChange): StageEntry[] {
    const { keys, retention, making, catalogue } = this.options;
    const entriesFor = (target: Channel, values: readonly unknown[]): StageEntry[] => {
      const stream = keys.stream(target.name);
      const maxLen = retention.maxLenFor(stream, NO_WINDOW);
      return values.map((value) => ({ stream, maxLen, payload: encodeTick(target, value) }));
    };
    return ticksOf(channel, change, { catalogue, making }).flatMap(({ target, values }) => entriesFor(target, values));
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
