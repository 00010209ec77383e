/** What a log line says of an error. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/** Causes told beneath an error at most. */
const MAX_CAUSES = 5;

/**
 * An error for the log: these facts of it and no others. Libraries hang what they were working on to their errors – the Redis
 * client whole commands, and with them hashes of passwords, keys that sign tokens, and payloads.
 */
export function loggedError(error: unknown): unknown {
  return error instanceof Error ? factsOf(error, MAX_CAUSES) : error;
}

function factsOf(error: Error, causes: number): LoggedError {
  const { name, message, stack, cause } = error;
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: error.constructor.name || name,
    message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(stack === undefined ? {} : { stack }),
    ...(cause instanceof Error && causes > 0 ? { cause: factsOf(cause, causes - 1) } : {}),
  };
}
