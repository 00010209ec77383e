import { type Enumeration } from '../records/fields.js';
import { type RecordType, type Stamped } from '../records/record-type.js';

/** The newest record for each combination of these attributes is kept; dots lead into nested objects. */
export interface StateDeclaration {
  readonly keyBy: readonly string[];
  /** Name of the state. Default: the channel's. */
  readonly alias?: string;
  /** Of a basket: the one key whose records count. */
  readonly key?: string;
}

export interface ChannelOptions {
  readonly description?: string;
  /** Clients may tick it. */
  readonly sendable?: boolean;
  /** Records may be collected in front of the channel and released together. */
  readonly staged?: boolean;
  /** Name of a channel of `StagingEvent` records, on which everything is told that happens to this one's staging areas. */
  readonly stagingEvents?: string;
  /** Name of a channel of `StagingRequest` records: what ticks there is done to this one's staging areas. */
  readonly stagingRequests?: string;
  readonly states?: readonly StateDeclaration[];
  /** Not shown in any list. */
  readonly hidden?: boolean;
}

/** One key of a basket: how it is called, and the value that clients may also name it by. */
export interface BasketKey {
  readonly name: string;
  readonly value: string | number;
}

/** A declared channel. `Tick` is what one tick of it is. */
export interface ChannelDeclaration<Tick = unknown> {
  readonly kind: 'channel';
  readonly type: RecordType;
  /** Each tick (of each key) is a list of records. */
  readonly isList: boolean;
  /** The keys of a basket; null for a channel that is none. Keys of modules are added when the application is built. */
  readonly keys: readonly BasketKey[] | null;
  /** Modules may add keys. */
  readonly hasDynamicKeys: boolean;
  readonly options: ChannelOptions;
  /** For the compiler alone. */
  readonly tick?: Tick;
}

/** A plain value beside the channels. */
export interface StaticField {
  readonly kind: 'field';
  readonly value: unknown;
  readonly hidden: boolean;
}

/** The catalogue of an application: its channels and static fields by name, in their order. */
export type Channels = Readonly<Record<string, ChannelDeclaration | StaticField>>;

/** What ticks on a channel of the catalogue. */
export type TickOf<C extends Channels, N extends keyof C> = C[N] extends ChannelDeclaration<infer Tick> ? Tick : never;

/** Each tick is one record. */
export function channel<T extends Stamped>(type: RecordType<T>, options: ChannelOptions = {}): ChannelDeclaration<T> {
  return declare(type, options, { isList: false, keys: null });
}

/** Each tick is a list of records. */
export function list<T extends Stamped>(
  type: RecordType<T>,
  options: ChannelOptions = {},
): ChannelDeclaration<readonly T[]> {
  return declare(type, options, { isList: true, keys: null });
}

/** One channel for each member of an enumeration. */
export function enumBasket<E extends Enumeration, T extends Stamped>(
  members: E,
  type: RecordType<T>,
  options: ChannelOptions = {},
): ChannelDeclaration<Readonly<Partial<Record<keyof E, T>>>> {
  const keys = Object.entries(members).map(([name, value]) => ({ name, value }));
  return declare(type, options, { isList: false, keys });
}

/** One channel for each key; modules may add keys (`dynamicKeys`). */
export function basket<T extends Stamped>(
  keys: readonly string[],
  type: RecordType<T>,
  options: ChannelOptions = {},
): ChannelDeclaration<Readonly<Record<string, T>>> {
  return { ...declare(type, options, { isList: false, keys: keys.map(asKey) }), hasDynamicKeys: true };
}

/** As {@link basket}, with a list of records in each tick of a key. */
export function basketOfLists<T extends Stamped>(
  keys: readonly string[],
  type: RecordType<T>,
  options: ChannelOptions = {},
): ChannelDeclaration<Readonly<Record<string, readonly T[]>>> {
  return { ...declare(type, options, { isList: true, keys: keys.map(asKey) }), hasDynamicKeys: true };
}

/** A plain value, such as a name or a table, that clients may read. */
export function field(value: unknown, options: { readonly hidden?: boolean } = {}): StaticField {
  return { kind: 'field', value, hidden: options.hidden ?? false };
}

/** A key that is called as its value. */
export function asKey(name: string): BasketKey {
  return { name, value: name };
}

function declare<T extends Stamped>(
  type: RecordType<T>,
  options: ChannelOptions,
  shape: Pick<ChannelDeclaration, 'isList' | 'keys'>,
): ChannelDeclaration<never> {
  return { kind: 'channel', type: type as unknown as RecordType, hasDynamicKeys: false, options, ...shape };
}
