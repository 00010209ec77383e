import { BuildError } from '../engine/build-error.js';
import { type RecordType, type Stamped } from '../records/record-type.js';
import { type Channels, type TickOf } from './channels.js';

/** What ticked in a cycle, of the channels a module asked for. */
export type Ticks<C extends Channels, N extends keyof C> = { readonly [K in N]?: TickOf<C, K> };

/** The cycle in which a module is called. */
export interface CycleInfo {
  /** Time of the cycle, ms since 1970; simulated in tests. */
  readonly nowMs: number;
}

/** Where a module puts its ticks. */
export interface Output<Tick> {
  /**
   * Ticks the channel: in the running cycle, or in the next one when no cycle runs. Records that are not complete get an id, a
   * timestamp and their defaults. For a basket: the keys that tick, and what ticks there.
   * @throws Error when the value is not one of the channel
   */
  tick(value: Incomplete<Tick>): void;
}

/** A tick whose records, and those in them, may lack what is filled in. */
export type Incomplete<Tick> = Tick extends Stamped
  ? { readonly [K in keyof Tick]?: IncompleteField<Tick[K]> }
  : Tick extends readonly (infer Item)[]
    ? readonly Incomplete<Item>[]
    : { readonly [K in keyof Tick]: Incomplete<Tick[K]> };

type IncompleteField<Value> = Value extends Stamped
  ? Incomplete<Value>
  : Value extends readonly (infer Item extends Stamped)[]
    ? readonly Incomplete<Item>[]
    : Value;

/** How a module is wired into an application. All calls belong into `connect`. */
export interface Connector<C extends Channels = Channels> {
  /**
   * Calls back once for each cycle in which any of the channels ticks. When one ticks several times in a cycle, the call is repeated
   * for each tick in order. A basket's tick has the keys that ticked.
   */
  on<N extends keyof C & string>(names: readonly N[], handler: (ticks: Ticks<C, N>, cycle: CycleInfo) => void): void;
  /** A channel that the module ticks. Several modules may tick the same one. */
  output<N extends keyof C & string>(name: N): Output<TickOf<C, N>>;
  /** Calls back every so often, counted from the start; all that are due at a time share a cycle. */
  every(intervalMs: number, handler: (cycle: CycleInfo) => void): void;
  /** Calls back once, so long after the start. */
  after(delayMs: number, handler: (cycle: CycleInfo) => void): void;
  /** A complete record, to be ticked on several channels, or more than once. */
  make<T extends Stamped>(type: RecordType<T>, values: Incomplete<T>): T;
  /** A record that came from outside: coerced, checked, and passed through the validators of its type. @throws FaultyInput */
  read<T extends Stamped>(type: RecordType<T>, input: unknown, options?: { readonly forceNew?: boolean }): T;
  /** Names of the channels that a selection chooses, those of all modules among them. @throws BuildError for an unknown one */
  choose(selection?: Selection): readonly (keyof C & string)[];
  /** Type and shape of a channel, with all its keys. */
  describe(name: keyof C & string): ChannelShape;
  /** Value of a static field. */
  field(name: string): unknown;
  /** Keys of a basket, those of all modules among them. */
  keys(name: keyof C & string): readonly string[];
}

/** What a module may need to know of a channel that it does not name itself. */
export interface ChannelShape {
  readonly type: RecordType;
  /** Each tick (of each key) is a list of records. */
  readonly isList: boolean;
  /** Keys of a basket; null for a channel that is none. */
  readonly keys: readonly string[] | null;
}

/** What a module has while it does work of its own. */
export interface ModuleRun {
  /** Aborted when the module is to end. */
  readonly signal: AbortSignal;
  /** Resolves when more may be ticked: at once, unless the log is behind. Ask before each batch of what has no pace of its own. */
  room(): Promise<void>;
  /** What the module has kept, wherever it ran before, by the names it gave. */
  readonly kept: ReadonlyMap<string, string>;
  /**
   * Keeps a text, such as how far the module has come, for whoever runs the module next; null keeps it no longer. It is written together
   * with everything the module ticked just before, in the same turn, and with what other modules made of that: all of it or nothing.
   * @throws Error for more than 10,000 names, or more than 1,000 characters
   */
  keep(name: string, value: string | null): void;
  /** Tells of a failure that the module survives; it is counted, and kept with what the module was given. */
  failed(error: unknown, given?: Readonly<Record<string, unknown>>): void;
}

/** Some channels: the first list in its order (default: all), without those of the second. */
export type Selection =
  readonly string[] | { readonly include?: readonly string[]; readonly exclude?: readonly string[] };

/** A part of an application: reads channels, ticks others, or brings data in from elsewhere. */
export interface GatewayModule<C extends Channels = Channels> {
  readonly name: string;
  /** Left out when the application is built. */
  readonly disabled?: boolean;
  /** Of the channels it reads, those that somebody must tick. Default: all. */
  readonly requires?: Selection;
  /** Keys to add to baskets, by the basket's name. */
  dynamicKeys?(): Readonly<Record<string, readonly string[]>>;
  /** Channels to add to the application. */
  dynamicChannels?(): Channels;
  /** Says what the module reads and ticks. Called for each start, also on another replica that takes over. */
  connect(channels: Connector<C>): void;
  /** Begins work of its own, such as following a device; until `signal` is aborted. A failure is told like that of a handler. */
  start?(run: ModuleRun): Promise<void> | void;
  /** Ends it: called when another replica takes over, and when the service stops. */
  stop?(): Promise<void> | void;
}

/** Names of `all` that a selection chooses. @param what for the error @throws BuildError for a name that is not among them */
export function select(all: readonly string[], selection: Selection | undefined, what: string): string[] {
  if (selection === undefined) return [...all];
  const { include, exclude = [] } = Array.isArray(selection)
    ? { include: selection as readonly string[] }
    : (selection as Exclude<Selection, readonly string[]>);
  for (const name of [...(include ?? []), ...exclude]) {
    if (!all.includes(name)) throw new BuildError(`${what} names the channel "${name}", which there is not`);
  }
  return (include ?? all).filter((name) => !exclude.includes(name));
}
