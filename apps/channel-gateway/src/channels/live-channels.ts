import { SluiceError } from '@sluice/contracts';
import { type LogEntry, type RedisCommands, type StreamLog } from '@sluice/stream-log';
import { entryOfPosition, FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { type Catalogue, type Channel } from '../engine/catalogue.js';
import { type RecordType } from '../records/record-type.js';
import { type ChannelKeys } from './channel-keys.js';
import { ChannelShapes } from './channel-shapes.js';
import { ChannelView, type EntryListener } from './channel-view.js';
import { findRecord } from './find-record.js';
import { KeySnapshots } from './key-snapshots.js';
import { Level } from './level.js';
import { LookupIndex, type RecordPlace } from './lookup-index.js';
import { decodeTick } from './payloads.js';

export interface LiveChannelsOptions {
  readonly catalogue: Catalogue;
  readonly log: StreamLog;
  readonly commands: RedisCommands;
  readonly keys: ChannelKeys;
  /** Records that can be looked up; 0: none. */
  readonly lookupRecords: number;
  /** Whether this replica keeps the last ticks of baskets, for the others too. */
  readonly keepsSnapshots: () => boolean;
  /** Sees every entry of every channel. */
  readonly listeners?: readonly EntryListener[];
  onFailure(error: SluiceError): void;
}

/** A record that was looked up. */
export interface LookedUp {
  readonly record: object;
  readonly type: RecordType;
}

/** Whether what ticked on a channel, or on a key of a basket, may be seen. */
export type MaySee = (channel: Channel, key: string | null) => boolean;

const MAX_PACKED = 65_536;

/** What this replica knows of all channels, as the log tells it. */
export class LiveChannels {
  readonly index: LookupIndex;
  private readonly views: Map<string, ChannelView>;
  private readonly level: Level;
  private readonly snapshots: KeySnapshots;

  constructor(private readonly options: LiveChannelsOptions) {
    const { catalogue, commands, keys, lookupRecords } = options;
    this.index = new LookupIndex(lookupRecords);
    this.views = new Map([...catalogue.channels.values()].map((channel) => [channel.name, this.viewOf(channel)]));
    this.level = new Level(commands, keys);
    this.snapshots = new KeySnapshots(commands, keys);
  }

  /** Reads what the log holds and goes on following it; resolves when all that was there is taken in. @throws BuildError, SluiceError */
  async start(): Promise<void> {
    await this.keepShapes();
    for (const view of this.views.values()) await this.follow(view);
    await Promise.all([...this.views.values()].map((view) => this.reachEnd(view)));
    this.snapshots.start(() => this.views.values(), this.options.keepsSnapshots);
  }

  /** Begins to follow a channel that was declared at run time; resolves when what the log holds of it is taken in. @throws SluiceError */
  async add(channel: Channel): Promise<void> {
    const view = this.viewOf(channel);
    this.views.set(channel.name, view);
    await this.follow(view);
    await this.reachEnd(view);
  }

  /** Forgets a channel; who waits for it gets an empty list. */
  remove(channel: Channel): void {
    this.views.get(channel.name)?.remove();
    this.views.delete(channel.name);
  }

  /** @throws SluiceError NOT_FOUND for a channel that was removed meanwhile */
  view({ name }: Channel): ChannelView {
    const view = this.views.get(name);
    if (view === undefined) throw new SluiceError('NOT_FOUND', `there is no channel "${name}" any more`);
    return view;
  }

  /** The channel's view, level with everything any replica has accepted by now. @throws SluiceError LOG_UNAVAILABLE */
  async current(channel: Channel): Promise<ChannelView> {
    const view = this.view(channel);
    await this.level.catchUp([view]);
    return view;
  }

  /** As {@link current}, with where the log ended when it was asked: what is behind it has ticked since. @throws SluiceError */
  async endOf(channel: Channel): Promise<EntryId> {
    const view = this.view(channel);
    return (await this.level.catchUp([view])).get(view) ?? view.position;
  }

  /**
   * The newest record of that id which may be seen; null when there is none, or none any more.
   * @throws SluiceError LOG_UNAVAILABLE
   */
  async lookUp(id: string, maySee: MaySee): Promise<LookedUp | null> {
    await this.level.catchUp([...this.views.values()]);
    for (const place of this.index.places(id)) {
      const found = await this.readPlace(place, id, maySee);
      if (found !== null) return found;
    }
    return null;
  }

  /** Where the record of that id ticked last on the channel. */
  async placeOn(channel: Channel, id: string): Promise<RecordPlace | null> {
    await this.level.catchUp([this.view(channel)]);
    return this.index.places(id).find((place) => place.channel === channel.name) ?? null;
  }

  /** Entries of the channel after a place, oldest first. @throws SluiceError */
  read(channel: Channel, after: string, count: number): Promise<LogEntry[]> {
    return this.options.log.reader.read(this.options.keys.stream(channel.name), { after, count });
  }

  /** Keeps the last ticks of baskets now, before another replica goes on. */
  async keep(): Promise<void> {
    await this.snapshots.keep();
  }

  /** Ends the following and everybody's waiting. */
  async stop(): Promise<void> {
    await this.snapshots.stop();
    for (const view of this.views.values()) view.close();
  }

  /** Answers everybody who waits, with nothing. */
  releaseWaiters(): void {
    for (const { waiters } of this.views.values()) waiters.settleAll('[]');
  }

  private viewOf(channel: Channel): ChannelView {
    const { lookupRecords, listeners = [], onFailure } = this.options;
    const isIndexed = lookupRecords > 0 && !channel.declaration.type.omitFromLookup;
    return new ChannelView({ channel, index: isIndexed ? this.index : null, listeners, onFailure });
  }

  private async follow(view: ChannelView): Promise<void> {
    const { log, keys } = this.options;
    if (view.channel.keys !== null) view.restore(await this.snapshots.read(view.channel));
    view.follow(log.follow(keys.stream(view.channel.name), { after: FIRST_ENTRY_ID }, view));
  }

  private async reachEnd(view: ChannelView): Promise<void> {
    const newest = await this.newest(view.channel);
    if (newest !== undefined) await view.reach(entryOfPosition(newest.id));
  }

  private async keepShapes(): Promise<void> {
    const channels = [...this.views.values()].map(({ channel }) => channel);
    const newest = await Promise.all(channels.map((channel) => this.newest(channel)));
    const { commands, keys } = this.options;
    await new ChannelShapes(commands, keys).keep(new Map(channels.map((channel, at) => [channel, newest[at]])));
  }

  private async newest({ name }: Channel): Promise<LogEntry | undefined> {
    const { log, keys } = this.options;
    const [newest] = await log.reader.range(keys.stream(name), { start: '-', end: '+', reverse: true, count: 1 });
    return newest;
  }

  private async readPlace(
    { channel: name, entryId }: RecordPlace,
    id: string,
    maySee: MaySee,
  ): Promise<LookedUp | null> {
    const { log, keys, catalogue } = this.options;
    const channel = catalogue.channels.get(name);
    if (channel === undefined || (channel.keys === null && !maySee(channel, null))) return null;
    const whole = entryOfPosition(entryId);
    const found = await log.reader.range(keys.stream(name), { start: whole, end: whole, count: MAX_PACKED });
    const entry = found.find((one) => one.id === entryId);
    if (entry === undefined) return null;
    return findRecord(channel.declaration.type, recordsOf(channel, entry.payload, maySee), id);
  }
}

function recordsOf(channel: Channel, payload: Uint8Array, maySee: MaySee): readonly unknown[] {
  const tick = decodeTick(channel, payload);
  if (channel.keys === null) return [tick].flat();
  return Object.entries(tick as object).flatMap(([key, value]) => (maySee(channel, key) ? (value as unknown) : []));
}
