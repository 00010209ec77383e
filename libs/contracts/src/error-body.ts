import { type ErrorCode, type ErrorDetails, SluiceError, isErrorCode } from './errors.js';

/** Body of every refused request of our own routes. */
export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly details?: ErrorDetails;
    /** Id under which the server's log knows the request. */
    readonly requestId?: string;
  };
}

/** The body that tells this error. */
export function errorBody(error: SluiceError, requestId?: string): ErrorBody {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.details === undefined ? {} : { details: error.details }),
      ...(requestId === undefined ? {} : { requestId }),
    },
  };
}

/** Reads an error body a server sent; null when it is something else. */
export function parseErrorBody(body: unknown): SluiceError | null {
  if (!isRecord(body) || !isRecord(body['error'])) return null;
  const { code, message, details } = body['error'];
  if (!isErrorCode(code) || typeof message !== 'string') return null;
  return new SluiceError(code, message, isRecord(details) ? { details } : {});
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
