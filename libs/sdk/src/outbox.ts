import { SluiceError } from '@sluice/contracts';
import { decodeAck, type ServerMessage } from '@sluice/wire';
import { serverError } from './connection.js';
import { InFlight } from './in-flight.js';
import { unknownOutcome, type PushUnit } from './push-unit.js';
import { failFrame, makeFrame, settleFrame } from './sent-frame.js';
import { atEndOfTurn } from './turn.js';

/** The way out, while a connection is open. */
export interface Outlet {
  readonly isOpen: boolean;
  /** Why it will never be open again, if so. */
  readonly end: SluiceError | null;
  send(data: Uint8Array): void;
  /** Closes the connection for another one. */
  renew(): void;
}

/** A frame is closed when it holds this much: large enough to be cheap, small enough to flow. */
const FRAME_BYTES = 256 * 1024;
const FRAME_ENTRIES = 4096;
const MAX_TAG = 0xffffffff;
/** Refusals of a whole frame for the sake of one stream that it names. */
const OF_ONE_STREAM: ReadonlySet<string> = new Set([
  'FORBIDDEN',
  'STREAM_NOT_FOUND',
  'CROSS_SLOT_NAME',
  'QUOTA_EXCEEDED',
]);

/** Bytes of a frame beside its payloads that every entry costs at most. */
export const ENTRY_OVERHEAD_BYTES = 24;

/** Pushes waiting to be sent, and those sent and not yet settled. */
export class Outbox {
  private queue: PushUnit[] = [];
  private readonly inFlight = new InFlight();
  private again: PushUnit[] = [];
  private waitingBytes = 0;
  private nextTag = 1;
  private isScheduled = false;
  private readonly idleWaiters: (() => void)[] = [];

  /** @param maxWaitingBytes bytes that may wait here while nothing can be sent */
  constructor(
    private readonly outlet: Outlet,
    private readonly maxWaitingBytes: number,
  ) {}

  /** Whether everything given is settled. */
  get isIdle(): boolean {
    return this.queue.length === 0 && this.inFlight.isEmpty && this.again.length === 0;
  }

  /**
   * Takes a unit; it is sent at the end of this turn or when there is a connection. A unit in the queue may still grow: its
   * owner then says so with {@link grew}.
   * @throws SluiceError `SERVICE_UNAVAILABLE` when too much is waiting already; why the connection is closed for good
   */
  add(unit: PushUnit): void {
    if (this.outlet.end !== null) throw this.outlet.end;
    if (this.waitingBytes > this.maxWaitingBytes) {
      throw new SluiceError(
        'SERVICE_UNAVAILABLE',
        `${this.waitingBytes} bytes wait to be sent (at most ${this.maxWaitingBytes}): push slower, or use a pusher`,
      );
    }
    this.queue.push(unit);
    this.grew(unit.bytes);
  }

  /** Says that a unit in the queue has become longer. */
  grew(bytes: number): void {
    this.waitingBytes += bytes;
    if (this.waitingBytes >= FRAME_BYTES) this.flush();
    else this.schedule();
  }

  /** Sends what may be sent now. */
  flush(): void {
    while (this.outlet.isOpen && this.queue.length > 0) {
      if (this.nextTag > MAX_TAG) {
        if (this.inFlight.isEmpty) this.outlet.renew();
        return;
      }
      if (this.inFlight.isFull) return;
      this.sendFrame(this.takeUnits());
    }
  }

  /** A connection is open: what must be repeated goes first, under its old keys. */
  onOpen(): void {
    this.queue = [...this.again, ...this.queue];
    for (const unit of this.again) this.waitingBytes += unit.bytes;
    this.again = [];
    this.nextTag = 1;
    this.flush();
  }

  /** Settles every push up to the ack's tag that has not had its own error. */
  onAck(bytes: Uint8Array): void {
    const { tag, ids } = decodeAck(bytes);
    let at = 0;
    for (let frame = this.inFlight.takeUpTo(tag); frame !== undefined; frame = this.inFlight.takeUpTo(tag)) {
      at = settleFrame(frame, ids, at);
    }
    this.flush();
    this.tellIdle();
  }

  /** Settles one push with the server's error. */
  onError(error: NonNullable<ServerMessage['error']>): void {
    const frame = this.inFlight.take(error.tag);
    if (frame === undefined) return;
    const failure = serverError(error);
    if (OF_ONE_STREAM.has(failure.code) && frame.units.length > 1) this.sendApart(frame.units);
    else failFrame(frame, failure);
    this.flush();
    this.tellIdle();
  }

  /**
   * The connection is gone. What was sent is in doubt: it is repeated where its key makes that safe, else its outcome is
   * unknown. What was not sent waits on, unless no connection will follow.
   */
  onLost(cause: SluiceError, isFinal: boolean): void {
    for (const unit of this.inFlight.takeAll().flatMap(({ units }) => units)) {
      if (unit.key !== undefined && !isFinal) this.again.push(unit);
      else unit.onFailed(unknownOutcome(unit, cause));
    }
    if (isFinal) this.refuseWaiting(cause);
    this.tellIdle();
  }

  /** Resolves when everything given so far and since is settled. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  /** What one stream of a frame was refused for is no other's failure: nothing was stored, so each unit is sent by itself. */
  private sendApart(units: readonly PushUnit[]): void {
    for (const unit of units) {
      unit.isAlone = true;
      this.waitingBytes += unit.bytes;
    }
    this.queue = [...units, ...this.queue];
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    atEndOfTurn(() => {
      this.isScheduled = false;
      this.flush();
    });
  }

  /** The next units that go into one frame. */
  private takeUnits(): PushUnit[] {
    let bytes = 0;
    let entries = 0;
    let count = 0;
    for (const unit of this.queue) {
      const isFull = bytes + unit.bytes > FRAME_BYTES || entries + unit.entries.length > FRAME_ENTRIES;
      if (count > 0 && (isFull || unit.isAlone)) break;
      bytes += unit.bytes;
      entries += unit.entries.length;
      count++;
      if (unit.isAlone) break;
    }
    this.waitingBytes -= bytes;
    return this.queue.splice(0, count);
  }

  private sendFrame(units: readonly PushUnit[]): void {
    for (const unit of units) unit.wasSent = true;
    const { frame, bytes } = makeFrame(this.nextTag++, units);
    this.inFlight.add(frame);
    this.outlet.send(bytes);
  }

  private refuseWaiting(cause: SluiceError): void {
    const waiting = [...this.again, ...this.queue];
    this.again = [];
    this.queue = [];
    this.waitingBytes = 0;
    for (const unit of waiting) {
      if (unit.wasSent) unit.onFailed(unknownOutcome(unit, cause));
      else unit.onFailed(new SluiceError(cause.code, `nothing was sent: ${cause.message}`, { cause }));
    }
  }

  private tellIdle(): void {
    if (this.isIdle) for (const resolve of this.idleWaiters.splice(0)) resolve();
  }
}
