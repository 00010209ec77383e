import { type Authenticator } from './authenticator.js';
import { type Credential } from './credentials.js';
import { ANONYMOUS, type Identity } from './identity.js';
import { type VerifiedTokens } from './verified-tokens.js';

/** A bearer that nobody knows, in open mode. */
const ANON: Identity = { ...ANONYMOUS, subject: 'anon', kind: 'unknown' };

/** Open mode: everybody may do everything, whatever they hold; a valid token of ours only says who they are. */
export class OpenAuthenticator implements Authenticator {
  readonly isStrict = false;

  /** @param tokens null: nobody is known */
  constructor(private readonly tokens: Pick<VerifiedTokens, 'find' | 'check'> | null) {}

  /** Nobody loses anything here. */
  watch(): () => null {
    return () => null;
  }

  identify({ text }: Credential): Identity | Promise<Identity> {
    if (this.tokens === null) return ANON;
    const known = this.tokens.find(text);
    if (known !== null) return named(known.claims);
    return this.tokens.check(text).then(
      ({ claims }) => named(claims),
      () => ANON,
    );
  }
}

function named({ subject, tokenId, expiresAtMs }: { subject: string; tokenId: string; expiresAtMs: number }): Identity {
  if (expiresAtMs <= Date.now()) return ANON;
  return { ...ANONYMOUS, subject, kind: 'token', credentialId: tokenId };
}
