/** Entries and bytes that are read before they are due. */
const MAX_ENTRIES = 256;
const MAX_BYTES = 2 * 1024 * 1024;

interface Sized {
  readonly entry: { readonly payload: Uint8Array };
}

/** Takes from a source ahead of its reader, within bounds, so that a slow disk is not felt at each entry. */
export class ReadAhead<T extends Sized> {
  private readonly ready: T[] = [];
  private bytes = 0;
  private isOver = false;
  private failure: { readonly error: unknown } | null = null;
  private wakeReader: (() => void) | null = null;
  private wakeSource: (() => void) | null = null;
  private readonly done: Promise<void>;

  constructor(source: AsyncGenerator<T>) {
    this.done = this.fill(source);
  }

  /** The next entry; null at the end. @throws whatever the source throws, after what came before it */
  async next(): Promise<T | null> {
    while (this.ready.length === 0 && !this.isOver) await new Promise<void>((resolve) => (this.wakeReader = resolve));
    const item = this.ready.shift();
    if (item === undefined) {
      if (this.failure !== null) throw this.failure.error;
      return null;
    }
    this.bytes -= item.entry.payload.length;
    this.wake('wakeSource');
    return item;
  }

  /** Ends the source. */
  async close(): Promise<void> {
    this.isOver = true;
    this.wake('wakeSource');
    await this.done;
  }

  private async fill(source: AsyncGenerator<T>): Promise<void> {
    try {
      for await (const item of source) {
        if (this.isOver) return;
        this.ready.push(item);
        this.bytes += item.entry.payload.length;
        this.wake('wakeReader');
        while (!this.isOver && (this.ready.length >= MAX_ENTRIES || this.bytes >= MAX_BYTES)) {
          await new Promise<void>((resolve) => (this.wakeSource = resolve));
        }
      }
    } catch (error) {
      this.failure = { error };
    } finally {
      this.isOver = true;
      this.wake('wakeReader');
    }
  }

  private wake(which: 'wakeReader' | 'wakeSource'): void {
    const wake = this[which];
    this[which] = null;
    wake?.();
  }
}
