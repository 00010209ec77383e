import { SluiceError } from '@sluice/contracts';
import { type AnswerMemory } from './answer-memory.js';

/** Who an answer is for. */
export interface AnswerReader {
  /** When it last took some of what waits for it, by `performance.now()`. */
  readonly tookAtMs: number;
  /** Nobody reads any more. */
  readonly isClosed: boolean;
  /** It gets no more: it takes nothing, and others wait for memory. Ends its shares. */
  cut(): void;
}

/** What one answer holds of the memory for answers. Sizes are about: what counts is that they grow with what is held. */
export class AnswerShare {
  /** Kept by {@link AnswerMemory}. */
  heldBytes = 0;
  /** How much of its work waits for memory. Kept by {@link AnswerMemory}. */
  waits = 0;
  private borrowedBytes = 0;
  private hasEnded = false;

  constructor(
    private readonly memory: AnswerMemory,
    readonly reader: AnswerReader,
  ) {}

  get isEnded(): boolean {
    return this.hasEnded;
  }

  /** Waits until there is room. @throws SluiceError MESSAGE_TOO_LARGE, OVERLOADED */
  async take(bytes: number): Promise<void> {
    this.assertFits(bytes);
    await this.memory.wait(this, bytes);
  }

  /**
   * Waits until there is room for what is needed for a while, such as entries that are being made into text.
   * @returns call it when it is not needed any more
   * @throws SluiceError OVERLOADED
   */
  async borrow(bytes: number): Promise<() => void> {
    const borrowed = Math.min(bytes, this.memory.maxAnswerBytes);
    await this.memory.wait(this, borrowed);
    this.borrowedBytes += borrowed;
    return () => {
      this.borrowedBytes -= borrowed;
      if (!this.hasEnded) this.memory.giveBack(this, borrowed);
    };
  }

  /** Takes what is there already, and is seldom large. @throws SluiceError MESSAGE_TOO_LARGE */
  grow(bytes: number): void {
    this.assertFits(bytes);
    if (!this.hasEnded) this.memory.give(this, bytes);
  }

  /** The answer is made; from now on it is its reader's turn. */
  made(): void {
    if (!this.hasEnded) this.memory.made(this);
  }

  /** Nothing of the answer is left. */
  end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.memory.end(this);
  }

  private assertFits(bytes: number): void {
    const { maxAnswerBytes } = this.memory;
    if (this.heldBytes - this.borrowedBytes + bytes <= maxAnswerBytes) return;
    throw new SluiceError(
      'MESSAGE_TOO_LARGE',
      `the answer would hold more than ${maxAnswerBytes} bytes: ask for it in pages, or for fewer fields`,
    );
  }
}
