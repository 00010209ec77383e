import { type JWTPayload, errors, jwtVerify } from 'jose';
import { type AccessState } from './access-state.js';
import { type SigningKey } from './signing-keys.js';
import { type TokenClaims, expired, notValid } from './verified.js';

/** Clocks of two machines may differ so much. */
export const CLOCK_TOLERANCE_SECONDS = 5;

/** Checks tokens that we gave out: signature, expiry, and that they are ours at all. */
export class TokenVerifier {
  constructor(private readonly state: AccessState) {}

  /** Key that the token's head names; null when it is none of ours. */
  findKey(keyId: string | undefined): SigningKey | null {
    return keyId === undefined ? null : (this.state.snapshot.signingKeys.get(keyId) ?? null);
  }

  /** @throws SluiceError `UNAUTHENTICATED` */
  async verify(token: string, key: SigningKey): Promise<TokenClaims> {
    return toClaims(
      await verifyJwt(() =>
        jwtVerify(token, key.verifyWith, {
          // Each key takes its own algorithm only, whatever the token says.
          algorithms: [key.record.alg],
          requiredClaims: ['sub', 'jti', 'iat', 'exp', 'gen'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
        }),
      ),
    );
  }
}

/** Runs a check of the library; of its errors only the meaning is kept. @throws SluiceError `UNAUTHENTICATED` */
export async function verifyJwt(check: () => Promise<{ readonly payload: JWTPayload }>): Promise<JWTPayload> {
  try {
    return (await check()).payload;
  } catch (error) {
    throw error instanceof errors.JWTExpired ? expired() : notValid();
  }
}

function toClaims({ sub, jti, iat, exp, gen, dev, scope }: JWTPayload): TokenClaims {
  if (typeof sub !== 'string' || typeof jti !== 'string' || typeof gen !== 'number') throw notValid();
  if (scope !== undefined && typeof scope !== 'string') throw notValid();
  return {
    kind: 'token',
    subject: sub,
    tokenId: jti,
    generation: gen,
    isDevelopment: dev !== undefined,
    scopes: scope === undefined ? null : scope.split(' ').filter((text) => text !== ''),
    issuedAtMs: (iat ?? 0) * 1000,
    expiresAtMs: (exp ?? 0) * 1000,
  };
}
