import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { ConfigError, type Gatekeeper, type Identity } from '@sluice/service-kit';
import { type ApiKeyOptions } from '../sdk/application.js';
import { keysIn } from './keys-in-request.js';

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const MAX_KEY_CHARS = 1_000;
const MAX_KEYS = 1_000;
const KEY_BYTES = 32;

/** Whoever has a key may do everything in its application. */
export const KEY_HOLDER: Identity = {
  subject: 'key:application',
  kind: 'key',
  credentialId: 'application',
  expiresAtMs: null,
  account: 'key:application',
  scopes: ['admin'],
  allows: () => true,
};

/** Lets in who has one of the application's keys. Keys are kept as digests. */
export class ApiKeyGate implements Gatekeeper {
  readonly identity = KEY_HOLDER;
  /** Name of the query parameter, the header and the cookie. */
  readonly name: string;
  readonly message: string;
  readonly cookieSeconds: number;
  /** The key that was made because none is given; to be shown once. */
  readonly generated: string | null;
  private readonly digests: readonly Buffer[];

  /** @throws ConfigError */
  constructor({ keys = [], name = 'token', message = 'unauthorized', cookieSeconds = 43_200 }: ApiKeyOptions) {
    if (!NAME.test(name)) throw new ConfigError([`the name "${name}" of API keys is none: letters, digits, - and _`]);
    if (!Number.isInteger(cookieSeconds) || cookieSeconds < 1) {
      throw new ConfigError([`cookieSeconds of API keys must be a whole number above 0, got ${cookieSeconds}`]);
    }
    if (keys.length > MAX_KEYS || keys.some((key) => key === '' || key.length > MAX_KEY_CHARS)) {
      throw new ConfigError([`there may be ${MAX_KEYS} API keys, each of 1 to ${MAX_KEY_CHARS} characters`]);
    }
    this.name = name;
    this.message = message;
    this.cookieSeconds = cookieSeconds;
    this.generated = keys.length === 0 ? randomBytes(KEY_BYTES).toString('base64url') : null;
    this.digests = (this.generated === null ? keys : [this.generated]).map(digestOf);
  }

  admits(request: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
    return keysIn(request, this.name).some(({ text }) => this.knows(text));
  }

  /** Whether a text is one of the keys. */
  knows(text: string): boolean {
    if (text.length > MAX_KEY_CHARS) return false;
    const digest = digestOf(text);
    // All of them are looked at, so that the time says nothing.
    return this.digests.filter((known) => timingSafeEqual(known, digest)).length > 0;
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
