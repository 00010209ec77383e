/** Bounds of the waits between attempts to connect. */
export interface BackoffOptions {
  /** Wait before the second attempt at most; doubled for each after it. Default 100. */
  readonly firstDelayMs?: number;
  /** No wait is longer. Default 10,000. */
  readonly maxDelayMs?: number;
}

/** Waits that double, each shortened at random by up to a half, so that many clients do not come back at once. */
export class Backoff {
  private failures = 0;

  constructor(private readonly options: BackoffOptions = {}) {}

  /** Attempts that failed since the last {@link reset}. */
  get attempts(): number {
    return this.failures;
  }

  /** Wait before the next attempt, in milliseconds. */
  next(): number {
    const { firstDelayMs = 100, maxDelayMs = 10_000 } = this.options;
    const longest = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(this.failures, 30));
    this.failures++;
    return longest * (0.5 + Math.random() / 2);
  }

  reset(): void {
    this.failures = 0;
  }
}
