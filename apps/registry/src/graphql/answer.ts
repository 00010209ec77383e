import { SluiceError, isErrorCode } from '@sluice/contracts';
import { WireError } from '@sluice/wire';
import { GraphQLError, type ExecutionResult } from 'graphql';
import { type Logger } from 'pino';

/** One error, as clients see it. */
interface AnswerError {
  readonly message: string;
  readonly locations?: readonly unknown[];
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** What an operation, or one event of a subscription, is answered. */
export interface Answer {
  readonly data: unknown;
  readonly errors?: readonly AnswerError[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

const MAX_TOLD_ERRORS = 100;

/** Makes results into answers; what goes wrong inside stays in the log. */
export function toAnswer(
  result: Pick<ExecutionResult, 'data' | 'errors'>,
  extensions: Readonly<Record<string, unknown>> | null,
  log: Logger,
): Answer {
  const { data = null, errors } = result;
  return {
    data,
    ...(errors === undefined ? {} : { errors: errors.slice(0, MAX_TOLD_ERRORS).map((error) => shown(error, log)) }),
    ...(extensions === null ? {} : { extensions }),
  };
}

function shown(error: GraphQLError, log: Logger): AnswerError {
  const { locations, path } = error;
  const known = knownError(error);
  if (known === null) log.error({ err: error.originalError, path }, 'a field failed');
  const { message, code, details } = known ?? {
    message: 'internal error of the registry; its log has the details',
    code: 'INTERNAL',
    details: undefined,
  };
  return {
    message,
    ...(locations === undefined ? {} : { locations }),
    ...(path === undefined ? {} : { path }),
    ...(code === undefined ? {} : { extensions: { code, ...(details === undefined ? {} : { details }) } }),
  };
}

interface KnownError {
  readonly message: string;
  readonly code: string | undefined;
  readonly details?: unknown;
}

/** Null for faults of our own. */
function knownError(error: GraphQLError): KnownError | null {
  const { originalError } = error;
  const cause = originalError instanceof GraphQLError ? originalError.originalError : originalError;
  if (cause instanceof SluiceError) return { message: cause.message, code: cause.code, details: cause.details };
  if (cause instanceof WireError) {
    return { message: cause.message, code: isErrorCode(cause.code) ? cause.code : 'INVALID_PARAMETER' };
  }
  if (cause !== undefined && cause !== null) return null;
  const { code } = error.extensions;
  return { message: error.message, code: typeof code === 'string' ? code : undefined };
}
