import { type SluiceError } from '@sluice/contracts';
import { type Credential } from './credentials.js';
import { type Identity } from './identity.js';

/** Finds out who makes a request, as the mode wants it. */
export interface Authenticator {
  /** Whether credentials are asked for everywhere. */
  readonly isStrict: boolean;
  /** At once for a credential seen before. @throws SluiceError `UNAUTHENTICATED`, `LOG_UNAVAILABLE` (strict mode only) */
  identify(credential: Credential): Identity | Promise<Identity>;
  /** A look at whether a credential just identified still holds: why not, or that it allows less; null while it does. */
  watch(credential: Credential, identity: Identity): () => SluiceError | null;
}
