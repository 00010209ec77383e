import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { SluiceError } from '@sluice/contracts';

const derive = promisify(argon2);

/** What OWASP advises for argon2id: 19 MiB, two passes, one lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const;
const SALT_BYTES = 16;
const VERSION = 'v=19';
/** Each hash takes 19 MiB and a thread of the pool that files and DNS need too. */
const MOST_AT_ONCE = 2;
const MOST_WAITING = 32;
const RETRY_AFTER_SECONDS = 2;

interface Parsed {
  readonly salt: Buffer;
  readonly tag: Buffer;
  readonly cost: { readonly memory: number; readonly passes: number; readonly parallelism: number };
}

/** Hashes and checks passwords with argon2id, a few at a time. */
export class Passwords {
  #active = 0;
  readonly #waiting: (() => void)[] = [];

  /** The hash in the usual text form, `$argon2id$v=19$m=…`. @throws SluiceError `RATE_LIMITED` when too many wait */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const tag = await this.#derive(password, { salt, ...COST });
    const { memory, passes, parallelism } = COST;
    return `$argon2id$${VERSION}$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
  }

  /**
   * Whether the password is the hashed one. The same work is done without a hash, so that time tells nobody which users
   * there are.
   * @throws SluiceError `RATE_LIMITED` when too many wait
   */
  async verify(password: string, hash: string | null): Promise<boolean> {
    const parsed = hash === null ? null : parseHash(hash);
    if (parsed === null) {
      await this.#derive(password, { salt: randomBytes(SALT_BYTES), ...COST });
      return false;
    }
    const { salt, tag, cost } = parsed;
    return timingSafeEqual(await this.#derive(password, { salt, ...cost, tagLength: tag.length }), tag);
  }

  async #derive(
    password: string,
    { salt, ...cost }: Parsed['cost'] & { readonly salt: Buffer; readonly tagLength: number },
  ): Promise<Buffer> {
    await this.#turn();
    try {
      return await derive('argon2id', { message: Buffer.from(password), nonce: salt, ...cost });
    } finally {
      this.#endTurn();
    }
  }

  async #turn(): Promise<void> {
    if (this.#active < MOST_AT_ONCE) {
      this.#active += 1;
      return;
    }
    if (this.#waiting.length >= MOST_WAITING) throw tooMany();
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** The turn goes to the one who has waited longest. */
  #endTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#active -= 1;
    else next();
  }
}

function parseHash(text: string): Parsed | null {
  const match = /^\$argon2id\$v=19\$m=(\d{3,6}),t=([1-9]\d?),p=([1-9])\$([\w+/]{11,86})\$([\w+/]{22,86})$/.exec(text);
  if (match === null) return null;
  const [, memory, passes, parallelism, salt = '', tag = ''] = match;
  return {
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

function tooMany(): SluiceError {
  return new SluiceError('RATE_LIMITED', `More than ${MOST_WAITING} log-ins wait already; try again in a moment`, {
    details: { limit: 'waiting log-ins', retryAfterSeconds: RETRY_AFTER_SECONDS },
  });
}
