import { hash } from 'node:crypto';
import { SluiceError } from '@sluice/contracts';
import { type JWTPayload, createRemoteJWKSet, jwtVerify, errors } from 'jose';
import { type Logger } from 'pino';
import { type AuthSettings } from './auth-settings.js';
import { CLOCK_TOLERANCE_SECONDS, verifyJwt } from './token-verifier.js';
import { OIDC_PREFIX } from './tokens.js';
import { type TokenClaims, notValid } from './verified.js';

/** Signatures with a public key only: a secret that everybody can read must never pass for one. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** The issuer answered, and the token is none of its. */
const NO_KEY = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
const TIMEOUT_MS = 5000;
const RETRY_AFTER_MS = 5000;
/** A key that is not known has the issuer's keys fetched again, at most so often. */
const REFETCH_AFTER_MS = 1000;

type KeyFinder = ReturnType<typeof createRemoteJWKSet>;

/** Checks access tokens of an OpenID Connect issuer: its keys are found by discovery and fetched again when they change. */
export class OidcVerifier {
  #keys: Promise<KeyFinder> | null = null;

  constructor(
    private readonly issuer: string,
    private readonly audience: string,
    private readonly scopeClaim: string,
    private readonly logger: Logger,
  ) {}

  /** Null when no issuer is configured. */
  static from(settings: AuthSettings, logger: Logger): OidcVerifier | null {
    const { oidcIssuer, oidcAudience, oidcScopeClaim } = settings;
    return oidcIssuer === null ? null : new OidcVerifier(oidcIssuer, oidcAudience ?? '', oidcScopeClaim, logger);
  }

  /** @throws SluiceError `UNAUTHENTICATED`; `SERVICE_UNAVAILABLE` when the issuer does not answer */
  async verify(token: string): Promise<TokenClaims> {
    const keys = await this.#findKeys();
    let isAway = false;
    const payload = await verifyJwt(() =>
      jwtVerify(
        token,
        async (head, input) => {
          try {
            return await keys(head, input);
          } catch (error) {
            isAway = !NO_KEY.some((kind) => error instanceof kind);
            throw error;
          }
        },
        {
          algorithms: ALGORITHMS,
          issuer: this.issuer,
          audience: this.audience,
          requiredClaims: ['sub', 'iat', 'exp'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
        },
      ),
    ).catch((error: unknown) => {
      throw isAway ? this.#away() : error;
    });
    return toClaims(payload, { token, issuer: this.issuer, scopeClaim: this.scopeClaim });
  }

  #findKeys(): Promise<KeyFinder> {
    this.#keys ??= this.#discover().catch((error: unknown) => {
      this.logger.warn({ err: error, issuer: this.issuer }, 'the OpenID Connect issuer does not answer');
      // Asked again later, not by every request.
      setTimeout(() => (this.#keys = null), RETRY_AFTER_MS).unref();
      throw this.#away();
    });
    return this.#keys;
  }

  async #discover(): Promise<KeyFinder> {
    // A large package that only those need who have an issuer.
    const { allowInsecureRequests, discovery } = await import('openid-client');
    const url = new URL(this.issuer);
    const options = {
      timeout: TIMEOUT_MS / 1000,
      ...(url.protocol === 'http:' ? { execute: [allowInsecureRequests] } : {}),
    };
    const { jwks_uri: address } = (await discovery(url, 'sluice', undefined, undefined, options)).serverMetadata();
    if (address === undefined) throw new Error('the issuer names no keys');
    return createRemoteJWKSet(new URL(address), { timeoutDuration: TIMEOUT_MS, cooldownDuration: REFETCH_AFTER_MS });
  }

  #away(): SluiceError {
    return new SluiceError('SERVICE_UNAVAILABLE', 'The OpenID Connect issuer does not answer');
  }
}

function toClaims(
  payload: JWTPayload,
  { token, issuer, scopeClaim }: { readonly token: string; readonly issuer: string; readonly scopeClaim: string },
): TokenClaims {
  const { sub, jti, iat = 0, exp = 0 } = payload;
  if (typeof sub !== 'string' || sub === '') throw notValid();
  return {
    kind: 'oidc',
    subject: `${OIDC_PREFIX}${issuer}#${sub}`,
    tokenId: typeof jti === 'string' && jti !== '' ? jti : hash('sha256', token, 'base64url'),
    generation: 0,
    isDevelopment: false,
    scopes: scopeTexts(payload[scopeClaim]),
    issuedAtMs: iat * 1000,
    expiresAtMs: exp * 1000,
  };
}

function scopeTexts(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim.filter((item) => typeof item === 'string') : [];
}
