import { SluiceError } from '@sluice/contracts';

const MAX_CHARS = 128;
/** Subjects that are no users: nobody may be called like one. */
const RESERVED = /^(anon|anonymous|key:.*|oidc:.*)$/i;

/** @throws SluiceError `INVALID_NAME` for a name that no user or API key may have */
export function assertSubjectName(name: string, what: 'user' | 'API key'): void {
  const shown = JSON.stringify(name.slice(0, MAX_CHARS));
  if (name === '' || name.length > MAX_CHARS) {
    throw new SluiceError('INVALID_NAME', `${what} ${shown}: a name has 1 to ${MAX_CHARS} characters`);
  }
  if (/[\p{C}\p{Z}]/u.test(name)) {
    throw new SluiceError('INVALID_NAME', `${what} ${shown}: a name has no spaces and no control characters`);
  }
  if (RESERVED.test(name)) throw new SluiceError('INVALID_NAME', `${what} ${shown}: this name is reserved`);
}
