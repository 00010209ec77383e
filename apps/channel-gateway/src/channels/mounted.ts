import { type Catalogue, type Channel } from '../engine/catalogue.js';
import { type Graph } from '../engine/graph.js';
import { type Application } from '../sdk/application.js';
import { select, type Selection } from '../sdk/module.js';

/** A group of routes with one name per channel. */
export type Group = 'last' | 'next' | 'lookup' | 'send';

/** Which channels are served in which group of routes, and what stands behind them. */
export class Mounted {
  readonly catalogue: Catalogue;
  private readonly groups: Readonly<Record<Group, ReadonlyMap<string, Channel>>>;
  private readonly streamed: ReadonlyMap<string, Channel>;

  /** @throws Error for a selection that names what there is not */
  constructor(
    readonly application: Application,
    private readonly graph: Graph,
  ) {
    this.catalogue = graph.catalogue;
    const { mounts } = application;
    const shown = [...this.catalogue.channels.values()].filter(
      ({ declaration }) => declaration.options.hidden !== true,
    );
    const sendable = shown.filter(({ declaration }) => declaration.options.sendable === true);
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
    return this.graph.written.has(name) || declaration.options.sendable === true;
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

/** The entry of a name, or of its alias with `-` for each `_`. */
export function findIn<V>(all: ReadonlyMap<string, V>, name: string): V | null {
  const found = all.get(name);
  if (found !== undefined) return found;
  const plain = name.replaceAll('-', '_');
  return name.includes('-') && plain.replaceAll('_', '-') === name ? (all.get(plain) ?? null) : null;
}
