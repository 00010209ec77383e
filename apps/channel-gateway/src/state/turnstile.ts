import { SluiceError } from '@sluice/contracts';

/** Lets a few in at a time; the others wait in a queue that ends somewhere. */
export class Turnstile {
  private inside = 0;
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly most: number,
    private readonly mostWaiting: number,
  ) {}

  /** @throws SluiceError RATE_LIMITED when too many wait already */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside < this.most) this.inside += 1;
    else await this.wait();
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next === undefined) this.inside -= 1;
      else next();
    }
  }

  private wait(): Promise<void> {
    if (this.queue.length >= this.mostWaiting) {
      throw new SluiceError('RATE_LIMITED', `${this.queue.length} queries wait already, as many as may`);
    }
    return new Promise((enter) => this.queue.push(enter));
  }
}
