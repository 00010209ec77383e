import { SluiceError } from '@sluice/contracts';
import { type PushResult } from './push-ledger.js';

/** A message that was not stored whole, and how many after it were. */
export interface Refusal {
  /** Number of the message in its socket, from 1. */
  readonly message: number;
  readonly results: readonly PushResult[];
  storedAfter: number;
}

/**
 * The error that tells what became of a refused message: the log's own error when nothing of it was stored, `PARTIAL_APPEND`
 * with the result of each entry otherwise.
 */
export function describeRefusal({ message, results, storedAfter }: Refusal): SluiceError {
  const later = storedAfter === 0 ? '' : `, ${storedAfter} later ones stored`;
  return describeResults(results, `message ${message}${later}`);
}

/**
 * The same for entries that came together in any other way.
 * @param what names them
 */
export function describeResults(results: readonly PushResult[], what: string): SluiceError {
  const refused = results.filter((result): result is SluiceError => typeof result !== 'string');
  const first = refused[0] as SluiceError;
  if (refused.length === results.length) {
    return new SluiceError(first.code, `${what}: ${first.message}`, { cause: first });
  }
  const details = { results: results.map((result) => (typeof result === 'string' ? result : result.code)) };
  const stored = results.length - refused.length;
  const text = `${what}: ${stored} of ${results.length} entries stored, not all: ${first.message}`;
  return new SluiceError('PARTIAL_APPEND', text, { cause: first, details });
}
