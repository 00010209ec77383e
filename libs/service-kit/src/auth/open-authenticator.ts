import { type AccessState } from './access-state.js';
import { digestOf, isApiKey } from './api-keys.js';
import { type Authenticator } from './authenticator.js';
import { type Credential } from './credentials.js';
import { ANONYMOUS, type Identity } from './identity.js';
import { type KnownToken, type VerifiedTokens } from './verified-tokens.js';

/** A bearer that nobody knows, in open mode. */
const ANON: Identity = { ...ANONYMOUS, subject: 'anon', account: 'anon', kind: 'unknown' };

/** Open mode: everybody may do everything, whatever they hold; a token or key of ours only says who they are. */
export class OpenAuthenticator implements Authenticator {
  readonly isStrict = false;
  readonly #named = new WeakMap<KnownToken, Identity>();

  /** @param known null: nobody is known */
  constructor(
    private readonly known: {
      readonly state: AccessState;
      readonly tokens: Pick<VerifiedTokens, 'find' | 'check'>;
    } | null,
  ) {}

  identify({ text }: Credential): Identity | Promise<Identity> {
    if (this.known === null) return ANON;
    const { state, tokens } = this.known;
    if (isApiKey(text)) {
      const key = state.snapshot.apiKeys.get(digestOf(text));
      if (key === undefined) return ANON;
      const { name, record } = key;
      return { ...ANONYMOUS, subject: `key:${name}`, account: record.owner, kind: 'key', credentialId: name };
    }
    const known = tokens.find(text);
    if (known !== null) return this.#nameOf(known);
    return tokens.check(text).then(
      (checked) => this.#nameOf(checked),
      () => ANON,
    );
  }

  /** Nobody loses anything here. */
  watch(): () => null {
    return () => null;
  }

  #nameOf(token: KnownToken): Identity {
    const { subject, tokenId, expiresAtMs } = token.claims;
    if (expiresAtMs <= Date.now()) return ANON;
    const known = this.#named.get(token);
    if (known !== undefined) return known;
    const who = { subject, account: subject, kind: 'token', credentialId: tokenId, expiresAtMs } as const;
    const identity: Identity = { ...ANONYMOUS, ...who };
    this.#named.set(token, identity);
    return identity;
  }
}
