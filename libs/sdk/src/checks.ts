import { SluiceError } from '@sluice/contracts';
import {
  MAX_IDEMPOTENCY_KEY_BYTES,
  WireError,
  assertStreamKey,
  encodeName,
  parseAppendId,
  quoteValue,
} from '@sluice/wire';

/** Runs a check of the wire library and throws its refusal as a `SluiceError` of the same code. */
export function wireToSluice<Result>(check: () => Result): Result {
  try {
    return check();
  } catch (cause) {
    if (cause instanceof WireError) throw new SluiceError(cause.code, cause.message, { cause });
    throw cause;
  }
}

/**
 * UTF-8 of a stream name.
 * @throws SluiceError `INVALID_NAME`
 */
export function checkedName(stream: string): Uint8Array {
  wireToSluice(() => assertStreamKey(stream));
  return encodeName(stream);
}

/**
 * An id to append with, in canonical form; null: the server gives it.
 * @throws SluiceError `INVALID_ID`
 */
export function checkedId(id: string | undefined): string | null {
  if (id === undefined || id === '*') return null;
  const parsed = parseAppendId(id);
  if (parsed === null) throw new SluiceError('INVALID_ID', `${quoteValue(id)} is not an entry id`);
  return parsed;
}

/** @throws SluiceError `INVALID_PARAMETER` */
export function checkKey(key: string | undefined): void {
  if (key === undefined) return;
  const bytes = encodeName(key).length;
  if (bytes > 0 && bytes <= MAX_IDEMPOTENCY_KEY_BYTES) return;
  throw new SluiceError(
    'INVALID_PARAMETER',
    `an idempotency key of ${bytes} bytes is not 1 to ${MAX_IDEMPOTENCY_KEY_BYTES}`,
  );
}
