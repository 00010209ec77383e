import { type EntryId } from '@sluice/wire';
import { type SluiceError } from '@sluice/contracts';

/** One entry of a stream as it is read: its id, the bytes of field `d`, and any other fields when there are some. */
export interface LogEntry {
  readonly id: EntryId;
  readonly payload: Uint8Array;
  readonly fields?: readonly (readonly [name: string, value: Uint8Array])[];
}

/** One entry as Redis holds it: a single one (field `d`), or a packed one (field `p`) that stands for several. */
export interface StoredEntry extends LogEntry {
  /** How many entries are packed in `payload` (see wire's `unpackPayloads`); absent or 0 for a single entry. */
  readonly packedCount?: number;
}

/** Consecutive entries of one stream: everything the log holds after `after` up to and including `last`. */
export interface EntryBatch {
  readonly key: string;
  /** Position before the first entry. */
  readonly after: EntryId;
  /** Position after the last entry; may lie past the last of `entries` when entries without field `d` were skipped. */
  readonly last: EntryId;
  readonly entries: readonly LogEntry[];
  /** The same entries as they are stored; packed ones in one piece, for readers that pass them on as they are. */
  readonly stored: readonly StoredEntry[];
  /** How many `entries` there are; does not unpack anything. */
  readonly entryCount: number;
  /** Sum of the payloads' bytes. */
  readonly bytes: number;
  /** Encodings made by one follower for all the others that want the same: key = the encoder's options. */
  readonly shared: Map<string, Uint8Array[]>;
}

/** Entries between `after` and `next` were trimmed before this follower read them. */
export interface GapNotice {
  readonly key: string;
  readonly after: EntryId;
  /** Id of the next entry that will be delivered. */
  readonly next: EntryId;
  /** How many were lost, or null when that cannot be known. */
  readonly lost: number | null;
}

/** The stream was deleted and made anew, or rolled back below the follower's position. */
export interface ResetNotice {
  readonly key: string;
  readonly after: EntryId;
  readonly next: EntryId;
}

/** Who receives a follower's entries. All calls are synchronous and come in log order. */
export interface FollowerSink {
  /**
   * Asked before anything is handed over; false: the follower pauses where it is, with nothing told, until `Follower.resume()`.
   * For readers of many streams, whose followers share one bound.
   */
  canTake?(): boolean;
  /** Return false to be paused after this batch (the batch counts as taken); `Follower.resume()` goes on from there. */
  onEntries(batch: EntryBatch): boolean;
  /** Comes before the entries that follow the gap. */
  onGap(gap: GapNotice): void;
  onReset(reset: ResetNotice): void;
  /** The follower is closed: its key holds no stream, or may not be read. Outages are not failures: it waits. */
  onFailure(error: SluiceError): void;
}

export interface FollowOptions {
  /** Strictly after this id; `$` = the log's own last generated id, read atomically at the start. */
  readonly after: EntryId | '$';
  /** Skip to the newest n entries at each delivery (they come oldest first); 0 or absent: every entry. */
  readonly latest?: number;
  /** At most this many entries a batch when reading from the log by itself (paced readers). */
  readonly maxEntries?: number;
}

/** A live reader: a position in one stream, never a buffer. */
export interface Follower {
  readonly key: string;
  /** Everything up to here was handed to the sink. `$` until `ready`. */
  readonly position: EntryId | '$';
  /** Resolves with the position the follower starts from. */
  readonly ready: Promise<EntryId>;
  /** Goes on after a pause: reads the log from the follower's own position until it is level with the tail. */
  resume(): void;
  close(): void;
}

/** Who is told what became of a pushed entry; called once per token, in push order within one stream. */
export interface AppendSink {
  onAppended(token: number, id: EntryId): void;
  onRefused(token: number, error: SluiceError): void;
}

/** How long entries stay: a bound of null does not hold. */
export interface RetentionPolicy {
  readonly maxEntries: number | null;
  readonly maxAgeMs: number | null;
  readonly maxBytes: number | null;
}

/** `everysec`, `always`, or `replicas:N`. */
export type Durability =
  { readonly kind: 'everysec' } | { readonly kind: 'always' } | { readonly kind: 'replicas'; readonly count: number };
