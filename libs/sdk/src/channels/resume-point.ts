import { compareEntryIds } from '@sluice/wire';

/**
 * How far a channel was received. An entry of a basket comes as a message for each key: when the connection is lost between them,
 * the entry is asked for again. What had come already, then or because another key of the channel is asked for, is left out.
 */
export class ResumePoint {
  /** Of each key, null for a channel that has none: the newest entry that came. */
  private readonly newest = new Map<string | null, string>();
  /** Other keys of the entry may not have come yet. */
  private isPartial = false;

  /** @param seq entry that was received whole */
  constructor(private seq: string | null) {}

  /** Position to ask from; null: what comes from now on. */
  get since(): string | null {
    return this.seq === null || !this.isPartial ? this.seq : before(this.seq);
  }

  /** What comes begins behind that entry. */
  begin(seq: string): void {
    this.seq ??= seq;
  }

  /** Notes a message. @returns false for one that was here already */
  note(seq: string, key: string | null): boolean {
    this.seq = seq;
    this.isPartial = key !== null;
    const newest = this.newest.get(key);
    if (newest !== undefined && compareEntryIds(seq, newest) <= 0) return false;
    this.newest.set(key, seq);
    return true;
  }

  /** The channel was made anew: its entries may have had these ids before. */
  reset(): void {
    this.newest.clear();
  }
}

const LAST_OF_A_MS = '18446744073709551615';

/** The id before this one. */
function before(id: string): string {
  const [ms = '0', seq = '0'] = id.split('-');
  if (BigInt(seq) > 0n) return `${ms}-${BigInt(seq) - 1n}`;
  return BigInt(ms) > 0n ? `${BigInt(ms) - 1n}-${LAST_OF_A_MS}` : '0-0';
}
