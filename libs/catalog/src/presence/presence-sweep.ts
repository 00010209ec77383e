import { randomUUID } from 'node:crypto';
import { type Presence } from './presence.js';

const SWEEP_EVERY_MS = 1_000;

/**
 * Disconnects devices whose push sockets are gone with their service. Any number of processes may run it: one at a time does
 * the work, and another one takes over when it is gone.
 */
export class PresenceSweep {
  private readonly holder = randomUUID();
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | null = null;

  constructor(
    private readonly presence: Presence,
    sweepEveryMs = SWEEP_EVERY_MS,
  ) {
    this.timer = setInterval(() => void this.sweep(), sweepEveryMs).unref();
  }

  /** Waits for the sweep that runs. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Failures leave it to the next round; so does a process that is stopped while it sweeps, to another one. */
  private async sweep(): Promise<void> {
    this.running ??= this.presence
      .sweep(this.holder)
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => (this.running = null));
    await this.running;
  }
}
