import { type Catalogue, type Channel } from '../engine/catalogue.js';
import { type Graph } from '../engine/graph.js';
import { BuildError } from '../engine/build-error.js';
import { type Application, type Mounts } from '../sdk/application.js';
import { findIn } from './aliases.js';
import { StateCatalogue, type State } from '../state/state-catalogue.js';
import { select, type Selection } from '../sdk/module.js';

/** A group of routes with one name per channel. */
export type Group = 'last' | 'next' | 'lookup' | 'send' | 'stage';

const READ_GROUPS = ['last', 'next', 'lookup'] as const;

/** Which channels are served in which group of routes, and what stands behind them. */
export class Mounted {
  readonly catalogue: Catalogue;
  readonly states: StateCatalogue;
  private readonly groups: Readonly<Record<Group, Map<string, Channel>>>;
  private readonly streamed: Map<string, Channel>;
  private changes = 0;

  /** @throws BuildError for a selection that names what there is not, or a heartbeat that is none */
  constructor(
    readonly application: Application,
    private readonly graph: Graph,
  ) {
    this.catalogue = graph.catalogue;
    const { mounts } = application;
    this.states = new StateCatalogue(this.catalogue, mounts.state);
    const shown = [...this.catalogue.channels.values()].filter(
      ({ declaration }) => declaration.options.hidden !== true,
    );
    const staged = shown.filter(({ declaration }) => declaration.options.staged === true);
    const chosen = (all: readonly Channel[], selection: Selection | undefined, what: string): Map<string, Channel> => {
      const names = select(
        all.map(({ name }) => name),
        mounts.everything === true ? undefined : selection,
        what,
      );
      return new Map(names.map((name) => [name, this.catalogue.channels.get(name) as Channel]));
    };
    this.groups = {
      last: chosen(shown, mounts.last, 'mounts.last'),
      next: chosen(shown, mounts.next, 'mounts.next'),
      lookup: chosen(shown, mounts.lookup, 'mounts.lookup'),
      send: this.sendable(chosen(shown, mounts.send, 'mounts.send'), mounts),
      stage: chosen(staged, mounts.stage, 'mounts.stage'),
    };
    this.streamed = chosen(shown, mounts.stream?.selection, 'mounts.stream.selection');
    assertHeartbeat(mounts.stream?.heartbeatMs);
  }

  /** Those that clients can send to; what a selection names is there all the same, and says that nothing stands behind it. */
  private sendable(chosen: Map<string, Channel>, { send = {}, everything = false }: Mounts): Map<string, Channel> {
    const isNamed = Array.isArray(send) || ('include' in send && send.include !== undefined);
    if (everything || isNamed) return chosen;
    return new Map([...chosen].filter(([, channel]) => this.isSendable(channel)));
  }

  /** How often what is served has changed. */
  get version(): number {
    return this.changes;
  }

  /** Serves a channel that was declared at run time wherever its declaration allows; what the application mounts is about its own. */
  put(channel: Channel, states: readonly State[]): void {
    const { sendable, staged } = channel.declaration.options;
    this.catalogue.put(channel);
    this.states.put(states);
    for (const group of READ_GROUPS) this.groups[group].set(channel.name, channel);
    if (sendable === true) this.groups.send.set(channel.name, channel);
    if (staged === true) this.groups.stage.set(channel.name, channel);
    this.streamed.set(channel.name, channel);
    this.changes += 1;
  }

  drop(channel: Channel): void {
    for (const group of Object.values(this.groups)) group.delete(channel.name);
    this.streamed.delete(channel.name);
    this.states.drop(channel);
    this.catalogue.drop(channel);
    this.changes += 1;
  }

  /** The channel of a name, or of its alias with `-` for each `_`, in a group of routes. */
  find(group: Group, name: string): Channel | null {
    return findIn(this.groups[group], name);
  }

  /** The channel that sockets know by that name. */
  findStreamed(name: string): Channel | null {
    return this.streamed.get(name) ?? null;
  }

  channels(group: Group): readonly Channel[] {
    return [...this.groups[group].values()];
  }

  /** In the order of their declaration. */
  get streamedChannels(): readonly Channel[] {
    return [...this.streamed.values()];
  }

  /** Whether a module ticks the channel, or clients can. */
  isProvided({ name, declaration }: Channel): boolean {
    const { sendable, staged } = declaration.options;
    return this.graph.written.has(name) || sendable === true || staged === true || this.catalogue.isStagingLog(name);
  }

  isSendable({ declaration }: Channel): boolean {
    return declaration.options.sendable === true;
  }

  /** Static fields that are served. */
  get fields(): readonly string[] {
    const shown = [...this.catalogue.fields].filter(([, { hidden }]) => !hidden).map(([name]) => name);
    return select(shown, this.application.mounts.fields, 'mounts.fields');
  }

  /** Who reads and who ticks each channel. */
  describe(): Record<string, { getters: string[]; setters: string[] }> {
    const described = [...this.catalogue.channels.values()].map((channel) => {
      const { name } = channel;
      const getters = this.graph.nodes.filter(({ reads }) => reads.has(name)).map(({ module }) => module.name);
      const setters = this.graph.nodes.filter(({ writes }) => writes.has(name)).map(({ module }) => module.name);
      if (this.isSendable(channel)) setters.push(`Send[${name}]`);
      return [name, { getters, setters }] as const;
    });
    return Object.fromEntries(described);
  }
}

/** A timer takes what is above its bound for 1 ms. @throws BuildError */
function assertHeartbeat(ms: number | undefined): void {
  if (ms === undefined || (ms >= 1 && ms < 2 ** 31)) return;
  throw new BuildError(`mounts.stream.heartbeatMs is ${ms}: it is from 1 to ${2 ** 31 - 1} ms`);
}
