import { Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { Turnstile } from '../state/turnstile.js';

/** What clients send over sockets takes so much memory at the most, before it is in the log and answered. */
const MAX_BYTES = 128 * 1024 * 1024;
/** Less is not worth counting. */
const COUNTED_FROM = 64 * 1024;
/** Larger ones take several times their size while they are read: few at a time are. */
const LARGE_FROM = 1024 * 1024;
const LARGE_AT_ONCE = 2;

/** Bounds what all sockets together have the service keep of what they send, and how many large things are read at a time. */
@Injectable()
export class Intake {
  private held = 0;
  /** Who waits is counted in `held`. */
  private readonly turns = new Turnstile(LARGE_AT_ONCE, Infinity);

  /** Counts something until the function that it returns is called. @throws SluiceError RATE_LIMITED */
  hold(bytes: number): () => void {
    if (bytes < COUNTED_FROM) return () => undefined;
    if (this.held > 0 && this.held + bytes > MAX_BYTES) {
      throw new SluiceError(
        'RATE_LIMITED',
        `${this.held} bytes are being received already, of ${MAX_BYTES} that may be`,
      );
    }
    this.held += bytes;
    let isHeld = true;
    return () => {
      if (isHeld) this.held -= bytes;
      isHeld = false;
    };
  }

  /** Resolves when something of that size may be read, with what tells that it has been. */
  async enter(bytes: number): Promise<() => void> {
    if (bytes < LARGE_FROM) return () => undefined;
    return new Promise((resolve) => {
      void this.turns.pass(() => new Promise<void>((leave) => resolve(leave)));
    });
  }
}
