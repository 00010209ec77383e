import { Inject, Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { AuditTrail, CONFIG, Tokens, UserDirectory } from '@sluice/service-kit';
import { type GatewayConfig } from '../config.js';
import { LoginAttempts } from './login-attempts.js';
import { type LoginForm } from './login-form.js';

/** What every refused log-in is told, whatever is wrong. */
const REFUSAL = 'Incorrect username or password';
/** Longest name that is written to the audit trail: people type passwords into the wrong field. */
const MAX_AUDITED_CHARS = 128;

/** Gives tokens to those who know a password. */
@Injectable()
export class Login {
  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    private readonly users: UserDirectory,
    private readonly tokens: Tokens,
    private readonly attempts: LoginAttempts,
    private readonly audit: AuditTrail,
  ) {}

  /** How long tokens live. */
  get lifetimeSeconds(): number {
    return this.config.tokenLifetimeSeconds;
  }

  /**
   * A token for who knows the password: of a user, or in open mode by the development rule.
   * @throws SluiceError `UNAUTHENTICATED`, `RATE_LIMITED`, `LOG_UNAVAILABLE`
   */
  async open({ username, password }: LoginForm, address: string): Promise<string> {
    const isDevelopment = this.#isDevelopment(username, password);
    // Before the password is looked at: whoever changes it meanwhile takes this token back too.
    const generation = await this.tokens.generationOf(username);
    if (!isDevelopment) await this.assertPassword(username, password, address);
    const { token, tokenId } = await this.tokens.issue(username, { isDevelopment, generation });
    const subject = username.slice(0, MAX_AUDITED_CHARS);
    await this.audit.append({ event: 'login', subject, details: { address, tokenId, isDevelopment } });
    return token;
  }

  /** Makes sure that a password is this user's. @throws SluiceError `UNAUTHENTICATED`, `RATE_LIMITED`, `LOG_UNAVAILABLE` */
  async assertPassword(username: string, password: string, address: string): Promise<void> {
    await this.attempts.take(username, address);
    // Given back before a refusal that is not about the password, such as that of a full queue.
    const isRight = await this.users.verifyPassword(username, password).catch(async (error: unknown) => {
      await this.attempts.giveBack(username, address);
      throw error;
    });
    if (isRight) return this.attempts.giveBack(username, address);
    const subject = username.slice(0, MAX_AUDITED_CHARS);
    await this.audit.append({ event: 'login-refused', subject, details: { address } });
    throw new SluiceError('UNAUTHENTICATED', REFUSAL);
  }

  /** The rule of open mode. No user has a password like that, so it lets nobody in as a user. */
  #isDevelopment(username: string, password: string): boolean {
    return this.config.authMode === 'open' && username === password;
  }
}
