import { SluiceError } from '@sluice/contracts';

/** The bytes are not what they are said to be: it costs the request that wants them converted, and nothing else. */
export function malformed(message: string, cause?: unknown): SluiceError {
  return new SluiceError('INVALID_FRAME', message, cause === undefined ? {} : { cause });
}
