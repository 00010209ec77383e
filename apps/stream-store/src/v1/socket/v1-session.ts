import { SluiceError } from '@sluice/contracts';
import { type Connection, type Identity } from '@sluice/service-kit';
import { durabilityText, type StreamAdmin, type StreamLog } from '@sluice/stream-log';
import {
  parseClientMessage,
  parseStreamName,
  type ClientMessage,
  type EntryId,
  type FollowMessage,
} from '@sluice/wire';
import { type StoreConfig } from '../../config.js';
import { closeWith } from '../../dialect/dialect-errors.js';
import { type Intake } from '../../ingest/push-gate.js';
import { unreadAnswers } from '../../ingest/push-session.js';
import { type StoreMetrics } from '../../metrics/store-metrics.js';
import { AdmissionPending } from '../../quotas/admission-pending.js';
import { type Writing } from '../../quotas/writing.js';
import { mayNotRead, readableBy } from '../../streams/permitted.js';
import { GroupSubscription } from './group-subscription.js';
import { PushIntake } from './push-intake.js';
import { SessionWriter, unknownSubscription } from './session-writer.js';
import { Subscription } from './subscription.js';

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_SUBSCRIPTIONS = 1000;

/** Whose connection it is, and what it may write. */
export interface V1Client {
  readonly connection: Connection;
  readonly identity: Identity;
  readonly writing: Writing;
  readonly intake: Intake;
  /** Called when something was refused that the credential does not allow. */
  readonly onForbidden: () => void;
}

/** One `sluice.v1` connection. A wrong frame ends it; a refused push or subscription is told and leaves it open. */
export class V1Session {
  private readonly writer: SessionWriter;
  private readonly pushes: PushIntake;
  private readonly subscriptions = new Map<number, Subscription | GroupSubscription>();
  private readonly keyOf: (name: string) => string;
  private onIdle: (() => void) | null = null;
  private isEnding = false;

  constructor(
    private readonly client: V1Client,
    private readonly log: StreamLog,
    private readonly admin: StreamAdmin,
    config: Pick<StoreConfig, 'hasDevices' | 'durability'>,
    private readonly metrics: StoreMetrics,
  ) {
    this.keyOf = (name) => parseStreamName(name, config.hasDevices).key;
    const { connection, writing, intake } = client;
    this.writer = new SessionWriter(connection.writer, client.onForbidden);
    this.pushes = new PushIntake(log, writing, this.keyOf, intake, this.writer, metrics.ingest.v1_socket, () =>
      this.onIdle?.(),
    );
    this.writer.onDrain(() => {
      for (const subscription of this.subscriptions.values()) subscription.goOn();
    });
    const durability = durabilityText(config.durability);
    this.writer.control({ hello: { version: 1, server: 'sluice', maxMessageBytes: MAX_MESSAGE_BYTES, durability } });
  }

  /** Takes one frame of the client. @throws AdmissionPending with nothing of the frame taken */
  onFrame(data: Buffer, isBinary: boolean): void {
    if (this.isEnding) return;
    try {
      if (this.writer.areAnswersUnread) throw unreadAnswers();
      if (isBinary) this.pushes.take(data);
      else this.control(parseClientMessage(data.toString()));
    } catch (error) {
      if (error instanceof AdmissionPending) throw error;
      this.fail(error);
    }
  }

  /** Tells a push whose stream may not be made, or not now, that nothing of it is stored; false for any other failure. */
  refuse(data: Buffer, error: unknown): boolean {
    if (!(error instanceof SluiceError)) return false;
    this.pushes.refuse(data, error);
    return true;
  }

  /** Resolves when every push is settled and acknowledged. */
  async settled(): Promise<void> {
    if (!this.pushes.isSettled) await new Promise<void>((resolve) => (this.onIdle = resolve));
    this.writer.flushAcks();
  }

  close(): void {
    this.isEnding = true;
    this.pushes.close();
    for (const subscription of this.subscriptions.values()) subscription.close();
    this.subscriptions.clear();
  }

  private control(message: ClientMessage): void {
    switch (message.op) {
      case 'follow':
        this.follow(message);
        break;
      case 'unfollow':
        this.unfollow(message.sub);
        break;
      case 'credit':
        this.withSubscription(message.sub, (subscription) => subscription.credit(message.bytes));
        break;
      case 'ack':
        this.withSubscription(message.sub, (subscription) =>
          this.acknowledge(subscription, message.stream, message.ids),
        );
        break;
      case 'ping':
        this.writer.control({ pong: { n: message.n } });
    }
  }

  private follow(message: FollowMessage): void {
    const { sub } = message;
    const refusal = this.refusalOf(message);
    if (refusal !== null) {
      this.writer.error(refusal, { sub });
      return;
    }
    const metrics = this.metrics.follow.v1_socket;
    const finder = readableBy(this.client.identity, this.admin.discovery);
    const subscription =
      message.group === null
        ? new Subscription(this.log, finder, message, this.keyOf, this.writer, metrics)
        : new GroupSubscription(this.log, this.admin, message, this.keyOf, this.writer, metrics);
    this.subscriptions.set(sub, subscription);
    subscription.start().catch((error: unknown) => {
      if (this.subscriptions.get(sub) !== subscription) return;
      this.subscriptions.delete(sub);
      subscription.close();
      this.writer.error(error, { sub });
    });
  }

  private refusalOf({ sub, group, patterns, streams }: FollowMessage): SluiceError | null {
    const forbidden = Object.keys(streams)
      .map(this.keyOf)
      .find((key) => !this.client.identity.allows('stream:read', key));
    if (forbidden !== undefined) return mayNotRead(forbidden);
    if (group !== null && patterns.length > 0) {
      return new SluiceError('INVALID_PARAMETER', `a group reads named streams, not the pattern ${patterns[0]}`);
    }
    if (this.subscriptions.has(sub)) {
      return new SluiceError('INVALID_PARAMETER', `subscription ${sub} exists on this socket`);
    }
    if (this.subscriptions.size < MAX_SUBSCRIPTIONS) return null;
    return new SluiceError('RATE_LIMITED', `a socket holds at most ${MAX_SUBSCRIPTIONS} subscriptions`);
  }

  private unfollow(sub: number): void {
    this.withSubscription(sub, (subscription) => {
      subscription.close();
      this.subscriptions.delete(sub);
      this.writer.control({ unfollowed: { sub } });
    });
  }

  private acknowledge(subscription: Subscription | GroupSubscription, stream: string, ids: readonly EntryId[]): void {
    const { sub } = subscription;
    if (subscription instanceof GroupSubscription) {
      const key = this.keyOf(stream);
      if (this.client.identity.allows('stream:read', key)) subscription.acknowledge(key, ids);
      else this.writer.error(mayNotRead(key), { sub });
      return;
    }
    this.writer.error(new SluiceError('INVALID_PARAMETER', `subscription ${sub} reads without a group`), { sub });
  }

  private withSubscription(sub: number, act: (subscription: Subscription | GroupSubscription) => void): void {
    const subscription = this.subscriptions.get(sub);
    if (subscription === undefined) this.writer.error(unknownSubscription(sub), { sub });
    else act(subscription);
  }

  /** Ends the connection with an error; what was accepted before is settled and acknowledged first. */
  fail(error: unknown): void {
    this.isEnding = true;
    closeWith(this.client.connection, error);
  }
}
