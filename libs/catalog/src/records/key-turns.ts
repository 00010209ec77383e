/** Runs work on one key after the work on it that came before; other keys do not wait. Holds nothing when nothing runs. */
export class KeyTurns {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Resolves or rejects as the work does. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(key) ?? Promise.resolve();
    const result = before.then(work, work);
    const ended: Promise<void> = result.then(
      () => this.forget(key, ended),
      () => this.forget(key, ended),
    );
    this.last.set(key, ended);
    return result;
  }

  private forget(key: string, ended: Promise<void>): void {
    if (this.last.get(key) === ended) this.last.delete(key);
  }
}
