import { SluiceError } from '@sluice/contracts';
import { quoteValue } from '@sluice/wire';
import { type PushResult } from './push-ledger.js';

const MAX_NAME_CHARS = 32;

/** A message that was not stored whole, and how many after it were. */
export interface Refusal {
  /** Number of the message in its socket, from 1. */
  readonly message: number;
  readonly results: readonly PushResult[];
  /** Stream of each entry, as the client calls it; null where the socket has only one. */
  readonly streams: readonly string[] | null;
  storedAfter: number;
}

/**
 * The error that tells what became of a refused message: the log's own error when nothing of it was stored, `PARTIAL_APPEND`
 * with the result of each entry otherwise.
 */
export function describeRefusal({ message, results, streams, storedAfter }: Refusal): SluiceError {
  const later = storedAfter === 0 ? '' : `, ${storedAfter} later ones stored`;
  return describeResults(results, `message ${message}${later}`, streams);
}

/**
 * The same for entries that came together in any other way.
 * @param what names them
 * @param streams the stream of each, where there may be several
 */
export function describeResults(
  results: readonly PushResult[],
  what: string,
  streams: readonly string[] | null = null,
): SluiceError {
  const refused = results.filter((result): result is SluiceError => typeof result !== 'string');
  const first = refused[0] as SluiceError;
  if (refused.length === results.length) {
    return new SluiceError(first.code, `${what}: ${first.message}`, { cause: first });
  }
  const details = { results: results.map((result) => (typeof result === 'string' ? result : result.code)) };
  const stored = results.length - refused.length;
  const which = streams === null ? 'all' : namesOf(streams.filter((_, index) => typeof results[index] !== 'string'));
  const text = `${what}: ${stored} of ${results.length} entries stored, not ${which}: ${first.message}`;
  return new SluiceError('PARTIAL_APPEND', text, { cause: first, details });
}

/** The first name and how many others there are: the reason of a close frame has 123 bytes for everything. */
function namesOf(streams: readonly string[]): string {
  const [first = '', ...others] = new Set(streams);
  const name = first.length > MAX_NAME_CHARS ? `${first.slice(0, MAX_NAME_CHARS)}…` : first;
  return `${quoteValue(name)}${others.length === 0 ? '' : ` +${others.length} more`}`;
}
