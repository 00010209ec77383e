/** Records by channel, for the compiler: `{ example: Example; basket: Example }`. Of a list channel the type of one record. */
export type ChannelRecords = Readonly<Record<string, object>>;

/** What the gateway adds to each record. */
interface Stamped {
  /** Decimal text of 19 digits; too large for a number. */
  readonly id: string;
  /** UTC without a zone, such as `2026-11-21T04:36:09.889198`. */
  readonly timestamp: string;
}

/** A record as it is read. */
export type RecordOf<C extends ChannelRecords, N extends keyof C> = C[N] & Stamped;

/**
 * A record with the fields that a query chose: those of its own by their type, and paths into nested objects under their path. All of it
 * when none were chosen (`null`).
 */
export type Chosen<Item, Field extends string | null> = [Field] extends [null]
  ? Item
  : string extends Field
    ? Partial<Item> & Readonly<Record<string, unknown>>
    : Pick<Item, Field & keyof Item> & { readonly [Path in Exclude<Field, keyof Item | null>]?: unknown };

/** A record as it is sent: what is left out is filled in. */
export type Sent<C extends ChannelRecords, N extends keyof C> = Readonly<Partial<C[N] & Stamped>>;

/** Groups of routes whose channels can be listed. */
export type ChannelGroup = 'last' | 'next' | 'lookup' | 'send' | 'state' | 'stage' | 'stream' | 'field';

/** A channel that is declared at run time. */
export interface ChannelDefinition {
  /** Letters, digits and `_`, beginning with a letter. */
  readonly name: string;
  /** What ticks: a record (the default), a list of them, or either on some keys of a basket. */
  readonly shape?: 'scalar' | 'list' | 'basket' | 'basket_of_lists';
  /** Of a basket. */
  readonly keys?: readonly string[];
  /** JSON Schema of a record, without `id` and `timestamp`. */
  readonly record: object;
  /** Clients may tick it. Default true. */
  readonly sendable?: boolean;
  /** Records may be collected in front of it. Default false. */
  readonly staged?: boolean;
  /** The newest record for each combination of some fields is kept, under the channel's name or another one. */
  readonly states?: readonly { readonly keyBy: readonly string[]; readonly alias?: string; readonly key?: string }[];
  readonly description?: string;
}
