import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Default 10 000. */
  readonly timeoutMs?: number;
  /** Default 20. */
  readonly intervalMs?: number;
  /** What was waited for; a function is asked when the time is up, so that it can say what was seen instead. */
  readonly message?: string | (() => string);
}

/**
 * Waits until `condition` gives something truthy and resolves with it. A condition that throws counts as not yet true.
 * @throws Error with `message` and the last thing the condition threw, when `timeoutMs` have passed
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 30_000, intervalMs = 20, message = 'a condition' }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) break;
    await delay(intervalMs);
  }
  const text = typeof message === 'function' ? message() : message;
  const reason = cause instanceof Error ? ` (last error: ${cause.message})` : '';
  throw new Error(`not within ${timeoutMs} ms: ${text}${reason}`, { cause });
}
