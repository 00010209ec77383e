/** When entries are due: by the monotonic clock, from one point of the recording on, so that delays never add up. */
export class Schedule {
  private baseAtMs = performance.now();
  private baseTimeMs = 0;
  private isPaused = false;
  private pausedTimeMs = 0;
  private wake: (() => void) | null = null;

  /** @param speed recorded milliseconds in one; infinite: without a pause */
  constructor(private speed: number) {}

  /** From now on the recording is at this time. */
  startAt(timeMs: number): void {
    this.rebase(timeMs);
    this.pausedTimeMs = timeMs;
    this.interrupt();
  }

  setSpeed(speed: number): void {
    const timeMs = this.timeMs;
    this.speed = speed;
    this.rebase(timeMs);
    this.interrupt();
  }

  pause(): void {
    if (this.isPaused) return;
    this.pausedTimeMs = this.timeMs;
    this.isPaused = true;
    this.interrupt();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.rebase(this.pausedTimeMs);
    this.interrupt();
  }

  /** Has `until` look again, for whatever else has changed. */
  interrupt(): void {
    const { wake } = this;
    this.wake = null;
    wake?.();
  }

  /** Resolves when an entry of this time is due; false when something happened before. */
  async until(timeMs: number): Promise<boolean> {
    const waitMs = this.isPaused ? Number.POSITIVE_INFINITY : this.waitMs(timeMs);
    if (waitMs <= 0) return true;
    let timer: NodeJS.Timeout | null = null;
    let isDue = false;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      if (waitMs > LONGEST_TIMER_MS) return;
      timer = setTimeout(() => {
        isDue = true;
        this.wake = null;
        resolve();
      }, waitMs);
    });
    if (timer !== null) clearTimeout(timer);
    return isDue;
  }

  /** Where the recording is now. */
  private get timeMs(): number {
    if (this.isPaused || !Number.isFinite(this.speed)) return this.pausedTimeMs;
    return this.baseTimeMs + (performance.now() - this.baseAtMs) * this.speed;
  }

  private waitMs(timeMs: number): number {
    // At full speed what is due next is where the recording is, should it be slowed down.
    this.pausedTimeMs = timeMs;
    return Number.isFinite(this.speed)
      ? this.baseAtMs + (timeMs - this.baseTimeMs) / this.speed - performance.now()
      : 0;
  }

  private rebase(timeMs: number): void {
    this.baseTimeMs = timeMs;
    this.baseAtMs = performance.now();
  }
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;
