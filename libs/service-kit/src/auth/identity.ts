import { type IncomingMessage } from 'node:http';
import { type Right } from '@sluice/contracts';

/** Who makes a request, and what they may do. Found out once, before the request is read or the socket upgraded. */
export interface Identity {
  /** Name of a user, `key:<name>` for an API key, `anon` for a bearer nobody knows, `anonymous` without a credential. */
  readonly subject: string;
  /** Whether the right holds for a name (a stream's Redis key, a channel, …); without a name: for any name at all. */
  allows(right: Right, name?: string): boolean;
}

/** Everybody in open mode who does not say who they are. */
export const ANONYMOUS: Identity = { subject: 'anonymous', allows: () => true };

const IDENTITY = Symbol('identity');

type IdentifiedRequest = IncomingMessage & { [IDENTITY]?: Identity };

/** Who makes this request. @throws Error when no guard has seen it, which is a fault of the service */
export function identityOf(request: IncomingMessage): Identity {
  const identity = (request as IdentifiedRequest)[IDENTITY];
  if (identity === undefined) throw new Error(`no guard has seen the request for ${request.url ?? '/'}`);
  return identity;
}

/** For the guard alone. */
export function setIdentity(request: IncomingMessage, identity: Identity): void {
  (request as IdentifiedRequest)[IDENTITY] = identity;
}
