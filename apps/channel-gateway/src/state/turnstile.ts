import { SluiceError } from '@sluice/contracts';

/** Of one caller: how many may be inside at a time, and how many of its own may wait. */
export interface Share {
  readonly most: number;
  readonly mostWaiting: number;
}

interface Caller {
  inside: number;
  readonly queue: (() => void)[];
}

/** Lets a few in at a time; the others wait in a queue that ends somewhere. Callers are let in by turns. */
export class Turnstile {
  private inside = 0;
  private waiting = 0;
  /** Those that are inside or wait; whose last turn is longest ago comes first. */
  private readonly callers = new Map<string, Caller>();
  private readonly share: Share;

  /** @param share of each caller. Default: a caller may have all of it */
  constructor(
    private readonly most: number,
    private readonly mostWaiting: number,
    share?: Share,
  ) {
    this.share = share ?? { most, mostWaiting };
  }

  /** @throws SluiceError RATE_LIMITED when too many wait already */
  async pass<T>(work: () => Promise<T>, name = ''): Promise<T> {
    const caller = this.callers.get(name) ?? { inside: 0, queue: [] };
    if (this.inside < this.most && caller.inside < this.share.most) this.enter(name, caller);
    else await this.wait(name, caller);
    try {
      return await work();
    } finally {
      this.inside -= 1;
      caller.inside -= 1;
      this.putLast(name, caller);
      if (caller.inside === 0 && caller.queue.length === 0) this.callers.delete(name);
      this.letIn();
    }
  }

  private enter(name: string, caller: Caller): void {
    this.inside += 1;
    caller.inside += 1;
    this.putLast(name, caller);
  }

  private putLast(name: string, caller: Caller): void {
    this.callers.delete(name);
    this.callers.set(name, caller);
  }

  private letIn(): void {
    for (const [name, caller] of this.callers) {
      if (this.inside >= this.most) return;
      if (caller.inside >= this.share.most) continue;
      const next = caller.queue.shift();
      if (next === undefined) continue;
      this.waiting -= 1;
      this.enter(name, caller);
      next();
    }
  }

  private wait(name: string, caller: Caller): Promise<void> {
    const { length } = caller.queue;
    if (length >= this.share.mostWaiting) {
      throw new SluiceError('RATE_LIMITED', `${length} queries of this caller wait already, as many as may`);
    }
    if (this.waiting >= this.mostWaiting) {
      throw new SluiceError('RATE_LIMITED', `${this.waiting} queries wait already, as many as may`);
    }
    this.waiting += 1;
    this.callers.set(name, caller);
    return new Promise((enter) => caller.queue.push(enter));
  }
}
