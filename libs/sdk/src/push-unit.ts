import { SluiceError } from '@sluice/contracts';
import { type EntryId, type EntryToEncode } from '@sluice/wire';

/** Entries of one stream that share one outcome. */
export interface PushUnit {
  /** UTF-8 of the stream name. */
  readonly name: Uint8Array;
  /** The stream name again, to find units of the same stream. */
  readonly stream: string;
  readonly entries: EntryToEncode[];
  bytes: number;
  /** Set by the outbox: the unit is on its way, or was before, and may not grow any more. */
  wasSent: boolean;
  /** Sent in a frame of its own: its ids or its key may be refused, and nobody else's entries with it. */
  isAlone: boolean;
  readonly key?: string | undefined;
  /** Stored as one Redis entry, of which these are the parts. Such a unit is alone. */
  readonly isPacked?: boolean;
  /** False: the ids are not asked for and `onSettled` gets none. */
  readonly wantsIds: boolean;
  onSettled(ids: readonly EntryId[]): void;
  onFailed(error: SluiceError): void;
}

/** The error of a unit that was sent and of whose fate nothing was heard. */
export function unknownOutcome(unit: PushUnit, cause: SluiceError): SluiceError {
  const what = unit.entries.length === 1 ? 'an entry' : `${unit.entries.length} entries`;
  const message = `${what} for ${unit.stream} was sent and never confirmed (${cause.message}): stored or not is unknown`;
  return new SluiceError('OUTCOME_UNKNOWN', message, { cause });
}
