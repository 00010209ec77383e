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
  const refused = results.filter((result): result is SluiceError => typeof result !== 'string');
  const first = refused[0] as SluiceError;
  if (refused.length === results.length) {
    return new SluiceError(first.code, `message ${message}${later}: ${first.message}`, { cause: first });
  }
  const details = { results: results.map((result) => (typeof result === 'string' ? result : result.code)) };
  const stored = results.length - refused.length;
  const text = `message ${message}${later}: ${stored} of ${results.length} entries stored, not all: ${first.message}`;
  return new SluiceError('PARTIAL_APPEND', text, { cause: first, details });
}
