import { type IncomingMessage } from 'node:http';
import { type RouteRule, SluiceError, findRule } from '@sluice/contracts';
import { type Authenticator } from './authenticator.js';
import { findCredential } from './credentials.js';
import { ANONYMOUS, type Identity, NOBODY } from './identity.js';
import { type RefusalAudit } from './refusal-audit.js';
import { type Sessions } from './sessions.js';

/** Keys that a service has of its own, beside the users, tokens and API keys of the system. */
export interface Gatekeeper {
  /** Who comes with such a key. */
  readonly identity: Identity;
  /** Whether a request has one. */
  admits(request: IncomingMessage): boolean;
}

/** Lets requests and upgrades in as the table of routes says, before anything of them is read. */
export class Guard {
  readonly #rules = new Map<string, RouteRule>();
  readonly #missing: string[] = [];

  constructor(
    private readonly service: string,
    private readonly table: readonly RouteRule[],
    private readonly authenticator: Authenticator,
    private readonly sessions: Sessions,
    private readonly refusals: RefusalAudit | null,
    /** With it, the service's own routes want a credential in open mode too. */
    private readonly gatekeeper: Gatekeeper | null = null,
  ) {}

  /** Finds the rule of a route that the service has. Without one the service does not start. */
  addRoute(method: string, path: string): void {
    const rule = findRule(this.table, { service: this.service, method, path });
    if (rule === undefined) this.#missing.push(`${method} ${path}`);
    else this.#rules.set(`${method} ${path}`, rule);
  }

  /** @throws Error naming the routes without an entry */
  assertComplete(): void {
    if (this.#missing.length === 0) return;
    throw new Error(`the table of routes has no entry for ${this.#missing.join(', ')} of ${this.service}`);
  }

  /**
   * Who makes the request to a route of the service, if they may call it; with no path, to nowhere.
   * @throws SluiceError `UNAUTHENTICATED`, `FORBIDDEN`, `LOG_UNAVAILABLE`; rejects with them where it must ask somebody
   */
  admit(request: IncomingMessage, method: string, path: string | undefined): Identity | Promise<Identity> {
    const note = (error: unknown): never => {
      if (error instanceof SluiceError && isRefusal(error)) {
        const subject = error instanceof Refused ? error.subject : null;
        const route = `${method} ${path ?? '(unknown path)'}`;
        this.refusals?.note({ code: error.code, subject, route }, request);
      }
      throw error;
    };
    try {
      const identity = this.#admit(request, path === undefined ? undefined : this.#ruleOf(method, path));
      return identity instanceof Promise ? identity.catch(note) : identity;
    } catch (error) {
      return note(error);
    }
  }

  #admit(request: IncomingMessage, rule: RouteRule | undefined): Identity | Promise<Identity> {
    if (rule?.access === 'public') return this.authenticator.isStrict ? NOBODY : ANONYMOUS;
    if (this.gatekeeper?.admits(request) === true) return assertAllowed(this.gatekeeper.identity, rule);
    const isGated = this.gatekeeper !== null && rule !== undefined && rule.service !== '*';
    const credential = findCredential(request);
    if (credential === null) {
      if (this.authenticator.isStrict || isGated || rule?.wantsBearer === true) throw noCredential();
      return ANONYMOUS;
    }
    const admitKnown = (identity: Identity): Identity => {
      if (isGated && identity.kind === 'unknown') throw noCredential();
      return assertAllowed(identity, rule);
    };
    const identity = this.authenticator.identify(credential);
    return identity instanceof Promise ? identity.then(admitKnown) : admitKnown(identity);
  }

  /** Writes to the audit trail that a route refused, for a name, somebody whom the guard had let in. */
  noteForbidden(request: IncomingMessage, { subject }: Identity, method: string, path: string): void {
    this.refusals?.note({ code: 'FORBIDDEN', subject, route: `${method} ${path}` }, request);
  }

  /**
   * Watches what goes on after a request was let in: a socket, or an answer that takes its time.
   * @param end called once when the credential no longer holds, with the reason
   * @returns what ends the watching; null when there is nothing to watch
   */
  watch(request: IncomingMessage, identity: Identity, end: (reason: SluiceError) => void): (() => void) | null {
    const credential = this.authenticator.isStrict ? findCredential(request) : null;
    if (credential === null || identity === NOBODY || identity === this.gatekeeper?.identity) return null;
    return this.sessions.add(this.authenticator.watch(credential, identity), end);
  }

  #ruleOf(method: string, path: string): RouteRule {
    const rule = this.#rules.get(`${method} ${path}`);
    if (rule === undefined)
      throw new Error(`the table of routes has no entry for ${method} ${path} of ${this.service}`);
    return rule;
  }
}

/** A path that nobody serves is the router's to refuse. */
function assertAllowed(identity: Identity, rule: RouteRule | undefined): Identity {
  if (rule === undefined || rule.access === 'public' || rule.access === 'signed-in') return identity;
  if (identity.allows(rule.access)) return identity;
  throw new Refused(identity.subject, `The credential does not allow ${rule.access}`);
}

/** An outage refuses nobody. */
function isRefusal({ code }: SluiceError): boolean {
  return code === 'UNAUTHENTICATED' || code === 'FORBIDDEN';
}

/** A refusal of somebody who is known. */
class Refused extends SluiceError {
  constructor(
    /** For the audit trail alone. */
    readonly subject: string,
    message: string,
  ) {
    super('FORBIDDEN', message);
  }
}

function noCredential(): SluiceError {
  return new SluiceError('UNAUTHENTICATED', 'This needs a credential: send the header `Authorization: Bearer …`');
}
