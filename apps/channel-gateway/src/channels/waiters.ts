/** What a waiter is told: the JSON list it waited for. */
export type Answer = (json: string | Uint8Array) => void;

/** Who waits for the next tick of a channel, or of one key of a basket. A waiter costs a function in a set. */
export class Waiters {
  private readonly byKey = new Map<string | null, Set<Answer>>();

  /** @param key null: any tick of the channel. Returns what ends the waiting. */
  add(key: string | null, answer: Answer): () => void {
    const waiting = this.byKey.get(key) ?? new Set();
    this.byKey.set(key, waiting);
    waiting.add(answer);
    return () => {
      waiting.delete(answer);
      if (waiting.size === 0 && this.byKey.get(key) === waiting) this.byKey.delete(key);
    };
  }

  has(key: string | null): boolean {
    return this.byKey.has(key);
  }

  /** Answers everybody who waits for that; they wait no longer. */
  settle(key: string | null, json: string | Uint8Array): void {
    const waiting = this.byKey.get(key);
    if (waiting === undefined) return;
    this.byKey.delete(key);
    for (const answer of waiting) answer(json);
  }

  /** Answers everybody. */
  settleAll(json: string): void {
    for (const key of this.byKey.keys()) this.settle(key, json);
  }
}
