import { type Catalogue, type Channel } from '../engine/catalogue.js';
import { type Graph } from '../engine/graph.js';
import { type Application } from '../sdk/application.js';
import { findIn } from './aliases.js';
import { StateCatalogue } from '../state/state-catalogue.js';
import { select, type Selection } from '../sdk/module.js';

/** A group of routes with one name per channel. */
export type Group = 'last' | 'next' | 'lookup' | 'send' | 'stage';

/** Which channels are served in which group of routes, and what stands behind them. */
export class Mounted {
  readonly catalogue: Catalogue;
  readonly states: StateCatalogue;
  private readonly groups: Readonly<Record<Group, ReadonlyMap<string, Channel>>>;
  private readonly streamed: ReadonlyMap<string, Channel>;

  /** @throws Error for a selection that names what there is not */
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
    const sendable = shown.filter(({ declaration }) => declaration.options.sendable === true);
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
      send: chosen(mounts.everything === true ? shown : sendable, mounts.send, 'mounts.send'),
      stage: chosen(staged, mounts.stage, 'mounts.stage'),
    };
    this.streamed = chosen(shown, mounts.stream?.selection, 'mounts.stream.selection');
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
