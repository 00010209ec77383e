import { SluiceError, isErrorCode } from '@sluice/contracts';
import { WireError } from '@sluice/wire';

/** The error of Sluice behind anything thrown; faults of our own get a message that gives nothing away. */
export function toSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  if (error instanceof WireError) {
    const code = isErrorCode(error.code) ? error.code : 'INVALID_PARAMETER';
    return new SluiceError(code, error.message, { cause: error });
  }
  return new SluiceError('INTERNAL', 'internal error of the stream store; its log has the details', { cause: error });
}

/** Runs a parser of the wire and throws its refusals as errors of Sluice. */
export function refusing<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw toSluiceError(error);
  }
}
