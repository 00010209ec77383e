interface Taker<Tick> {
  resolve(result: IteratorResult<Tick, undefined>): void;
  reject(error: Error): void;
}

/** Ticks that wait to be taken, and those who wait for them. */
export class TickQueue<Tick> {
  private readonly waiting: { readonly tick: Tick; readonly chars: number }[] = [];
  private readonly takers: Taker<Tick>[] = [];
  private at = 0;
  private chars = 0;
  private end: { readonly error: Error | null } | null = null;

  /** Size of what waits, in characters of its messages. */
  get waitingChars(): number {
    return this.chars;
  }

  add(tick: Tick, chars: number): void {
    const taker = this.takers.shift();
    if (taker !== undefined) {
      taker.resolve({ done: false, value: tick });
      return;
    }
    this.waiting.push({ tick, chars });
    this.chars += chars;
  }

  /** The next tick; the end, or its error, after all that came before. */
  take(): Promise<IteratorResult<Tick, undefined>> {
    const next = this.waiting[this.at];
    if (next !== undefined) {
      this.at += 1;
      this.chars -= next.chars;
      if (this.at > 1_000 && this.at * 2 > this.waiting.length) {
        this.waiting.splice(0, this.at);
        this.at = 0;
      }
      return Promise.resolve({ done: false, value: next.tick });
    }
    if (this.end !== null) return this.ended(this.end.error);
    return new Promise((resolve, reject) => {
      this.takers.push({ resolve, reject });
    });
  }

  finish(error: Error | null): void {
    if (this.end !== null) return;
    this.end = { error };
    for (const taker of this.takers.splice(0)) {
      if (error === null) taker.resolve({ done: true, value: undefined });
      else taker.reject(error);
    }
  }

  clear(): void {
    this.waiting.length = 0;
    this.at = 0;
    this.chars = 0;
  }

  private async ended(failure: Error | null): Promise<IteratorResult<Tick, undefined>> {
    if (failure !== null) throw failure;
    return { done: true, value: undefined };
  }
}
