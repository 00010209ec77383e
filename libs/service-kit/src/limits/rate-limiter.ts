import { SluiceError } from '@sluice/contracts';

/** Clients remembered at most; the one not seen for longest is forgotten, which only ever favours a client. */
const MAX_CLIENTS = 10_000;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Lets each client do a thing so often a second over time, and twice as much at once. */
export class RateLimiter {
  readonly #clients = new Map<string, Bucket>();
  readonly #burst: number;

  /**
   * @param what names the limit in the refusal, with the setting that changes it
   * @param perSecond 0 = no limit
   */
  constructor(
    private readonly what: { readonly limit: string; readonly setting: string },
    private readonly perSecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#burst = perSecond * 2;
  }

  /** Number of clients remembered. */
  get clients(): number {
    return this.#clients.size;
  }

  /**
   * Takes turns for a client, all or none; the refusal, with the seconds to wait in its details, when it has too few left.
   * More turns than it can ever have at once are given when it has all it can have.
   */
  take(client: string, turns = 1): SluiceError | null {
    if (this.perSecond === 0) return null;
    const bucket = this.#bucket(client);
    const nowMs = this.now();
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((nowMs - bucket.filledAtMs) / 1000) * this.perSecond);
    bucket.filledAtMs = nowMs;
    if (bucket.tokens >= Math.min(turns, this.#burst)) {
      bucket.tokens -= turns;
      return null;
    }
    const retryAfterSeconds = Math.max(1, Math.ceil((Math.min(turns, this.#burst) - bucket.tokens) / this.perSecond));
    const { limit, setting } = this.what;
    return new SluiceError('RATE_LIMITED', `${client} passed the limit of ${this.perSecond} ${limit} (${setting})`, {
      details: { limit, perSecond: this.perSecond, retryAfterSeconds },
    });
  }

  #bucket(client: string): Bucket {
    const known = this.#clients.get(client);
    if (known !== undefined) {
      if (this.#clients.size >= MAX_CLIENTS) {
        // Only when somebody will have to be forgotten does it matter who was seen last.
        this.#clients.delete(client);
        this.#clients.set(client, known);
      }
      return known;
    }
    if (this.#clients.size >= MAX_CLIENTS) {
      const [oldest] = this.#clients.keys();
      this.#clients.delete(oldest as string);
    }
    const fresh = { tokens: this.#burst, filledAtMs: this.now() };
    this.#clients.set(client, fresh);
    return fresh;
  }
}
