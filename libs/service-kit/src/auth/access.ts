import { type IncomingMessage } from 'node:http';
import { type RouteRule, type ReadinessCheck } from '@sluice/contracts';
import { type Logger } from 'pino';
import { ConfigError } from '../config/define-config.js';
import { type ServiceConfig } from '../config/service-settings.js';
import { AccessRedis } from './access-redis.js';
import { AccessState } from './access-state.js';
import { ApiKeys } from './api-keys.js';
import { AuditTrail } from './audit-trail.js';
import { type Authenticator } from './authenticator.js';
import { type Gatekeeper, Guard } from './guard.js';
import { OidcVerifier } from './oidc.js';
import { OpenAuthenticator } from './open-authenticator.js';
import { Passwords } from './passwords.js';
import { RefusalAudit } from './refusal-audit.js';
import { Sessions } from './sessions.js';
import { StrictAuthenticator } from './strict-authenticator.js';
import { TokenVerifier } from './token-verifier.js';
import { Tokens } from './tokens.js';
import { UserDirectory } from './user-directory.js';
import { VerifiedTokens } from './verified-tokens.js';

export interface AccessOptions {
  readonly service: string;
  readonly config: ServiceConfig & { readonly redisUrl?: string };
  readonly routes: readonly RouteRule[];
  readonly log: Logger;
  /** Address of a request's client, for the audit trail. */
  readonly addressOf: (request: IncomingMessage) => string;
  readonly gatekeeper?: Gatekeeper | undefined;
}

/** Where users and keys are kept, and what changes them. */
export interface AccessRecords {
  readonly users: UserDirectory;
  readonly apiKeys: ApiKeys;
  readonly tokens: Tokens;
  readonly audit: AuditTrail;
}

/** Who may do what at one service. */
export class Access {
  readonly guard: Guard;
  /** Null in a service that has no Redis. */
  readonly records: AccessRecords | null;
  readonly #sessions = new Sessions();
  readonly #state: AccessState | null;
  readonly #refusals: RefusalAudit | null;
  readonly #isStrict: boolean;

  /** @throws ConfigError when strict mode lacks what it needs */
  constructor({ service, config, routes, log, addressOf, gatekeeper }: AccessOptions) {
    this.#isStrict = config.authMode === 'strict';
    assertSettings(config);
    const redis = config.redisUrl === undefined ? null : new AccessRedis(config.redisUrl, log);
    this.#state = redis === null ? null : new AccessState(redis, log);
    this.records = redis === null || this.#state === null ? null : makeRecords(redis, this.#state, config);
    this.#refusals = this.records === null || !this.#isStrict ? null : new RefusalAudit(this.records.audit, addressOf);
    const authenticator = this.#authenticator(config, log);
    this.guard = new Guard(service, routes, authenticator, this.#sessions, this.#refusals, gatekeeper);
    this.#state?.onChange(() => this.#sessions.sweep());
  }

  /** Begins to load users and keys, in the background. */
  start(): void {
    this.#state?.start();
  }

  /** Strict mode cannot work before users and keys are loaded; open mode can. */
  check(): ReadinessCheck {
    const check = this.#state?.check() ?? { ready: true };
    return this.#isStrict ? { ...check, mode: 'strict' } : { ...check, ready: true, mode: 'open' };
  }

  async close(): Promise<void> {
    this.#sessions.close();
    await this.#refusals?.close();
    await this.#state?.close();
  }

  #authenticator(config: ServiceConfig, log: Logger): Authenticator {
    if (this.#state === null || this.records === null) return new OpenAuthenticator(null);
    const foreign = this.#isStrict ? OidcVerifier.from(config, log) : null;
    const tokens = new VerifiedTokens(this.#state, new TokenVerifier(this.#state), foreign);
    if (!this.#isStrict) return new OpenAuthenticator({ state: this.#state, tokens });
    return new StrictAuthenticator(this.#state, tokens, this.records.apiKeys);
  }
}

function makeRecords(redis: AccessRedis, state: AccessState, config: ServiceConfig): AccessRecords {
  const parts = { redis, state, audit: new AuditTrail(redis) };
  const tokens = new Tokens(parts, config);
  const apiKeys = new ApiKeys(parts);
  const users = new UserDirectory({ ...parts, tokens, apiKeys }, new Passwords());
  return { users, apiKeys, tokens, audit: parts.audit };
}

function assertSettings({ authMode, redisUrl, oidcIssuer, oidcAudience }: AccessOptions['config']): void {
  const problems: string[] = [];
  if (authMode === 'strict' && redisUrl === undefined) {
    problems.push('SLUICE_AUTH_MODE=strict needs a Redis that keeps users and keys; this service has none');
  }
  if (oidcIssuer !== null && (oidcAudience === null || oidcAudience === '')) {
    problems.push(
      'SLUICE_OIDC_ISSUER needs SLUICE_OIDC_AUDIENCE, or tokens meant for other programs would be accepted',
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
}
