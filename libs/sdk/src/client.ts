import { SluiceError } from '@sluice/contracts';
import {
  NameTable,
  decodeData,
  type ClientMessage,
  type NoticeBody,
  type Position,
  type ServerMessage,
} from '@sluice/wire';
import { Connection, serverError, type ConnectionOptions, type ConnectionUser } from './connection.js';
import { type Consumer } from './consumer.js';
import { Outbox } from './outbox.js';
import { Subscription, type FollowRequest, type SubscriptionEvents, type SubscriptionLink } from './subscription.js';

const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Wait before a subscription that the server ended for a passing reason is asked for again. */
const REFOLLOW_MS = 500;

/** Pushes and subscriptions over one connection that comes and goes. */
export class Client implements ConnectionUser, SubscriptionLink {
  readonly connection: Connection;
  readonly outbox: Outbox;
  private readonly names = new NameTable((name) => name);
  private readonly subscriptions = new Map<number, Subscription>();
  private readonly consumers = new Map<number, Consumer>();
  private nextSub = 1;
  private maxBytes = DEFAULT_MAX_MESSAGE_BYTES;

  constructor(options: ConnectionOptions, maxWaitingBytes: number) {
    this.connection = new Connection(options, this);
    const { connection } = this;
    this.outbox = new Outbox(
      {
        get isOpen() {
          return connection.isOpen;
        },
        get end() {
          return connection.end;
        },
        send: (data) => connection.send(data),
        renew: () => connection.renew(),
      },
      maxWaitingBytes,
    );
  }

  get isOpen(): boolean {
    return this.connection.isOpen;
  }

  /** Longest message the server takes. */
  get maxMessageBytes(): number {
    return this.maxBytes;
  }

  tell(message: ClientMessage): void {
    this.connection.tell(message);
  }

  forget(sub: number): void {
    this.subscriptions.delete(sub);
    this.consumers.delete(sub);
  }

  /** Begins a subscription, now or when there is a connection. */
  subscribe(
    request: FollowRequest,
    streams: Readonly<Record<string, Position>>,
    events: SubscriptionEvents,
  ): Subscription {
    const subscription = new Subscription(this.nextSub++, this, request, streams, events);
    this.subscriptions.set(subscription.sub, subscription);
    const { end } = this.connection;
    if (end !== null) subscription.fail(end);
    else if (this.isOpen) subscription.follow();
    else this.connection.start();
    return subscription;
  }

  /** Makes the answers to a consumer's acks known to it. */
  register(sub: number, consumer: Consumer): void {
    this.consumers.set(sub, consumer);
  }

  onOpen(hello: NonNullable<ServerMessage['hello']>): void {
    this.maxBytes = hello.maxMessageBytes;
    for (const subscription of [...this.subscriptions.values()]) subscription.follow();
    for (const consumer of this.consumers.values()) consumer.onOpen();
    this.outbox.onOpen();
  }

  onAck(frame: Uint8Array): void {
    this.outbox.onAck(frame);
  }

  onData(frame: Uint8Array): void {
    const { sub, sections } = decodeData(frame, this.names);
    this.subscriptions.get(sub)?.onData(sections, frame.length);
  }

  onMessage(message: ServerMessage): void {
    const { following, joined, gap, reset, acked, error } = message;
    if (error !== undefined) this.onError(error);
    else if (following !== undefined) this.subscriptions.get(following.sub)?.onFollowing(following.streams);
    else if (joined !== undefined) this.subscriptions.get(joined.sub)?.onJoined(joined.sid, joined.after);
    else if (gap !== undefined) this.subscriptionOf(gap)?.onGap(gap);
    else if (reset !== undefined) this.subscriptionOf(reset)?.onReset(reset);
    else if (acked !== undefined) this.consumers.get(acked.sub)?.onAcked();
  }

  onLost(error: SluiceError, isFinal: boolean): void {
    this.outbox.onLost(error, isFinal);
    for (const consumer of [...this.consumers.values()]) consumer.onLost();
    for (const subscription of [...this.subscriptions.values()]) {
      subscription.onLost();
      if (isFinal) subscription.fail(error);
    }
  }

  private subscriptionOf({ sub }: NoticeBody): Subscription | undefined {
    return sub === undefined ? undefined : this.subscriptions.get(sub);
  }

  private onError(error: NonNullable<ServerMessage['error']>): void {
    if (error.tag !== undefined) this.outbox.onError(error);
    if (error.sub === undefined) return;
    const subscription = this.subscriptions.get(error.sub);
    if (subscription === undefined) return;
    if (!error.retryable) {
      subscription.fail(serverError(error));
      return;
    }
    this.renumber(subscription);
    subscription.onLost();
    setTimeout(() => {
      if (this.isOpen && this.subscriptions.get(subscription.sub) === subscription) subscription.follow();
    }, REFOLLOW_MS);
  }

  /** Gives a subscription a new number, so that frames still on their way under the old one are not taken for its own. */
  private renumber(subscription: Subscription): void {
    const { sub } = subscription;
    const consumer = this.consumers.get(sub);
    this.tell({ op: 'unfollow', sub });
    this.forget(sub);
    subscription.sub = this.nextSub++;
    this.subscriptions.set(subscription.sub, subscription);
    if (consumer === undefined) return;
    consumer.onLost();
    this.consumers.set(subscription.sub, consumer);
  }
}
