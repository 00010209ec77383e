import { randomUUID } from 'node:crypto';
import { SluiceError, parseScopes } from '@sluice/contracts';
import { SignJWT } from 'jose';
import { type AccessParts, settleChange } from './access-parts.js';
import { type AuthSettings } from './auth-settings.js';
import { GENERATIONS_KEY, NOT_BEFORE_KEY, REVOKED_KEY, SIGNING_KEYS_KEY } from './auth-keys.js';
import { END_TOKENS } from './access-scripts.js';
import { ROTATE_SIGNING_KEY, type SigningKey, newSigningKey } from './signing-keys.js';

const SLACK_MS = 60_000;
/** The longest that a token can live, by its setting: how long one is remembered of which nobody says when it expires. */
const LONGEST_LIFETIME_MS = 3650 * 24 * 3600 * 1000;
const MAX_ATTEMPTS = 5;
const MAX_REVOKED = 100_000;
const MAX_SUBJECTS = 100_000;
/** Subjects of a foreign issuer's tokens begin so. */
export const OIDC_PREFIX = 'oidc:';

/** A token given out. */
export interface IssuedToken {
  /** The JWT. */
  readonly token: string;
  /** Its claim `jti`. */
  readonly tokenId: string;
  /** Epoch ms. */
  readonly expiresAtMs: number;
}

export interface TokenOptions {
  /** Given out by the development rule (password equal to the user name): worth nothing in strict mode. */
  readonly isDevelopment?: boolean;
  /** Narrows what the user may do. */
  readonly scopes?: readonly string[];
  /** At most, and unless given, the configured lifetime. */
  readonly lifetimeSeconds?: number;
  /** As {@link Tokens.generationOf} told before whoever asks was made sure of; unless given, the present one. */
  readonly generation?: number;
}

/** Gives tokens out and takes them back. The keys that sign them are made and replaced as needed. */
export class Tokens {
  constructor(
    private readonly parts: AccessParts,
    private readonly settings: Pick<
      AuthSettings,
      'tokenLifetimeSeconds' | 'tokenAlgorithm' | 'signingKeyLifetimeSeconds'
    >,
  ) {}

  /** A token of this subject; whoever calls this has made sure who asks. @throws SluiceError `LOG_UNAVAILABLE` */
  async issue(subject: string, options: TokenOptions = {}): Promise<IssuedToken> {
    const key = await this.#currentKey();
    const most = this.settings.tokenLifetimeSeconds;
    const lifetime = Math.max(1, Math.min(options.lifetimeSeconds ?? most, most));
    const nowSeconds = Math.floor(Date.now() / 1000);
    const tokenId = randomUUID();
    const claims = {
      gen: options.generation ?? (await this.generationOf(subject)),
      ...(options.isDevelopment === true ? { dev: true } : {}),
      ...(options.scopes === undefined ? {} : { scope: assertScopes(options.scopes).join(' ') }),
    };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: key.record.alg, typ: 'JWT', kid: key.id })
      .setSubject(subject)
      .setJti(tokenId)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + lifetime)
      .sign(key.signWith);
    return { token, tokenId, expiresAtMs: (nowSeconds + lifetime) * 1000 };
  }

  /**
   * Takes one token back; `by` is its own user, or an admin. One that does not exist, or no longer, makes no difference.
   * @param expiresAtMs epoch ms, null when it is not known. Not the configured lifetime: that may have been longer when the
   * token was given out, and a foreign issuer has its own
   * @throws SluiceError
   */
  async revoke(tokenId: string, by: string, expiresAtMs: number | null = null): Promise<void> {
    const { commands } = this.parts.redis;
    const subject = 'revoked tokens';
    const nowMs = Date.now();
    const untilMs = (expiresAtMs ?? nowMs + LONGEST_LIFETIME_MS) + SLACK_MS;
    await commands.run({ name: 'ZREMRANGEBYSCORE', args: [REVOKED_KEY, '-inf', nowMs], subject });
    // Every process keeps these in memory: whoever fills them with log-ins and log-outs loses all tokens instead.
    const count = Number(await commands.run({ name: 'ZCARD', args: [REVOKED_KEY], subject }));
    if (count >= MAX_REVOKED && !this.#isAdmin(by)) await this.endAll(by);
    else await commands.run({ name: 'ZADD', args: [REVOKED_KEY, untilMs, tokenId], subject });
    await settleChange(this.parts, 'token-revoked', by, { tokenId });
  }

  /** Takes every token of a subject back that was given out until now. @throws SluiceError */
  async revokeAll(subject: string, by: string): Promise<void> {
    await this.endAll(subject);
    await settleChange(this.parts, 'tokens-revoked', by, { user: subject });
  }

  /** As {@link revokeAll}, as part of another change, which tells everybody and writes the audit trail. @throws SluiceError */
  async endAll(subject: string): Promise<void> {
    const isForeign = subject.startsWith(OIDC_PREFIX);
    const key = isForeign ? NOT_BEFORE_KEY : GENERATIONS_KEY;
    const args = [subject, isForeign ? Date.now() : '', MAX_SUBJECTS];
    const what = { subject: `tokens of "${subject}"` };
    if ((await this.parts.redis.commands.runScript(END_TOKENS, [key], args, what)) === 1) return;
    throw new SluiceError('QUOTA_EXCEEDED', `Tokens of ${MAX_SUBJECTS} subjects were taken back, as many as can be`);
  }

  /**
   * How often the tokens of a subject were taken back. A token given out with a number read before its password was looked
   * at ends with a change of the password that came in between. Just after a start this waits for the connection.
   * @throws SluiceError `LOG_UNAVAILABLE`
   */
  async generationOf(subject: string): Promise<number> {
    await this.parts.redis.untilConnected();
    const command = { name: 'HGET', args: [GENERATIONS_KEY, subject], subject: `tokens of "${subject.slice(0, 128)}"` };
    return Number((await this.parts.redis.commands.run(command)) ?? 0);
  }

  #isAdmin(subject: string): boolean {
    return this.parts.state.snapshot.users.get(subject)?.grants.allows('admin') === true;
  }

  async #currentKey(): Promise<SigningKey> {
    const { state } = this.parts;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const { currentKeyId, signingKeys } = state.snapshot;
      const current = currentKeyId === null ? undefined : signingKeys.get(currentKeyId);
      if (current !== undefined && state.isCurrent && !this.#isDue(current)) return current;
      // Another process may have made one.
      if (attempt > 1 || state.isCurrent) await this.#rotate(currentKeyId, current);
      await state.refresh();
    }
    throw new SluiceError('LOG_UNAVAILABLE', 'The key that signs tokens could not be loaded');
  }

  #isDue({ record }: SigningKey): boolean {
    if (record.alg !== this.settings.tokenAlgorithm) return true;
    return Date.now() - record.createdAtMs > this.settings.signingKeyLifetimeSeconds * 1000;
  }

  async #rotate(currentId: string | null, current: SigningKey | undefined): Promise<void> {
    const nowMs = Date.now();
    const id = randomUUID();
    const retiresAtMs = nowMs + this.settings.tokenLifetimeSeconds * 1000 + SLACK_MS;
    const before = current === undefined ? '' : JSON.stringify({ ...current.record, retiresAtMs });
    const record = await newSigningKey(this.settings.tokenAlgorithm, nowMs);
    const args = [currentId ?? '', id, JSON.stringify(record), before, ...this.#retired(nowMs)];
    const subject = 'keys that sign tokens';
    await this.parts.redis.commands.runScript(ROTATE_SIGNING_KEY, [SIGNING_KEYS_KEY], args, { subject });
    await this.parts.redis.tellChange();
  }

  #retired(nowMs: number): string[] {
    const keys = [...this.parts.state.snapshot.signingKeys.values()];
    const isOver = ({ record }: SigningKey): boolean => record.retiresAtMs !== null && record.retiresAtMs < nowMs;
    return keys.filter(isOver).map(({ id }) => id);
  }
}

function assertScopes(scopes: readonly string[]): readonly string[] {
  parseScopes(scopes);
  return scopes;
}
