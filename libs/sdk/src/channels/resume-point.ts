/**
 * How far a channel was received. An entry of a basket comes as a message for each key: when the connection is lost between them,
 * the entry is asked for again, and what had come of it is left out.
 */
export class ResumePoint {
  private readonly keys = new Set<string>();

  /** @param seq entry that was received whole */
  constructor(private seq: string | null) {}

  /** Position to ask from; null: what comes from now on. */
  get since(): string | null {
    return this.seq === null || this.keys.size === 0 ? this.seq : before(this.seq);
  }

  /** Notes a message. @returns false for one that was here already */
  note(seq: string, key: string | null): boolean {
    if (seq !== this.seq) this.keys.clear();
    this.seq = seq;
    if (key === null) return true;
    if (this.keys.has(key)) return false;
    this.keys.add(key);
    return true;
  }
}

const LAST_OF_A_MS = '18446744073709551615';

/** The id before this one. */
function before(id: string): string {
  const [ms = '0', seq = '0'] = id.split('-');
  if (BigInt(seq) > 0n) return `${ms}-${BigInt(seq) - 1n}`;
  return BigInt(ms) > 0n ? `${BigInt(ms) - 1n}-${LAST_OF_A_MS}` : '0-0';
}
