import { type Intake } from '../ingest/push-gate.js';
import { AdmissionPending } from './admission-pending.js';

/** A frame that waits. */
interface HeldFrame {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** Who takes the frames of a push socket. */
export interface FrameTaker {
  /** Stores nothing of a frame for which it throws `AdmissionPending`; it gets that frame again. */
  onFrame(data: Buffer, isBinary: boolean): void;
  /** Resolves when everything taken is settled and acknowledged. */
  settled(): Promise<void>;
  /** Tells the sender of a frame why nothing of it is stored, and goes on; false when that ends the socket. */
  refuse?(data: Buffer, error: unknown): boolean;
  fail(error: unknown): void;
  close(): void;
}

/**
 * Holds the frames of a socket back, in their order, while a stream they name is asked about. The socket is not read meanwhile: what is
 * held is what had been read already.
 */
export class FrameGate {
  private readonly held: HeldFrame[] = [];
  private isWaiting = false;
  private waiters: (() => void)[] = [];

  constructor(
    private readonly taker: FrameTaker,
    private readonly intake: Intake,
  ) {}

  onFrame(data: Buffer, isBinary: boolean): void {
    if (this.isWaiting) this.held.push({ data, isBinary });
    else this.offer({ data, isBinary });
  }

  /** Resolves when no frame is held back and everything taken is settled. */
  async settled(): Promise<void> {
    await this.idle();
    await this.taker.settled();
  }

  /** The client is gone: what it sent before is still taken. */
  async close(): Promise<void> {
    await this.idle();
    this.taker.close();
  }

  /** False when the frame has to wait. */
  private offer(frame: HeldFrame): boolean {
    try {
      this.taker.onFrame(frame.data, frame.isBinary);
      return true;
    } catch (error) {
      if (!(error instanceof AdmissionPending)) throw error;
      this.held.unshift(frame);
      this.wait(error.answer);
      return false;
    }
  }

  private wait(answer: Promise<void>): void {
    if (!this.isWaiting) this.intake.pause();
    this.isWaiting = true;
    answer.then(
      () => this.goOn(),
      (error: unknown) => this.refuse(error),
    );
  }

  private goOn(): void {
    for (let frame = this.held.shift(); frame !== undefined; frame = this.held.shift()) if (!this.offer(frame)) return;
    this.intake.resume();
    this.end();
  }

  /** The frame that was asked about is the first of those held. */
  private refuse(error: unknown): void {
    const [frame] = this.held;
    try {
      if (frame !== undefined && this.taker.refuse?.(frame.data, error) === true) {
        this.held.shift();
        this.goOn();
        return;
      }
      this.taker.fail(error);
    } catch (thrown) {
      this.taker.fail(thrown);
    }
    this.held.length = 0;
    this.end();
  }

  private end(): void {
    this.isWaiting = false;
    for (const resolve of this.waiters.splice(0)) resolve();
  }

  private async idle(): Promise<void> {
    if (this.isWaiting) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }
}

/** Lets several parts pause one socket: it is read again when none of them wants it paused. */
export class SharedIntake implements Intake {
  private pauses = 0;

  constructor(private readonly intake: Intake) {}

  pause(): void {
    this.pauses += 1;
    if (this.pauses === 1) this.intake.pause();
  }

  resume(): void {
    this.pauses -= 1;
    if (this.pauses === 0) this.intake.resume();
  }
}
