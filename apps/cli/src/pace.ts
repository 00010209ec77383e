import { setTimeout as delay } from 'node:timers/promises';

/** Lets a loop go round a given number of times a second, and makes up for rounds that were late. */
export class Pace {
  private dueAt = performance.now();

  /** @param perSecond 0: as fast as it goes */
  constructor(
    private readonly perSecond: number,
    private readonly signal: AbortSignal,
  ) {}

  /** Resolves when the next round is due; at once when the signal asks to end. */
  async next(): Promise<void> {
    if (this.perSecond === 0 || this.signal.aborted) return;
    const now = performance.now();
    const periodMs = 1000 / this.perSecond;
    // Rounds that are more than a second late are left out, not made up for in a rush.
    this.dueAt = Math.max(this.dueAt + periodMs, now - 1000);
    const waitMs = this.dueAt - now;
    if (waitMs <= 0) return;
    await delay(waitMs, undefined, { signal: this.signal }).catch(() => undefined);
  }
}
