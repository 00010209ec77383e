import { SluiceError } from '@sluice/contracts';
import { MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS } from '@sluice/contracts/dto';

/**
 * A password that a user may have. Checked here and not by its DTO, whose messages show what was sent.
 * @throws SluiceError `INVALID_PARAMETER`, which never shows it
 */
export function assertGoodPassword(value: unknown, user: string): string {
  if (typeof value !== 'string') throw refused('must be a text');
  if (value.length < MIN_PASSWORD_CHARS) throw refused(`must have at least ${MIN_PASSWORD_CHARS} characters`);
  if (value.length > MAX_PASSWORD_CHARS) throw refused(`must have at most ${MAX_PASSWORD_CHARS} characters`);
  if (value === user) throw refused("must not be the user's name");
  return value;
}

function refused(what: string): SluiceError {
  return new SluiceError('INVALID_PARAMETER', `password ${what}`);
}
