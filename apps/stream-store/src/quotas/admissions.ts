/** Streams remembered in each half of the memory. */
const MAX_REMEMBERED = 50_000;
/** A stream that was allowed is asked about again after one to two of these. */
const PERIOD_MS = 30_000;

/** Which streams were allowed a short while ago, so that only the first of many pushes asks Redis. Bounded in number and age. */
export class Admissions {
  private young = new Set<string>();
  private old = new Set<string>();
  private turnedAtMs: number;

  constructor(private readonly now: () => number = () => performance.now()) {
    this.turnedAtMs = now();
  }

  has(key: string): boolean {
    this.turn();
    return this.young.has(key) || this.old.has(key);
  }

  add(key: string): void {
    if (this.young.size >= MAX_REMEMBERED) this.forgetOld();
    this.young.add(key);
  }

  delete(key: string): void {
    this.young.delete(key);
    this.old.delete(key);
  }

  private turn(): void {
    const ageMs = this.now() - this.turnedAtMs;
    if (ageMs < PERIOD_MS) return;
    if (ageMs >= 2 * PERIOD_MS) this.young.clear();
    this.forgetOld();
  }

  private forgetOld(): void {
    this.old = this.young;
    this.young = new Set();
    this.turnedAtMs = this.now();
  }
}
