import { unmaskLong } from './unmask.js';

/** The payload of one long frame, gathered in memory of its own. */
export class LongFrame {
  readonly #payload: Buffer;
  readonly #mask: Buffer;
  #filled = 0;

  constructor(bytes: number, mask: Uint8Array) {
    this.#payload = Buffer.allocUnsafeSlow(bytes);
    this.#mask = Buffer.from(mask);
  }

  /** Memory that the bytes which have not come yet belong to. */
  get missing(): Buffer {
    return this.#payload.subarray(this.#filled);
  }

  get isWhole(): boolean {
    return this.#filled === this.#payload.length;
  }

  /** So many bytes were put into what is missing. */
  filled(count: number): void {
    this.#filled += count;
  }

  /** Takes what belongs to it out of `data` from `at` on; where to go on. */
  fill(data: Buffer, at: number): number {
    const count = data.copy(this.#payload, this.#filled, at);
    this.#filled += count;
    return at + count;
  }

  /** The payload as it was meant; to be called once, when it is whole. */
  unmasked(): Buffer {
    unmaskLong(this.#payload, this.#mask);
    return this.#payload;
  }
}
