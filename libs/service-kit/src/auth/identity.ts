import { type IncomingMessage } from 'node:http';
import { type Right } from '@sluice/contracts';

/** Who makes a request, and what they may do. Found out once, before the request is read or the socket upgraded. */
export interface Identity {
  /** Name of a user, `key:<name>` for an API key, `anon` for a bearer nobody knows, `anonymous` without a credential. */
  readonly subject: string;
  /** What the credential is: nothing, a bearer that only open mode takes, a token of ours, an API key, a foreign issuer's token. */
  readonly kind: 'none' | 'unknown' | 'token' | 'key' | 'oidc';
  /** Id of the token (`jti`) or of the API key; null when there is none. */
  readonly credentialId: string | null;
  /** Epoch ms at which the token expires; null for everything that does not. */
  readonly expiresAtMs: number | null;
  /** Whom quotas count: the subject, or the owner of the API key, who could make any number of them. */
  readonly account: string;
  /** What may be done, as scope texts (`stream:read=cam*`); `admin` for everybody in open mode. */
  readonly scopes: readonly string[];
  /** Whether the right holds for a name (a stream's Redis key, a channel, …); without a name: for any name at all. */
  allows(right: Right, name?: string): boolean;
}

/** Everybody in open mode who does not say who they are. */
export const ANONYMOUS: Identity = {
  subject: 'anonymous',
  kind: 'none',
  credentialId: null,
  expiresAtMs: null,
  account: 'anonymous',
  scopes: ['admin'],
  allows: () => true,
};

/** Whoever calls a public route in strict mode. */
export const NOBODY: Identity = { ...ANONYMOUS, scopes: [], allows: () => false };

const IDENTITY = Symbol('identity');

type IdentifiedRequest = IncomingMessage & { [IDENTITY]?: Identity };

/** Who makes this request; null when no guard has let it in. */
export function findIdentity(request: IncomingMessage): Identity | null {
  return (request as IdentifiedRequest)[IDENTITY] ?? null;
}

/** Who makes this request. @throws Error when no guard has seen it, which is a fault of the service */
export function identityOf(request: IncomingMessage): Identity {
  const identity = findIdentity(request);
  if (identity === null) throw new Error('no guard has seen this request');
  return identity;
}

/** For the guard alone. */
export function setIdentity(request: IncomingMessage, identity: Identity): void {
  (request as IdentifiedRequest)[IDENTITY] = identity;
}
