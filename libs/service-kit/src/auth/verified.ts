import { type Right, SluiceError, areCovered } from '@sluice/contracts';
import { Grants } from './grants.js';
import { type Identity } from './identity.js';
import { type KnownApiKey, type Snapshot } from './snapshot.js';
import { OIDC_PREFIX } from './tokens.js';

const NOT_VALID = 'The credential is not valid';

/** What a token says whose signature was checked. */
export interface TokenClaims {
  readonly kind: 'token' | 'oidc';
  readonly subject: string;
  /** Claim `jti`; for a foreign issuer's token without one, a digest of it. */
  readonly tokenId: string;
  /** How often the subject's tokens had been taken back when this one was given out. */
  readonly generation: number;
  readonly isDevelopment: boolean;
  /** What the token narrows its user's rights to, or all it allows when the issuer is foreign; null: nothing said. */
  readonly scopes: readonly string[] | null;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** A credential in strict mode that was valid when it was looked at. */
export class Verified implements Identity {
  #scopes: readonly string[] | null = null;

  constructor(
    readonly subject: string,
    readonly kind: Identity['kind'],
    readonly credentialId: string,
    /** All of them must allow a thing. */
    private readonly grants: readonly Grants[],
    readonly expiresAtMs: number | null,
    readonly account: string = subject,
  ) {}

  /** Worked out when somebody asks. */
  get scopes(): readonly string[] {
    this.#scopes ??= commonScopes(this.grants.map((one) => one.scopes));
    return this.#scopes;
  }

  allows(right: Right, name?: string): boolean {
    return this.grants.length > 0 && this.grants.every((grants) => grants.allows(right, name));
  }

  /** Its sets of scopes, each as one text. */
  get scopeTexts(): readonly string[] {
    return this.grants.map(({ scopes }) => scopes.join(' '));
  }
}

/** Scope texts that each of the lists covers: what they allow together, and never more. */
function commonScopes(lists: readonly (readonly string[])[]): string[] {
  const texts = new Set(lists.flat());
  return [...texts].filter((text) => lists.every((list) => areCovered([text], list)));
}

/**
 * What a token allows as things stand.
 * @param own what the token narrows its user's rights to
 * @throws SluiceError `UNAUTHENTICATED` when it was taken back, or its user is gone
 */
export function tokenIdentity(claims: TokenClaims, own: Grants | null, snapshot: Snapshot): Verified {
  const { kind, subject, tokenId, expiresAtMs } = claims;
  if (expiresAtMs <= Date.now()) throw expired();
  if (snapshot.revoked.has(tokenId) || isTakenBack(claims, snapshot)) throw notValid();
  if (kind === 'oidc') return new Verified(subject, kind, tokenId, own === null ? [] : [own], expiresAtMs);
  const user = snapshot.users.get(subject);
  if (claims.isDevelopment) throw notValid();
  if (user === undefined) throw new NotKnownYet();
  return new Verified(subject, kind, tokenId, own === null ? [user.grants] : [user.grants, own], expiresAtMs);
}

/** As {@link tokenIdentity}, of an API key. A foreign issuer's user has no record here: their keys stand alone. */
export function apiKeyIdentity({ name, record, grants }: KnownApiKey, snapshot: Snapshot): Verified {
  const subject = `key:${name}`;
  if (record.owner.startsWith(OIDC_PREFIX)) return new Verified(subject, 'key', name, [grants], null, record.owner);
  const owner = snapshot.users.get(record.owner);
  if (owner === undefined) throw notValid();
  return new Verified(subject, 'key', name, [owner.grants, grants], null, record.owner);
}

/** The one answer to every credential that is worth nothing, whatever the reason. */
export function notValid(): SluiceError {
  return new SluiceError('UNAUTHENTICATED', NOT_VALID);
}

/** The same answer to one that may be so new that this process does not know its key or its user yet. */
export class NotKnownYet extends SluiceError {
  constructor() {
    super('UNAUTHENTICATED', NOT_VALID);
  }
}

/** Only told of a token that we, or the issuer, once gave out. */
export function expired(): SluiceError {
  return new SluiceError('UNAUTHENTICATED', 'The token has expired; log in again');
}

function isTakenBack(claims: TokenClaims, { generations, notBeforeMs }: Snapshot): boolean {
  if (claims.kind === 'oidc') return claims.issuedAtMs <= (notBeforeMs.get(claims.subject) ?? -1);
  return claims.generation < (generations.get(claims.subject) ?? 0);
}
