import { type EntryId } from '@sluice/wire';
import { type SluiceError } from '@sluice/contracts';

/** What became of one entry. */
export type PushResult = EntryId | SluiceError;

/** Who is told when all entries of a message are settled; calls come in the order of the messages. */
export interface LedgerEvents<Message> {
  /** Of a message of one entry, which most are. */
  onSettledOne(message: Message, result: PushResult): void;
  /** @param results one per entry, in their order */
  onSettled(message: Message, results: readonly PushResult[]): void;
}

const FIRST_CAPACITY = 64;

/**
 * Entries that one socket has pushed and that are not settled yet, in order. Entries of different streams settle in any order;
 * messages are reported in theirs.
 */
export class PushLedger<Message> {
  private capacity = FIRST_CAPACITY;
  private sizes: number[] = [];
  private results: (PushResult | undefined)[] = [];
  /** Set at the last entry of each message. */
  private messages: (Message | undefined)[] = [];
  /** Tokens rise for ever; `& (capacity - 1)` is the slot. */
  private next = 0;
  private head = 0;
  private scanned = 0;
  private unsettledBytes = 0;

  constructor(private readonly events: LedgerEvents<Message>) {}

  /** Entries not reported yet: not settled themselves, or behind one that is not. */
  get unreported(): number {
    return this.next - this.head;
  }

  /** Payload bytes not settled yet. */
  get bytes(): number {
    return this.unsettledBytes;
  }

  /** Whether everything was settled and reported. */
  get isEmpty(): boolean {
    return this.head === this.next;
  }

  /**
   * Enters an entry.
   * @param message set with the last entry of its message
   * @returns its token
   */
  add(bytes: number, message: Message | undefined): number {
    if (this.next - this.head === this.capacity) this.grow();
    const token = this.next++;
    const slot = token & (this.capacity - 1);
    this.sizes[slot] = bytes;
    this.results[slot] = undefined;
    this.messages[slot] = message;
    this.unsettledBytes += bytes;
    return token;
  }

  settle(token: number, result: PushResult): void {
    const slot = token & (this.capacity - 1);
    this.results[slot] = result;
    this.unsettledBytes -= this.sizes[slot] as number;
    if (token === this.scanned) this.report();
  }

  private report(): void {
    while (this.scanned < this.next) {
      const slot = this.scanned & (this.capacity - 1);
      if (this.results[slot] === undefined) return;
      this.scanned += 1;
      const message = this.messages[slot];
      if (message === undefined) continue;
      this.messages[slot] = undefined;
      if (this.head === this.scanned - 1) {
        const result = this.results[slot] as PushResult;
        this.head = this.scanned;
        this.events.onSettledOne(message, result);
      } else {
        this.events.onSettled(message, this.takeResults());
      }
    }
  }

  private takeResults(): PushResult[] {
    const results: PushResult[] = [];
    for (; this.head < this.scanned; this.head++) {
      const slot = this.head & (this.capacity - 1);
      results.push(this.results[slot] as PushResult);
    }
    return results;
  }

  private grow(): void {
    const capacity = this.capacity * 2;
    const move = <T>(from: readonly T[]): T[] => {
      const to: T[] = Array.from({ length: capacity });
      for (let token = this.head; token < this.next; token++) {
        to[token & (capacity - 1)] = from[token & (this.capacity - 1)] as T;
      }
      return to;
    };
    this.sizes = move(this.sizes);
    this.results = move(this.results);
    this.messages = move(this.messages);
    this.capacity = capacity;
  }
}
