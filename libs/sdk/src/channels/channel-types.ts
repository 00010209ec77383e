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

/** A record as it is sent: what is left out is filled in. */
export type Sent<C extends ChannelRecords, N extends keyof C> = Readonly<Partial<C[N] & Stamped>>;

/** Groups of routes whose channels can be listed. */
export type ChannelGroup = 'last' | 'next' | 'lookup' | 'send' | 'state' | 'stage' | 'stream' | 'field';
