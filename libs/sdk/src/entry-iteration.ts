import { type EntryId } from '@sluice/wire';
import { type Subscription } from './subscription.js';
import { type Entry } from './types.js';

/** What iterating over the entries of a subscription has in common, whoever they are for: the batch at hand, and the end. */
export abstract class EntryIteration<Given extends Entry> implements AsyncIterableIterator<Given> {
  /** The frame received last, and how many of its entries were taken. */
  protected batch: readonly Entry[] = [];
  protected at = 0;
  private readonly abort = (): void => this.close();

  /** @internal made by `Sluice.pull` and `Sluice.consume` */
  constructor(
    protected readonly subscription: Subscription,
    private readonly signal: AbortSignal | undefined,
  ) {
    signal?.addEventListener('abort', this.abort, { once: true });
    // What a subclass has of its own is not there yet, and there is nothing that it would have to end.
    if (signal?.aborted === true) EntryIteration.prototype.close.call(this);
  }

  /**
   * The positions the server began at, by stream: every entry after them will come.
   * @throws SluiceError when the server refuses
   */
  get ready(): Promise<Readonly<Record<string, EntryId>>> {
    return this.subscription.ready;
  }

  /** @throws SluiceError what the server refused with, after the entries received before */
  abstract next(): Promise<IteratorResult<Given, undefined>>;

  /** Ends it; what was received and not taken is dropped. */
  close(): void {
    this.detach();
    this.batch = [];
    this.subscription.close();
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next frame's entries; null at the end. */
  protected async receive(): Promise<readonly Entry[] | null> {
    const batch = await this.subscription.next();
    if (batch === null) this.detach();
    return batch;
  }

  private detach(): void {
    this.signal?.removeEventListener('abort', this.abort);
  }
}
