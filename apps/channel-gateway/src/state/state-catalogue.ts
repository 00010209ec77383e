import { findIn } from '../channels/aliases.js';
import { BuildError } from '../engine/build-error.js';
import { type Catalogue, type Channel } from '../engine/catalogue.js';
import { type StateDeclaration } from '../sdk/channels.js';
import { select, type Selection } from '../sdk/module.js';
import { layoutOf, type Layout } from './attributes.js';

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,99}$/;

/** The newest record for each combination of some attributes of a channel's records. */
export interface State {
  readonly name: string;
  readonly channel: Channel;
  /** Of a basket: the key whose records count. */
  readonly key: string | null;
  readonly keyBy: readonly string[];
  readonly layout: Layout;
}

/** Every state that an application declares. */
export class StateCatalogue {
  private readonly known: Map<string, State>;
  private readonly served: Map<string, State>;

  /** @throws BuildError for a state that cannot be kept, Error for a selection that names what there is not */
  constructor(catalogue: Catalogue, selection?: Selection) {
    const states = new Map<string, State>();
    for (const channel of catalogue.channels.values()) {
      for (const declaration of channel.declaration.options.states ?? []) addState(states, channel, declaration);
    }
    this.known = states;
    const names = select([...states.keys()], selection, 'mounts.state');
    this.served = new Map(names.map((name) => [name, states.get(name) as State]));
  }

  get all(): ReadonlyMap<string, State> {
    return this.known;
  }

  /** The states that a channel declares, as they would be here. @throws BuildError for one that there cannot be */
  statesOf(channel: Channel): readonly State[] {
    const states = new Map(this.known);
    for (const declaration of channel.declaration.options.states ?? []) addState(states, channel, declaration);
    return [...states.values()].filter((state) => state.channel === channel);
  }

  /** Takes in the states of a channel that was declared at run time. */
  put(states: readonly State[]): void {
    for (const state of states) {
      this.known.set(state.name, state);
      this.served.set(state.name, state);
    }
  }

  drop(channel: Channel): void {
    for (const [name, state] of this.known) {
      if (state.channel !== channel) continue;
      this.known.delete(name);
      this.served.delete(name);
    }
  }

  /** States that clients are shown, in the order of their declaration. */
  get shown(): readonly State[] {
    return [...this.served.values()].filter(({ channel }) => channel.declaration.options.hidden !== true);
  }

  /** The state of a name, or of its alias with `-` for each `_`. */
  find(name: string): State | null {
    return findIn(this.served, name);
  }
}

function addState(states: Map<string, State>, channel: Channel, { keyBy, alias, key }: StateDeclaration): void {
  const name = alias ?? channel.name;
  const what = `state "${name}" of channel "${channel.name}"`;
  if (!NAME.test(name)) throw new BuildError(`${what}: a name has letters, digits and _, and begins with a letter`);
  if (keyBy.length === 0 || keyBy.some((path) => path === '')) throw new BuildError(`${what} is keyed by nothing`);
  if (channel.keys !== null && key === undefined) {
    throw new BuildError(`${what}: a basket has no state as a whole, name one of its keys`);
  }
  if (key !== undefined && channel.keys?.has(key) !== true) throw new BuildError(`${what}: there is no key "${key}"`);
  const known = states.get(name);
  if (known !== undefined) {
    const isSame =
      known.channel === channel && known.key === (key ?? null) && known.keyBy.join('\n') === keyBy.join('\n');
    if (isSame) return;
    throw new BuildError(`${what} is there already, with other keys or of channel "${known.channel.name}"`);
  }
  states.set(name, { name, channel, key: key ?? null, keyBy, layout: layoutOf(channel.declaration.type) });
}
