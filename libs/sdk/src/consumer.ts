import { SluiceError } from '@sluice/contracts';
import { entryOfPosition, type EntryId, type Position } from '@sluice/wire';
import { EntryIteration } from './entry-iteration.js';
import { type Subscription, type SubscriptionLink } from './subscription.js';
import { atEndOfTurn } from './turn.js';
import { type Entry } from './types.js';

/** How to take part in a consumer group. */
export interface ConsumerOptions {
  /** Name of the group; it is made when it does not exist. */
  readonly group: string;
  /** Name of this member: give the same one again and it gets again what it had not acknowledged. */
  readonly consumer: string;
  /** Where a group that does not exist yet begins. Default `$`. */
  readonly from?: Position;
  /** Take over what another member left unacknowledged for this long. Default 60,000; 0: never. */
  readonly claimIdleMs?: number;
  readonly fields?: boolean;
  readonly windowBytes?: number;
  readonly signal?: AbortSignal;
}

/** An entry given to one member of a group. */
export interface GroupEntry extends Entry {
  /**
   * Says that it is done: the group gives it to nobody again. Acks of one turn leave together; parts of a packed entry are
   * acknowledged when the last of them is.
   */
  ack(): void;
}

/**
 * Entries shared out among the members of a group: each goes to one of them, and again to one if it is not acknowledged (at
 * least once).
 */
export class Consumer extends EntryIteration<GroupEntry> {
  private readonly unsent = new Map<string, EntryId[]>();
  /** Packed entries of which some parts are not acknowledged yet: how many. */
  private readonly openParts = new Map<string, number>();
  private unconfirmed = 0;
  private hasLostAcks = false;
  private waiters: (() => void)[] = [];
  private isScheduled = false;

  /** @internal made by `Sluice.consume` */
  constructor(
    subscription: Subscription,
    private readonly link: SubscriptionLink,
    signal: AbortSignal | undefined,
  ) {
    super(subscription, signal);
  }

  /** @throws SluiceError what the server refused with */
  async next(): Promise<IteratorResult<GroupEntry, undefined>> {
    while (this.at >= this.batch.length) {
      const batch = await this.receive();
      if (batch === null) return { done: true, value: undefined };
      this.batch = batch;
      this.at = 0;
      for (const entry of batch) if (entry.id.includes('/')) this.countPart(entry, 1);
    }
    const entry = this.batch[this.at++] as Entry;
    return { done: false, value: { ...entry, ack: () => this.ack(entry) } };
  }

  /**
   * Resolves when the server has confirmed every ack so far.
   * @throws SluiceError `OUTCOME_UNKNOWN` when the connection went away before: entries may come again
   */
  async flush(): Promise<void> {
    this.sendAcks();
    while (this.unconfirmed > 0) await new Promise<void>((resolve) => this.waiters.push(resolve));
    const isInDoubt = this.hasLostAcks || this.unsent.size > 0;
    this.hasLostAcks = false;
    if (isInDoubt) {
      throw new SluiceError('OUTCOME_UNKNOWN', 'acks could not be confirmed: the entries may come again');
    }
  }

  /** Leaves; what was not acknowledged stays with the group. */
  override close(): void {
    this.sendAcks();
    super.close();
  }

  /** @internal the server confirmed acks */
  onAcked(): void {
    this.unconfirmed = Math.max(0, this.unconfirmed - 1);
    this.wake();
  }

  /** @internal a connection is open again */
  onOpen(): void {
    this.sendAcks();
  }

  /** @internal the connection is gone, and with it the answers to acks */
  onLost(): void {
    if (this.unconfirmed > 0) this.hasLostAcks = true;
    this.unconfirmed = 0;
    this.batch = [];
    this.openParts.clear();
    this.wake();
  }

  private wake(): void {
    if (this.unconfirmed === 0) for (const resolve of this.waiters.splice(0)) resolve();
  }

  /** Parts of a packed entry not acknowledged, after this change. */
  private countPart({ stream, id }: Entry, change: number): number {
    const key = `${stream} ${entryOfPosition(id)}`;
    const count = (this.openParts.get(key) ?? 0) + change;
    if (count > 0) this.openParts.set(key, count);
    else this.openParts.delete(key);
    return count;
  }

  private ack(entry: Entry): void {
    if (entry.id.includes('/') && this.countPart(entry, -1) > 0) return;
    const id = entryOfPosition(entry.id);
    const ids = this.unsent.get(entry.stream);
    if (ids === undefined) this.unsent.set(entry.stream, [id]);
    else ids.push(id);
    if (this.isScheduled) return;
    this.isScheduled = true;
    atEndOfTurn(() => this.sendAcks());
  }

  private sendAcks(): void {
    this.isScheduled = false;
    if (!this.link.isOpen) return;
    for (const [stream, ids] of this.unsent) {
      this.link.tell({ op: 'ack', sub: this.subscription.sub, stream, ids });
      this.unconfirmed++;
    }
    this.unsent.clear();
  }
}
