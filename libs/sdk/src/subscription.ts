import { type SluiceError } from '@sluice/contracts';
import {
  compareEntryIds,
  entryOfPosition,
  previousEntryId,
  type ClientMessage,
  type EntryId,
  type FollowMessage,
  type NoticeBody,
  type Position,
  type WireSection,
} from '@sluice/wire';
import { type Entry, type Notice } from './types.js';

/** What a subscription asks for, beside its number and its positions. */
export type FollowRequest = Omit<FollowMessage, 'op' | 'sub' | 'streams'>;

/** How a subscription reaches the server. */
export interface SubscriptionLink {
  readonly isOpen: boolean;
  tell(message: ClientMessage): void;
  /** The subscription is over. */
  forget(sub: number): void;
}

/** What a subscription tells besides entries. */
export interface SubscriptionEvents {
  readonly onGap?: ((gap: Notice) => void) | undefined;
  readonly onReset?: ((reset: Notice) => void) | undefined;
  /** A stream that fits a pattern appeared. */
  readonly onJoined?: ((stream: string) => void) | undefined;
}

interface Batch {
  readonly entries: readonly Entry[];
  /** Length of the frame, which is what the window counts. */
  readonly frameBytes: number;
  /** Which connection it came over: only the present one gives credit. */
  readonly connection: number;
}

interface Waiter {
  resolve(batch: readonly Entry[] | null): void;
  reject(error: SluiceError): void;
}

/** The state of one follower: its positions, what it received and was not taken yet, and the credit it owes. */
export class Subscription {
  /** Resolves with the positions the server began at. */
  readonly ready: Promise<Readonly<Record<string, EntryId>>>;
  private settleReady!: {
    resolve(positions: Readonly<Record<string, EntryId>>): void;
    reject(error: SluiceError): void;
  };
  private hasBegun = false;
  private readonly positions = new Map<string, Position>();
  private readonly batches: Batch[] = [];
  private waiter: Waiter | null = null;
  private bufferedBytes = 0;
  private owedBytes = 0;
  private taken: Batch | null = null;
  private connection = 0;
  private waitsForRoom = false;
  private failure: SluiceError | null = null;
  private isOver = false;

  constructor(
    /** Its number on the connection; another one each time it asks again. */
    public sub: number,
    private readonly link: SubscriptionLink,
    private readonly request: FollowRequest,
    streams: Readonly<Record<string, Position>>,
    private readonly events: SubscriptionEvents,
  ) {
    for (const [stream, position] of Object.entries(streams)) this.positions.set(stream, position);
    this.ready = new Promise((resolve, reject) => (this.settleReady = { resolve, reject }));
    this.ready.catch(() => undefined);
  }

  /**
   * Asks for the entries after what has been received; called on every new connection. Waits while what came over the
   * connections before still fills the window, which the server knows nothing of.
   */
  follow(): void {
    this.connection++;
    this.owedBytes = 0;
    this.waitsForRoom = this.bufferedBytes >= this.request.windowBytes;
    if (!this.waitsForRoom) this.ask();
  }

  /** The next received entries; null when the subscription is over. At most one call at a time. */
  next(): Promise<readonly Entry[] | null> {
    this.credit();
    const batch = this.batches.shift();
    if (batch !== undefined) {
      this.taken = batch;
      return Promise.resolve(batch.entries);
    }
    if (this.failure !== null) return Promise.reject(this.failure);
    if (this.isOver) return Promise.resolve(null);
    return new Promise((resolve, reject) => (this.waiter = { resolve, reject }));
  }

  onFollowing(streams: Readonly<Record<string, EntryId>>): void {
    if (this.request.group === null) {
      // The server's names: a name without a device has got its default.
      this.positions.clear();
      for (const [stream, position] of Object.entries(streams)) this.positions.set(stream, position);
    }
    this.hasBegun = true;
    this.settleReady.resolve(streams);
  }

  onJoined(stream: string, after: EntryId): void {
    this.positions.set(stream, after);
    this.events.onJoined?.(stream);
  }

  onData(sections: readonly WireSection[], frameBytes: number): void {
    const entries: Entry[] = [];
    for (const { name: stream, entries: received } of sections) {
      const position = this.positions.get(stream) ?? '';
      // A packed entry comes whole, also to those who have had some of its parts.
      const isInside = position.includes('/');
      for (const { id, payload, fields } of received as readonly Entry[]) {
        if (isInside && compareEntryIds(id, position) <= 0) continue;
        entries.push(fields === undefined ? { stream, id, payload } : { stream, id, payload, fields });
      }
      this.moveTo(stream, received as readonly Entry[]);
    }
    this.deliver({ entries, frameBytes, connection: this.connection });
  }

  onGap(notice: NoticeBody): void {
    this.skipTo(notice);
    this.events.onGap?.(toNotice(notice));
  }

  onReset(notice: NoticeBody): void {
    this.skipTo(notice);
    this.events.onReset?.(toNotice(notice));
  }

  /** The connection is gone; another follows. A group gives again what was not acknowledged, so what waits here is dropped. */
  onLost(): void {
    if (this.request.group !== null) this.drop();
  }

  /** Ends with an error, after what has been received. */
  fail(error: SluiceError): void {
    if (this.isOver) return;
    this.failure = error;
    this.end();
    this.settleReady.reject(error);
  }

  /** Ends; what has been received and not taken is dropped. */
  close(): void {
    if (this.isOver) return;
    this.drop();
    if (this.link.isOpen) this.link.tell({ op: 'unfollow', sub: this.sub });
    this.end();
  }

  private end(): void {
    this.isOver = true;
    this.link.forget(this.sub);
    const { waiter } = this;
    this.waiter = null;
    if (waiter === null) return;
    if (this.failure === null) waiter.resolve(null);
    else waiter.reject(this.failure);
  }

  private ask(): void {
    const streams = Object.fromEntries(this.positions);
    // Streams that appeared while there was no connection are wanted from their first entry.
    const from = this.hasBegun ? '-' : this.request.from;
    this.link.tell({ op: 'follow', sub: this.sub, ...this.request, from, streams });
  }

  private drop(): void {
    this.batches.length = 0;
    this.bufferedBytes = 0;
  }

  private deliver(batch: Batch): void {
    this.bufferedBytes += batch.frameBytes;
    const { waiter } = this;
    if (waiter === null) {
      this.batches.push(batch);
      return;
    }
    this.waiter = null;
    this.taken = batch;
    waiter.resolve(batch.entries);
  }

  /** Gives back what the batch last taken cost, in portions of half a window. */
  private credit(): void {
    const { taken } = this;
    if (taken === null) return;
    this.taken = null;
    this.bufferedBytes = Math.max(0, this.bufferedBytes - taken.frameBytes);
    if (!this.link.isOpen) return;
    const { windowBytes } = this.request;
    if (this.waitsForRoom && this.bufferedBytes < windowBytes) {
      this.waitsForRoom = false;
      this.ask();
    }
    if (taken.connection !== this.connection) return;
    this.owedBytes += taken.frameBytes;
    if (this.owedBytes * 2 < windowBytes) return;
    this.link.tell({ op: 'credit', sub: this.sub, bytes: this.owedBytes });
    this.owedBytes = 0;
  }

  private moveTo(stream: string, received: readonly { readonly id: EntryId }[]): void {
    const [first] = received;
    const last = received.at(-1);
    if (first === undefined || last === undefined) return;
    // Of the newest entries the newest comes first. Of a packed entry all parts have come.
    const isNewestFirst = this.request.latest > 0 && compareEntryIds(first.id, last.id) > 0;
    this.positions.set(stream, entryOfPosition((isNewestFirst ? first : last).id));
  }

  private skipTo({ sid, next }: NoticeBody): void {
    this.positions.set(sid, (next === null ? null : previousEntryId(entryOfPosition(next))) ?? '0-0');
  }
}

function toNotice({ sid, after, next, lost }: NoticeBody): Notice {
  return { stream: sid, after, next, lost: lost ?? null };
}
