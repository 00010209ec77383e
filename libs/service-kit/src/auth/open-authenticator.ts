import { type Authenticator } from './authenticator.js';
import { ANONYMOUS, type Identity } from './identity.js';

/** A bearer that nobody knows, in open mode. */
const ANON: Identity = { ...ANONYMOUS, subject: 'anon', kind: 'unknown' };

/** Open mode: everybody may do everything, whatever they hold. */
export class OpenAuthenticator implements Authenticator {
  readonly isStrict = false;

  identify(): Identity {
    return ANON;
  }
}
