import { type EntryId, type WireField } from '@sluice/wire';

/** One entry of a stream. */
export interface Entry {
  /** Name of its stream: `<device>:<stream>`. */
  readonly stream: string;
  readonly id: EntryId;
  /** A view of what was received: copy it if you keep it long, as it holds the bytes of its neighbours in memory too. */
  readonly payload: Uint8Array;
  /** Fields beside the payload, when asked for. */
  readonly fields?: readonly WireField[];
}

/** What can be pushed: bytes, or text sent as UTF-8. */
export type Payload = Uint8Array | string;

/** Entries lost to a reader: trimmed before it came to them (gap), or of a stream that was deleted and made anew (reset). */
export interface Notice {
  readonly stream: string;
  /** The reader's position before. */
  readonly after: EntryId;
  /** Id of the next entry it gets; null when there is none yet. */
  readonly next: EntryId | null;
  /** Number of entries lost, null where unknown. */
  readonly lost: number | null;
}

const encoder = new TextEncoder();

/** The bytes of a payload. */
export function payloadBytes(payload: Payload): Uint8Array {
  return typeof payload === 'string' ? encoder.encode(payload) : payload;
}
