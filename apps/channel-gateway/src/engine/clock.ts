import { outsideOfModules } from './isolation.js';

/** Tells the time of an engine and wakes it up. */
export interface Clock {
  now(): number;
  /** Calls back once at that time, or as soon as may be; a new call takes the place of the one before. */
  wakeAt(timeMs: number | null, wake: () => void): void;
  /** Calls back once in a later turn. */
  soon(run: () => void): void;
}

const LONGEST_SLEEP_MS = 2 ** 31 - 1;

/** The time of day. */
export class RealClock implements Clock {
  private timer: NodeJS.Timeout | null = null;

  now(): number {
    return Date.now();
  }

  wakeAt(timeMs: number | null, wake: () => void): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (timeMs === null) return;
    this.timer = setTimeout(wake, Math.min(LONGEST_SLEEP_MS, Math.max(0, timeMs - Date.now())));
  }

  soon(run: () => void): void {
    outsideOfModules(() => setImmediate(run));
  }
}

/** A time that stands still until a test moves it on. */
export class SimulatedClock implements Clock {
  private wake: { readonly timeMs: number; readonly run: () => void } | null = null;
  private readonly queue: (() => void)[] = [];

  constructor(private timeMs: number) {}

  now(): number {
    return this.timeMs;
  }

  wakeAt(timeMs: number | null, run: () => void): void {
    this.wake = timeMs === null ? null : { timeMs, run };
  }

  soon(run: () => void): void {
    this.queue.push(run);
  }

  /** Runs what is to run soon, and what that asks for. @throws Error when that does not end */
  settle(): void {
    for (let turns = 0; this.queue.length > 0; turns++) {
      if (turns > 100_000) throw new Error('the modules tick each other without end');
      this.queue.shift()?.();
    }
  }

  /** Moves the time on, and stops wherever something is due. */
  advance(ms: number): void {
    const target = this.timeMs + ms;
    this.settle();
    while (this.wake !== null && this.wake.timeMs <= target) {
      const { timeMs, run } = this.wake;
      this.wake = null;
      this.timeMs = Math.max(this.timeMs, timeMs);
      run();
      this.settle();
    }
    this.timeMs = target;
  }
}
