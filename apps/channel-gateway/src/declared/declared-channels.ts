import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '@sluice/contracts';
import { type Follower, type FollowerSink, type StreamLog } from '@sluice/stream-log';
import { FIRST_ENTRY_ID } from '@sluice/wire';
import { type Logger } from 'pino';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { BuildError } from '../engine/build-error.js';
import { makeChannel, type Channel } from '../engine/catalogue.js';
import { type Gateway } from '../gateway.js';
import { ApiError } from '../http/api-errors.js';
import { CONTROLS_CHANNEL } from '../application/with-controls.js';
import { HEARTBEAT_CHANNEL } from '../stream/heartbeat.js';
import { type State } from '../state/state-catalogue.js';
import { type Declarations, type DeclarationStore } from './declaration-store.js';
import { readDefinition, type ChannelDefinition, type ReadDefinition } from './read-declaration.js';
import { refused } from './read-schema.js';

export interface DeclaredChannelsOptions {
  readonly gateway: Gateway;
  readonly store: DeclarationStore;
  readonly log: StreamLog;
  readonly keys: ChannelKeys;
  readonly logger: Logger;
  readonly maxChannels: number;
  /** Called when channels have come or gone. */
  onChange(): void;
}

/** A declaration as this replica knows it; without a channel where the application has one of that name by now. */
interface Known {
  readonly json: string;
  readonly channel: Channel | null;
  readonly states: readonly State[];
}

/** Names that mean something else in a path or a message. */
const RESERVED: ReadonlySet<string> = new Set(['id', HEARTBEAT_CHANNEL, CONTROLS_CHANNEL]);
const ATTEMPTS = 20;
const RETRY_MS = 1_000;

/** Channels that are declared at run time: they are the same on every replica, and are there again after a restart. Injectable. */
export class DeclaredChannels {
  private readonly known = new Map<string, Known>();
  private declarations: Declarations = { version: '', byName: new Map() };
  private refreshing: Promise<void> = Promise.resolve();
  private asking: Promise<void> | null = null;
  private follower: Follower | null = null;
  private isStopped = false;

  constructor(private readonly options: DeclaredChannelsOptions) {}

  /** Serves what is declared, and whatever will be. @throws SluiceError LOG_UNAVAILABLE */
  async start(): Promise<void> {
    await this.refresh();
    const { log, keys } = this.options;
    const after = this.declarations.version === '' ? FIRST_ENTRY_ID : this.declarations.version;
    this.follower = log.follow(keys.declarations, { after }, this.sink);
  }

  stop(): void {
    this.isStopped = true;
    this.follower?.close();
  }

  /** What is declared, by name. */
  get definitions(): ReadonlyMap<string, ChannelDefinition> {
    const { byName } = this.declarations;
    const sorted = [...byName].toSorted(([one], [other]) => (one < other ? -1 : 1));
    return new Map(sorted.map(([name, json]) => [name, JSON.parse(json) as ChannelDefinition]));
  }

  /** Resolves when this replica serves everything that any of them has accepted by now. @throws SluiceError LOG_UNAVAILABLE */
  catchUp(): Promise<void> {
    this.asking ??= this.level();
    return this.asking;
  }

  /**
   * Declares a channel; resolves when it is served here. Declaring the same again changes nothing.
   * @returns whether it is new
   * @throws FaultyInput, ApiError 409, SluiceError QUOTA_EXCEEDED, LOG_UNAVAILABLE
   */
  async declare(input: unknown): Promise<{ readonly definition: ChannelDefinition; readonly isNew: boolean }> {
    const read = readDefinition(input);
    const { name } = read.definition;
    const isNew = await this.change(async ({ version, byName }) => {
      const json = byName.get(name);
      if (json !== undefined) {
        if (isDeepStrictEqual(JSON.parse(json), JSON.parse(JSON.stringify(read.definition)))) return false;
        throw new ApiError(409, `Channel "${name}" is declared already, and otherwise: remove it first`);
      }
      const { states } = this.prepare(read);
      this.assertRoom(byName.size);
      const holds = this.options.store.holdsOf(
        name,
        states.map((state) => state.name),
      );
      return (await this.options.store.change(version, name, JSON.stringify(read.definition), holds)) || null;
    });
    return { definition: read.definition, isNew };
  }

  /** Removes a channel and everything it holds; false when there is none. @throws SluiceError LOG_UNAVAILABLE */
  remove(name: string): Promise<boolean> {
    return this.change(async ({ version, byName }) => {
      if (!byName.has(name)) return false;
      const known = this.known.get(name);
      const holds = known === undefined ? [] : this.holdsOf(name, known);
      return (await this.options.store.change(version, name, null, holds)) || null;
    });
  }

  /** @param attempt null: somebody else came first, and it is asked again */
  private async change(attempt: (declarations: Declarations) => Promise<boolean | null>): Promise<boolean> {
    for (let count = 0; count < ATTEMPTS; count += 1) {
      await this.catchUp();
      const done = await attempt(this.declarations);
      if (done === true) await this.catchUp();
      if (done !== null) return done;
    }
    throw new SluiceError('SERVICE_UNAVAILABLE', 'the declarations of channels are being changed by too many at once');
  }

  private readonly sink: FollowerSink = {
    canTake: () => true,
    onEntries: () => {
      this.refreshSoon();
      return true;
    },
    onGap: () => this.refreshSoon(),
    onReset: () => this.refreshSoon(),
    onFailure: (error) => this.options.logger.error({ err: error }, 'declarations of channels cannot be followed'),
  };

  /** What several ask for in one turn is asked once. */
  private async level(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    this.asking = null;
    if ((await this.options.store.version()) !== this.declarations.version) await this.refresh();
  }

  private refreshSoon(): void {
    this.refresh().catch((error: unknown) => {
      if (this.isStopped) return;
      this.options.logger.warn({ err: error }, 'declarations of channels are not read yet');
      setTimeout(() => this.refreshSoon(), RETRY_MS).unref();
    });
  }

  private refresh(): Promise<void> {
    this.refreshing = this.refreshing.catch(() => undefined).then(() => this.load());
    return this.refreshing;
  }

  private async load(): Promise<void> {
    if (this.isStopped) return;
    const declarations = await this.options.store.read();
    let hasChanged = false;
    for (const [name, known] of this.known) {
      if (declarations.byName.get(name) === known.json) continue;
      await this.drop(name, known);
      hasChanged = true;
    }
    for (const [name, json] of declarations.byName) {
      if (this.known.has(name)) continue;
      await this.take(name, json);
      hasChanged = true;
    }
    this.declarations = declarations;
    if (hasChanged) this.options.onChange();
  }

  private async take(name: string, json: string): Promise<void> {
    const { gateway, logger } = this.options;
    let prepared: { readonly channel: Channel; readonly states: readonly State[] };
    try {
      prepared = this.prepare(readDefinition(JSON.parse(json)));
    } catch (error) {
      logger.warn({ channel: name, err: error }, 'a declared channel is not served');
      this.known.set(name, { json, channel: null, states: [] });
      return;
    }
    const { channel, states } = prepared;
    try {
      for (const state of states) await gateway.states.add(state);
      await gateway.live.add(channel);
    } catch (error) {
      await this.forget(channel, states);
      throw error;
    }
    this.known.set(name, { json, channel, states });
    gateway.mounted.put(channel, states);
  }

  private async drop(name: string, known: Known): Promise<void> {
    const { gateway, store } = this.options;
    const { channel, states } = known;
    this.known.delete(name);
    if (channel === null) return;
    gateway.mounted.drop(channel);
    await this.forget(channel, states);
    await store.sweep(name, this.holdsOf(name, known));
  }

  private async forget(channel: Channel, states: readonly State[]): Promise<void> {
    const { live, states: kept } = this.options.gateway;
    live.remove(channel);
    for (const state of states) await kept.remove(state);
  }

  /** The channel of a definition, as it would be here. @throws ApiError 409 for what is taken, FaultyInput */
  private prepare({ definition: { name, states }, declaration }: ReadDefinition): {
    readonly channel: Channel;
    readonly states: readonly State[];
  } {
    const { catalogue, states: known } = this.options.gateway.mounted;
    if (RESERVED.has(name) || catalogue.channels.has(name) || catalogue.fields.has(name)) {
      throw new ApiError(409, `"${name}" is a name of the application's`);
    }
    const taken = states.map(({ alias }) => alias ?? name).find((alias) => known.all.has(alias));
    if (taken !== undefined) throw new ApiError(409, `There is a state "${taken}" already`);
    try {
      const channel = makeChannel(name, declaration);
      return { channel, states: known.statesOf(channel) };
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      throw refused('value_error', ['body'], error.message, null);
    }
  }

  /** @throws SluiceError QUOTA_EXCEEDED */
  private assertRoom(count: number): void {
    const { maxChannels } = this.options;
    if (count < maxChannels) return;
    throw new SluiceError('QUOTA_EXCEEDED', `${count} channels are declared at run time, as many as may be`);
  }

  private holdsOf(name: string, { channel, states }: Known): string[] {
    if (channel === null) return [];
    return this.options.store.holdsOf(
      name,
      states.map((state) => state.name),
    );
  }
}
