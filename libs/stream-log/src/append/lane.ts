import { SluiceError } from '@sluice/contracts';
import { type EntryId } from '@sluice/wire';
import { type RespConnection } from '../resp/connection.js';
import { Fifo } from '../resp/fifo.js';
import { type ReplyError } from '../resp/parser.js';
import { isTransient, toSluiceError } from '../replies.js';
import { type Shard } from '../shard.js';
import { type Durability } from '../types.js';
import { type AppendRequest } from './request.js';

const MAX_ATTEMPTS = 20;
const RETRY_AFTER_MS = 50;
/** How long entries wait for a lost node before they are refused. */
const OUTAGE_GRACE_MS = 2_000;
const REPLICA_TIMEOUT_MS = 2_000;

/** What a lane needs of the appender around it. */
export interface LaneOwner {
  readonly durability: Durability;
  settled(request: AppendRequest, id: EntryId | null, error: SluiceError | null): void;
  /** Sends the entry to the node that the reply names. */
  redirect(request: AppendRequest, error: ReplyError, from: AppendLane): void;
  retry(request: AppendRequest): void;
}

/** The way of entries to one Redis node: one connection; what is pushed in one event-loop turn leaves in one write. */
export class AppendLane {
  private readonly connection: RespConnection;
  /** Entries that wait for the connection. */
  private readonly waiting = new Fifo<AppendRequest>();
  private flushNumber = 0;
  private flushScheduled = false;
  private outageTimer: NodeJS.Timeout | null = null;
  /** Entries appended, whose replicas have not answered. */
  private unconfirmed: { request: AppendRequest; id: EntryId }[] = [];
  private isConfirming = false;
  private needsConfirmation = false;
  private isClosing = false;

  constructor(
    readonly shard: Shard,
    private readonly owner: LaneOwner,
  ) {
    this.connection = shard.open('sluice-append', {
      onReady: () => this.sendWaiting(),
      onDown: () => this.startOutage(),
    });
  }

  send(request: AppendRequest): void {
    request.lane = this;
    if (!this.connection.isReady) return this.wait(request);
    this.write(request);
  }

  appended(request: AppendRequest, id: EntryId): void {
    if (this.owner.durability.kind === 'replicas') this.unconfirmed.push({ request, id });
    else this.owner.settled(request, id, null);
  }

  refused(request: AppendRequest, error: ReplyError): void {
    request.attempts++;
    if (request.attempts > MAX_ATTEMPTS)
      return this.owner.settled(request, null, toSluiceError(error, request.writer.key));
    if (error.code === 'MOVED' || error.code === 'ASK') return this.owner.redirect(request, error, this);
    if (isTransient(error)) {
      // Later entries of the stream must not get ahead of this one.
      request.writer.isDetouring = true;
      setTimeout(() => this.owner.retry(request), RETRY_AFTER_MS);
      return;
    }
    this.owner.settled(request, null, toSluiceError(error, request.writer.key));
  }

  lostReply(request: AppendRequest): void {
    request.mayBeStored = true;
    request.attempts++;
    if (request.isRepeatable && !this.isClosing && request.attempts <= MAX_ATTEMPTS) {
      request.writer.isDetouring = true;
      return this.owner.retry(request);
    }
    this.refuseUnknown(request);
  }

  private refuseUnknown(request: AppendRequest): void {
    const message = `the connection to Redis was lost after an entry for "${request.writer.key}" was sent: it may be stored or not`;
    this.owner.settled(request, null, new SluiceError('OUTCOME_UNKNOWN', message));
  }

  /** Sends one entry to a node that is taking its slot over. */
  sendAsking(request: AppendRequest): void {
    request.lane = this;
    if (!this.connection.isReady) return this.wait(request);
    this.connection.writer.command(['ASKING']);
    this.connection.expect(IGNORED);
    this.write(request);
  }

  /** True when nothing is on its way. */
  get isIdle(): boolean {
    return this.connection.waitingCount === 0 && this.waiting.length === 0;
  }

  /** Sends what waits here to the nodes that hold its streams now, which may be this one. */
  rerouteWaiting(): void {
    for (const request of this.waiting.drain()) this.owner.retry(request);
  }

  close(): void {
    this.isClosing = true;
    if (this.outageTimer) clearTimeout(this.outageTimer);
    this.shard.release(this.connection);
    this.refuseWaiting(Infinity);
  }

  private write(request: AppendRequest): void {
    request.writer.encode(request, this.connection.writer, this.flushNumber);
    this.connection.expect(request);
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    // The connection writes the turn's commands in the same phase: this only marks where the turn ends.
    setImmediate(() => this.endTurn());
  }

  private endTurn(): void {
    this.flushScheduled = false;
    this.flushNumber++;
    this.needsConfirmation = true;
    if (!this.isConfirming) this.askReplicas();
  }

  /**
   * One WAIT at a time, for all that was written before it: it blocks the connection, and one for each turn would add up to minutes
   * while a replica is away.
   */
  private askReplicas(): void {
    const { durability } = this.owner;
    if (durability.kind !== 'replicas' || !this.connection.isReady || !this.needsConfirmation) return;
    this.isConfirming = true;
    this.needsConfirmation = false;
    const confirm = (replicas: number): void => {
      this.isConfirming = false;
      this.confirm(replicas, durability.count);
      this.askReplicas();
    };
    this.connection.writer.command(['WAIT', durability.count, REPLICA_TIMEOUT_MS]);
    this.connection.expect({
      reply: (count) => confirm(typeof count === 'number' ? count : 0),
      lost: () => confirm(0),
    });
    this.connection.flush();
  }

  private confirm(replicas: number, wanted: number): void {
    const batch = this.unconfirmed;
    this.unconfirmed = [];
    for (const { request, id } of batch) {
      if (replicas >= wanted) this.owner.settled(request, id, null);
      else {
        const what = id === '' ? 'a push' : `entry ${id}`;
        const message = `${what} of "${request.writer.key}" is stored, but ${replicas} of ${wanted} replicas confirmed it`;
        this.owner.settled(
          request,
          null,
          new SluiceError('DURABILITY_NOT_MET', message, { details: { id, replicas, wanted } }),
        );
      }
    }
  }

  private wait(request: AppendRequest): void {
    request.waitingSinceMs ||= Date.now();
    this.waiting.push(request);
    if (!this.connection.isReady) this.startOutage();
  }

  private sendWaiting(): void {
    if (this.outageTimer) clearTimeout(this.outageTimer);
    this.outageTimer = null;
    this.rerouteWaiting();
  }

  private startOutage(): void {
    if (this.outageTimer || this.waiting.length === 0) return;
    this.outageTimer = setTimeout(() => {
      this.outageTimer = null;
      this.refuseWaiting(Date.now() - OUTAGE_GRACE_MS);
      this.startOutage();
    }, OUTAGE_GRACE_MS / 4);
  }

  /** Refuses what has waited since before `beforeMs`, oldest first. */
  private refuseWaiting(beforeMs: number): void {
    for (;;) {
      const request = this.waiting.peek();
      if (!request || request.waitingSinceMs > beforeMs) return;
      this.waiting.shift();
      if (request.mayBeStored) {
        this.refuseUnknown(request);
        continue;
      }
      const message = `Redis at ${this.shard.name} cannot be reached; nothing was written to "${request.writer.key}"`;
      this.owner.settled(request, null, new SluiceError('LOG_UNAVAILABLE', message));
    }
  }
}

const IGNORED = { reply: () => undefined, lost: () => undefined };
