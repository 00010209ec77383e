const BUCKET_MS = 1_000;
const BUCKETS = 12;

/** Entries and bytes this process wrote to one stream during the last ten to twelve seconds, in buckets of a second. */
export class WriteWindow {
  private readonly entries = new Float64Array(BUCKETS);
  private readonly bytes = new Float64Array(BUCKETS);
  private bucket = Math.floor(Date.now() / BUCKET_MS);
  entryCount = 0;
  byteCount = 0;

  add(byteCount: number): void {
    const slot = this.bucket % BUCKETS;
    this.entries[slot] = (this.entries[slot] ?? 0) + 1;
    this.bytes[slot] = (this.bytes[slot] ?? 0) + byteCount;
    this.entryCount++;
    this.byteCount += byteCount;
  }

  /** Drops what is older than the window; call once a turn, not once an entry. */
  advance(nowMs: number): void {
    const now = Math.floor(nowMs / BUCKET_MS);
    const steps = Math.min(BUCKETS, now - this.bucket);
    for (let step = 1; step <= steps; step++) {
      const slot = (this.bucket + step) % BUCKETS;
      this.entryCount -= this.entries[slot] ?? 0;
      this.byteCount -= this.bytes[slot] ?? 0;
      this.entries[slot] = 0;
      this.bytes[slot] = 0;
    }
    if (steps > 0) this.bucket = now;
  }
}
