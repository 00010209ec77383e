import { type EntryId } from '@sluice/wire';

/** How long the entries of a stream stay; a bound of null does not hold. */
export interface Retention {
  /** Newest entries kept. */
  readonly maxEntries: number | null;
  /** Age in milliseconds after which an entry goes. */
  readonly maxAgeMs: number | null;
  /** Sum of payload bytes kept. */
  readonly maxBytes: number | null;
}

/** A stream's retention, and whether somebody set it. */
export interface StreamRetention extends Retention {
  /** `default`: the policy of the system; `stream`: set for this stream. */
  readonly source: 'default' | 'stream';
}

/** What is known of one stream. */
export interface StreamInfo {
  /** Redis key: `<device>:<stream>`. */
  readonly name: string;
  readonly device: string;
  readonly stream: string;
  /** Entries in the log now. */
  readonly length: number;
  /** Estimated bytes of the log in memory. */
  readonly bytes: number;
  /** Entries ever appended. */
  readonly entriesAdded: number;
  readonly firstEntryId: EntryId | null;
  readonly lastEntryId: EntryId | null;
  readonly lastGeneratedId: EntryId;
  /** Number of consumer groups. */
  readonly groups: number;
  /** Entries appended a second, over the last seconds. */
  readonly ratePerSecond: number;
  /** Payload bytes appended a second, over the last seconds. */
  readonly bytesPerSecond: number;
  readonly retention: StreamRetention;
  /** ISO 8601 time of the last entry's id, or null when the log is empty. */
  readonly lastEntryTime: string | null;
}

/** One page of a list of streams. */
export interface StreamList {
  readonly streams: readonly StreamInfo[];
  /** Give it back as `cursor` for the next page; null after the last. */
  readonly cursor: string | null;
}

/** One entry in JSON form; which of `data`, `json`, `text` is there follows the `as` parameter. */
export interface EntryView {
  readonly id: EntryId;
  /** ISO 8601 time of the id. */
  readonly time: string;
  /** Payload bytes. */
  readonly bytes: number;
  /** Payload in base64. */
  readonly data?: string;
  /** Payload parsed as JSON. */
  readonly json?: unknown;
  /** Payload as UTF-8 text. */
  readonly text?: string;
}

/** One page of a range. */
export interface EntryPage {
  readonly entries: readonly EntryView[];
  /** Give it back as `after` for the next page; null after the last. */
  readonly next: EntryId | null;
}

/** Ids of the entries an append stored, in order. */
export interface AppendResult {
  readonly ids: readonly EntryId[];
}

/** What is known of one consumer group. */
export interface GroupInfo {
  readonly group: string;
  readonly consumers: number;
  /** Entries delivered and not acknowledged. */
  readonly pending: number;
  readonly lastDeliveredId: EntryId;
  /** Entries not delivered yet, or null when Redis cannot tell. */
  readonly lag: number | null;
}
