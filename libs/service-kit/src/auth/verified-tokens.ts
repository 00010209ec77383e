import { hash } from 'node:crypto';
import { knownScopes } from '@sluice/contracts';
import { decodeProtectedHeader } from 'jose';
import { type AccessState } from './access-state.js';
import { Grants } from './grants.js';
import { type OidcVerifier } from './oidc.js';
import { type TokenVerifier } from './token-verifier.js';
import { NotKnownYet, type TokenClaims, type Verified, notValid, tokenIdentity } from './verified.js';

const MAX_CACHED = 10_000;
/** What is longer is no token of anybody's. */
const MAX_TOKEN_CHARS = 8192;

/** A token whose signature was checked, and what it allowed when that was looked at last. */
export interface KnownToken {
  readonly claims: TokenClaims;
  readonly own: Grants | null;
  identity: Verified | null;
  /** Version of the state in which `identity` holds. */
  version: number;
}

/** Tokens whose signature was checked once; afterwards only what may have changed is. Bounded; the oldest go first. */
export class VerifiedTokens {
  readonly #known = new Map<string, KnownToken>();

  constructor(
    private readonly state: AccessState,
    private readonly ours: TokenVerifier,
    private readonly foreign: OidcVerifier | null,
  ) {}

  /** What a token that was checked before allows now; null for one not seen yet. @throws SluiceError `UNAUTHENTICATED` */
  find(token: string): KnownToken | null {
    const digest = digestOf(token);
    const known = this.#known.get(digest);
    if (known === undefined) return null;
    if (known.claims.expiresAtMs <= Date.now()) this.#known.delete(digest);
    return known;
  }

  /** Checks a token not seen yet. @throws SluiceError `UNAUTHENTICATED`, `LOG_UNAVAILABLE`, `SERVICE_UNAVAILABLE` */
  async check(token: string): Promise<KnownToken> {
    const claims = await this.#verify(token);
    const own = claims.scopes === null ? null : new Grants(knownScopes(claims.scopes));
    const known: KnownToken = { claims, own, identity: null, version: -1 };
    this.#remember(digestOf(token), known);
    return known;
  }

  /** What a checked token allows as things stand. @throws SluiceError `UNAUTHENTICATED` */
  identity(known: KnownToken): Verified {
    const { version, snapshot } = this.state;
    if (known.identity !== null && known.version === version && known.claims.expiresAtMs > Date.now()) {
      return known.identity;
    }
    known.identity = tokenIdentity(known.claims, known.own, snapshot);
    known.version = version;
    return known.identity;
  }

  async #verify(token: string): Promise<TokenClaims> {
    if (token.length > MAX_TOKEN_CHARS) throw notValid();
    const keyId = keyIdOf(token);
    const key = this.ours.findKey(keyId);
    if (key !== null) return this.ours.verify(token, key);
    if (this.foreign !== null) return this.foreign.verify(token);
    throw keyId === undefined ? notValid() : new NotKnownYet();
  }

  #remember(digest: string, known: KnownToken): void {
    if (this.#known.size >= MAX_CACHED) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(digest, known);
  }
}

/** The key that the token's head names. @throws SluiceError `UNAUTHENTICATED` when there is no head */
function keyIdOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid;
  } catch {
    throw notValid();
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}
