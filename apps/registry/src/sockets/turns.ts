import { setImmediate } from 'node:timers/promises';
import { type SocketSink } from './socket-sink.js';

/** Operations of one socket that are worked at: their answers are held until they are read. */
const AT_A_TIME = 4;

/** Lets a few operations of one socket run at a time; each makes room when its answer is on its way to a client that reads. */
export class Turns {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param maxWaiting operations that may wait for a turn */
  constructor(
    private readonly sink: Pick<SocketSink, 'ready' | 'isClosed'>,
    private readonly maxWaiting: number,
  ) {}

  /** Runs work when it has its turn; null when too much waits already, or nobody reads any more. */
  async run<T>(work: () => Promise<T>): Promise<T | null> {
    if (this.running >= AT_A_TIME) {
      if (this.waiting.length >= this.maxWaiting) return null;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running += 1;
    }
    try {
      return this.sink.isClosed ? null : await work();
    } finally {
      void this.passOn();
    }
  }

  private async passOn(): Promise<void> {
    // By then the answer has been written.
    await setImmediate();
    await this.sink.ready();
    const next = this.waiting.shift();
    if (next === undefined) this.running -= 1;
    else next();
  }
}
