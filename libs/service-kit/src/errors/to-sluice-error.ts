import { HttpException } from '@nestjs/common';
import { ERRORS, type ErrorCode, SluiceError } from '@sluice/contracts';

const CODE_BY_STATUS = new Map<number, ErrorCode>([
  [400, 'INVALID_PARAMETER'],
  [401, 'UNAUTHENTICATED'],
  [403, 'FORBIDDEN'],
  [404, 'NOT_FOUND'],
  [405, 'METHOD_NOT_ALLOWED'],
  [406, 'UNSUPPORTED_MEDIA_TYPE'],
  [413, 'MESSAGE_TOO_LARGE'],
  [415, 'UNSUPPORTED_MEDIA_TYPE'],
  [429, 'RATE_LIMITED'],
  [503, 'SERVICE_UNAVAILABLE'],
]);

/**
 * Any thrown value as our error. Refusals of Nest and Fastify keep their meaning and message; everything else is a fault
 * of ours whose message stays in the log.
 */
export function toSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const status = statusOf(error);
  const code = status === null ? undefined : CODE_BY_STATUS.get(status);
  if (code === undefined || !(error instanceof Error)) {
    return new SluiceError('INTERNAL', 'The request failed; the log has the reason under this request id', {
      cause: error,
    });
  }
  return new SluiceError(code, error.message || ERRORS[code].meaning, { cause: error });
}

function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return null;
}
