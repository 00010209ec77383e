import { SluiceError } from '@sluice/contracts';

/** The code that an error reply of Redis begins with (`WRONGTYPE …`); empty for errors of the connection. */
function replyCode(error: unknown): string {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return '';
  return /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR';
}

/** The command did not reach its end because of the way to Redis, not because Redis refused it. */
export function isConnectionError(error: unknown): boolean {
  return !(error instanceof SluiceError) && replyCode(error) === '';
}

/** Refusals that pass by themselves: a server that loads, a cluster that fails over. */
export function isPassing(error: unknown): boolean {
  return ['LOADING', 'CLUSTERDOWN', 'TRYAGAIN', 'MASTERDOWN', 'READONLY', 'BUSY', 'MOVED', 'ASK'].includes(
    replyCode(error),
  );
}

/** Whether Redis answered with that code. */
export function isReply(error: unknown, code: string): boolean {
  return replyCode(error) === code;
}

/**
 * The error that callers see.
 * @param subject what the command was about, as in `stream "cam1:video"`
 * @param isUncertain the command was sent and must not be repeated: whether it ran is unknown when the connection was lost
 */
export function toAdminError(error: unknown, subject: string, isUncertain: boolean): SluiceError {
  if (error instanceof SluiceError) return error;
  const message = describe(error);
  const options = { cause: error };
  if (isConnectionError(error)) {
    return isUncertain
      ? new SluiceError('OUTCOME_UNKNOWN', `${subject}: sent to Redis and the reply was lost (${message})`, options)
      : new SluiceError('LOG_UNAVAILABLE', `${subject}: Redis cannot be reached (${message})`, options);
  }
  const code = replyCode(error);
  if (code === 'OOM')
    return new SluiceError('LOG_FULL', `${subject}: Redis has no memory left; nothing was written`, options);
  if (code === 'WRONGTYPE')
    return new SluiceError('WRONG_KEY_TYPE', `${subject}: the key exists and is not a stream`, options);
  if (code === 'NOGROUP') return new SluiceError('GROUP_NOT_FOUND', `${subject}: no such group`, options);
  if (code === 'CROSSSLOT') {
    return new SluiceError('CROSS_SLOT_NAME', `${subject}: the braces in the name part its keys in a cluster`, options);
  }
  if (message.includes('Invalid stream ID'))
    return new SluiceError('INVALID_ID', `${subject}: invalid entry id`, options);
  if (isPassing(error) || ['NOREPLICAS', 'MISCONF', 'NOAUTH', 'NOPERM', 'WRONGPASS'].includes(code)) {
    return new SluiceError('LOG_UNAVAILABLE', `${subject}: Redis does not take the command now (${message})`, options);
  }
  return new SluiceError('INTERNAL', `${subject}: Redis refused a command`, options);
}

/** ioredis tells a refused or lost connection by its own settings, which would say nothing to the reader. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'MaxRetriesPerRequestError' ? 'the connection is refused or lost' : error.message;
}
