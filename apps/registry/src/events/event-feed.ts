import { SluiceError } from '@sluice/contracts';
import { type EventStream } from '../graphql/event-stream.js';

/** Events that may wait for a reader; one that falls further behind is told that it has missed some. */
const MAX_WAITING = 1_000;
const DONE = { done: true, value: undefined } as const;

/** Events of a source that does not wait, for readers who may take their time. */
export class EventFeed<T> implements EventStream<T> {
  private waiting: T[] = [];
  private reader: { resolve(result: IteratorResult<T, undefined>): void; reject(error: unknown): void } | null = null;
  private failure: SluiceError | null = null;
  private isClosed = false;
  private stop: (() => void) | null = null;

  /** @param what names the events, for the reader who misses some */
  constructor(private readonly what: string) {}

  /** Sets what ends the source; it is ended at once when the feed is closed already. */
  endWith(stop: () => void): void {
    if (this.isClosed) stop();
    else this.stop = stop;
  }

  push(event: T): void {
    if (this.isClosed || this.failure !== null) return;
    const { reader } = this;
    if (reader !== null) {
      this.reader = null;
      reader.resolve({ done: false, value: event });
    } else if (this.waiting.length < MAX_WAITING) {
      this.waiting.push(event);
    } else {
      this.fail(
        new SluiceError(
          'TRIMMED',
          `more than ${MAX_WAITING} ${this.what} are unread: look at the whole again, and subscribe anew`,
        ),
      );
    }
  }

  /** Ends the feed with an error, after what waits. */
  fail(error: SluiceError): void {
    if (this.isClosed) return;
    this.failure = error;
    this.stop?.();
    this.stop = null;
    const { reader } = this;
    this.reader = null;
    reader?.reject(error);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const event = this.waiting.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.failure !== null) return Promise.reject(this.failure);
    if (this.isClosed) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => (this.reader = { resolve, reject }));
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.isClosed = true;
    this.waiting = [];
    this.stop?.();
    this.stop = null;
    this.reader?.resolve(DONE);
    this.reader = null;
    return Promise.resolve(DONE);
  }

  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
