import { SluiceError } from '@sluice/contracts';
import { type AccessState } from './access-state.js';
import { type ApiKeys, digestOf, isApiKey } from './api-keys.js';
import { type Authenticator } from './authenticator.js';
import { type Credential } from './credentials.js';
import { type Identity } from './identity.js';
import { type KnownApiKey } from './snapshot.js';
import { NotKnownYet, type Verified, apiKeyIdentity, notValid } from './verified.js';
import { type VerifiedTokens } from './verified-tokens.js';

/**
 * Strict mode: signature, expiry, revocation and rights of every credential. What was checked once is only looked at
 * again for what may have changed. When Redis does not answer, credentials that were never seen are refused with 503.
 */
export class StrictAuthenticator implements Authenticator {
  readonly isStrict = true;
  readonly #keyIdentities = new WeakMap<KnownApiKey, Verified>();

  constructor(
    private readonly state: AccessState,
    private readonly tokens: VerifiedTokens,
    private readonly apiKeys: ApiKeys,
  ) {}

  identify({ text }: Credential): Identity | Promise<Identity> {
    if (isApiKey(text)) return this.#useKey(text) ?? this.#afterLoad(() => this.#useKey(text));
    const known = this.tokens.find(text);
    return known === null ? this.#first(text) : this.tokens.identity(known);
  }

  watch({ text }: Credential, before: Identity): () => SluiceError | null {
    const known = isApiKey(text) ? null : this.tokens.find(text);
    const look = (): Verified => (known === null ? (this.#findKey(text) ?? refuse()) : this.tokens.identity(known));
    return () => {
      try {
        return hasLost(before as Verified, look()) ? changed(before) : null;
      } catch (error) {
        return error instanceof SluiceError ? error : null;
      }
    };
  }

  /** Null when nobody knows the key. @throws SluiceError `UNAUTHENTICATED` when its owner is gone */
  #findKey(text: string): Verified | null {
    const { snapshot } = this.state;
    const key = snapshot.apiKeys.get(digestOf(text));
    if (key === undefined) return null;
    // A key that is known belongs to one snapshot: what it allows is worked out once for each.
    const known = this.#keyIdentities.get(key);
    if (known !== undefined) return known;
    const identity = apiKeyIdentity(key, snapshot);
    this.#keyIdentities.set(key, identity);
    return identity;
  }

  #useKey(text: string): Verified | null {
    const identity = this.#findKey(text);
    if (identity !== null) this.apiKeys.noteUse(identity.credentialId);
    return identity;
  }

  async #first(text: string): Promise<Identity> {
    this.state.assertCurrent();
    try {
      return this.tokens.identity(await this.tokens.check(text));
    } catch (error) {
      if (!(error instanceof NotKnownYet)) throw error;
    }
    // Another process may have made the key that signed it, or its user, a moment ago.
    return this.#afterLoad(async () => this.tokens.identity(await this.tokens.check(text)));
  }

  async #afterLoad(find: () => Verified | null | Promise<Verified>): Promise<Identity> {
    this.state.assertCurrent();
    await this.state.refreshAfterMiss();
    return (await find()) ?? refuse();
  }
}

function changed({ subject }: Identity): SluiceError {
  return new SluiceError('UNAUTHENTICATED', `the rights of ${subject} have changed; connect again`);
}

function refuse(): never {
  throw notValid();
}

/** Whether something that was allowed no longer is: one of the sets of scopes has lost a text. */
function hasLost(before: Verified, now: Verified): boolean {
  const lost = (scopes: string, at: number): boolean => {
    const present = new Set(now.scopeTexts[at]?.split(' '));
    return !present.has('admin') && scopes.split(' ').some((scope) => scope !== '' && !present.has(scope));
  };
  return before.scopeTexts.some(lost);
}
