import { type ConfigValues, type Settings } from '../config/settings.js';

const DAY_SECONDS = 24 * 3600;

/** Settings of tokens and of a foreign issuer; part of the settings of every service. */
export const AUTH_SETTINGS = {
  tokenLifetimeSeconds: {
    env: 'SLUICE_AUTH_TOKEN_LIFETIME_SECONDS',
    type: 'integer',
    min: 1,
    max: 3650 * DAY_SECONDS,
    default: 30 * DAY_SECONDS,
    unit: 's',
    doc: 'How long a token that a log-in gives is valid.',
  },
  tokenAlgorithm: {
    env: 'SLUICE_AUTH_TOKEN_ALGORITHM',
    type: 'choice',
    values: ['HS256', 'EdDSA'],
    default: 'HS256',
    doc: 'What new tokens are signed with. Tokens signed with the other one stay valid.',
  },
  signingKeyLifetimeSeconds: {
    env: 'SLUICE_AUTH_SIGNING_KEY_LIFETIME_SECONDS',
    type: 'integer',
    min: 1,
    max: 3650 * DAY_SECONDS,
    default: 30 * DAY_SECONDS,
    unit: 's',
    doc: 'A key that signs tokens is replaced by the first log-in after so long, and kept until its last token has expired.',
  },
  oidcIssuer: {
    env: 'SLUICE_OIDC_ISSUER',
    type: 'url',
    default: null,
    doc: 'URL of an OpenID Connect issuer whose access tokens are accepted too, in strict mode.',
  },
  oidcAudience: {
    env: 'SLUICE_OIDC_AUDIENCE',
    type: 'text',
    default: null,
    doc: 'What the claim `aud` of such tokens must name; needed with an issuer.',
  },
  oidcScopeClaim: {
    env: 'SLUICE_OIDC_SCOPE_CLAIM',
    type: 'text',
    default: 'scope',
    doc: 'Claim of such tokens that says what they allow, as a text with spaces or a list; words that are no scopes of Sluice are ignored.',
  },
} as const satisfies Settings;

export type AuthSettings = ConfigValues<typeof AUTH_SETTINGS>;
