import { SluiceError } from '@sluice/contracts';
import { type DialectReply, type ErrorDialect, type UpgradeRefusal } from '@sluice/service-kit';
import { type Fault } from '../records/faults.js';

const CODES = { 400: 'INVALID_PARAMETER', 404: 'NOT_FOUND', 409: 'NAME_TAKEN', 422: 'INVALID_PARAMETER' } as const;

/** An error with the status and the `detail` that clients of the dialect know. */
export class ApiError extends SluiceError {
  constructor(
    readonly httpStatus: 400 | 404 | 409 | 422,
    /** What stands under `detail`. */
    readonly detail: string | readonly Fault[],
  ) {
    const message = typeof detail === 'string' ? detail : detail.map(({ msg }) => msg).join('; ');
    super(CODES[httpStatus], message);
  }
}

/** A channel, or a key of one, that nothing stands behind. */
export function channelNotFound(channel: string, key?: string): ApiError {
  return new ApiError(404, `Channel not found: ${key === undefined ? channel : `${channel}/${key}`}`);
}

/** A name that is not served. */
export function notFound(): ApiError {
  return new ApiError(404, 'Not Found');
}

/** An input with faults. */
export function unprocessable(faults: readonly Fault[]): ApiError {
  return new ApiError(422, faults);
}

/**
 * How the channel gateway tells errors: `{"detail": …}` throughout, a list of faults for inputs, and what the dialect's clients
 * know for routes and credentials. Faults of ours are JSON too.
 */
export const CHANNEL_ERRORS: ErrorDialect = {
  owns: (path) => !path.startsWith('/health') && !path.startsWith('/metrics'),
  reply: (error) => toReply(error),
};

function toReply(error: SluiceError): DialectReply {
  if (error instanceof ApiError) return { status: error.httpStatus, body: { detail: error.detail } };
  const { code, status, message } = error;
  if (code === 'NOT_FOUND') return { status, body: { detail: 'Not Found' } };
  if (code === 'METHOD_NOT_ALLOWED') return { status, body: { detail: 'Method Not Allowed' } };
  if (code === 'UNAUTHENTICATED' || code === 'FORBIDDEN') {
    return { status: 403, body: { detail: 'unauthorized', status_code: 403 } };
  }
  if (code === 'INTERNAL') return { status, body: { detail: 'Internal Server Error' } };
  return { status, body: { detail: message, code } };
}

/** A refused upgrade: as the dialect's clients know it. */
export function refuseSocket(error: SluiceError): UpgradeRefusal {
  const { status, body } = toReply(error);
  return { status: status < 500 && status !== 429 ? 403 : status, body: JSON.stringify(body) };
}
