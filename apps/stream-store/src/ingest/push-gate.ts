import { type StreamLog } from '@sluice/stream-log';

/** The reading half of a socket. */
export interface Intake {
  pause(): void;
  resume(): void;
}

/** What of a socket's pushes is not settled yet. */
export interface Unsettled {
  /** Entries that are kept in mind, because they or others before them are not settled. */
  readonly unreported: number;
  readonly bytes: number;
}

/** Most entries and payload bytes that one socket may have unsettled before it is not read any further. */
const MAX_UNSETTLED_ENTRIES = 8_000;
const MAX_UNSETTLED_BYTES = 8 * 1024 * 1024;

/** Stops reading a socket whose pushes, or the log as a whole, have too much in flight; reads on when half of it is settled. */
export class PushGate {
  private isPaused = false;
  private stopWaiting: (() => void) | null = null;

  constructor(
    private readonly log: StreamLog,
    private readonly intake: Intake,
    private readonly unsettled: Unsettled,
  ) {}

  /** After something was pushed. */
  check(): void {
    if (this.isPaused) return;
    const { unreported, bytes } = this.unsettled;
    const isFull = unreported >= MAX_UNSETTLED_ENTRIES || bytes >= MAX_UNSETTLED_BYTES;
    if (!isFull && !this.log.isSaturated) return;
    this.isPaused = true;
    this.intake.pause();
    if (!isFull) this.waitForRelief();
  }

  /** After something was settled. */
  release(): void {
    if (!this.isPaused) return;
    const { unreported, bytes } = this.unsettled;
    if (unreported * 2 > MAX_UNSETTLED_ENTRIES || bytes * 2 > MAX_UNSETTLED_BYTES) return;
    if (this.log.isSaturated) {
      this.waitForRelief();
      return;
    }
    this.isPaused = false;
    this.intake.resume();
  }

  close(): void {
    this.stopWaiting?.();
    this.stopWaiting = null;
  }

  private waitForRelief(): void {
    this.stopWaiting ??= this.log.onRelief(() => {
      this.close();
      this.release();
    });
  }
}
