import { type PushGate } from './push-gate.js';
import { type Unsettled } from './push-gate.js';

/**
 * Keeps the order of a socket's pushes where some of them go another way: entries that are stored together wait until everything
 * before them is settled, and everything after them waits for them. Meanwhile the socket is not read.
 */
export class PushOrder<Frame> {
  private held: Frame[] = [];
  private isHolding = false;
  private next: (() => void) | null = null;

  constructor(
    private readonly unsettled: Unsettled,
    private readonly gate: PushGate,
    private readonly take: (frame: Frame) => void,
  ) {}

  /** Frames must be offered to `hold` instead of being taken. */
  get isBusy(): boolean {
    return this.isHolding;
  }

  /** Keeps a frame that the socket had already read. */
  hold(frame: Frame): void {
    this.held.push(frame);
  }

  /** Runs a push that must be alone on its way: now, or when everything before it is settled. */
  alone(push: () => void): void {
    this.isHolding = true;
    this.gate.hold();
    if (this.unsettled.entries === 0) push();
    else this.next = push;
  }

  /** After something was settled. */
  goOn(): void {
    if (!this.isHolding || this.unsettled.entries > 0) return;
    const push = this.next;
    this.next = null;
    if (push !== null) {
      push();
      return;
    }
    this.isHolding = false;
    const frames = this.held;
    this.held = [];
    for (const frame of frames) {
      if (this.isHolding) this.held.push(frame);
      else this.take(frame);
    }
    if (!this.isHolding) this.gate.unhold();
  }

  /** Forgets what was not begun. */
  drop(): void {
    this.next = null;
    this.held = [];
  }
}
