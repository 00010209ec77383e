import { SluiceError, isErrorCode } from '@sluice/contracts';
import {
  decodeAck,
  encodePackedPush,
  encodePush,
  packedPartId,
  type EntryId,
  type EntryToEncode,
  type SectionToEncode,
  type ServerMessage,
} from '@sluice/wire';
import { serverError } from './connection.js';
import { atEndOfTurn } from './turn.js';

/** Entries of one stream that share one outcome. */
export interface PushUnit {
  /** UTF-8 of the stream name. */
  readonly name: Uint8Array;
  /** The stream name again, to find units of the same stream. */
  readonly stream: string;
  readonly entries: EntryToEncode[];
  bytes: number;
  /** Set by the outbox: the unit is on its way, or was before, and may not grow any more. */
  wasSent: boolean;
  /** Sent in a frame of its own: its ids or its key may be refused, and nobody else's entries with it. */
  isAlone: boolean;
  readonly key?: string | undefined;
  /** Stored as one Redis entry, of which these are the parts. Such a unit is alone. */
  readonly isPacked?: boolean;
  /** False: the ids are not asked for and `onSettled` gets none. */
  readonly wantsIds: boolean;
  onSettled(ids: readonly EntryId[]): void;
  onFailed(error: SluiceError): void;
}

interface Frame {
  readonly tag: number;
  /** In the order in which their entries stand in the frame. */
  readonly units: readonly PushUnit[];
  readonly entryCount: number;
  readonly wantsIds: boolean;
  readonly byteLength: number;
}

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
/** Sent and not settled at most; more waits here, where it can still be refused without doubt. */
const IN_FLIGHT_BYTES = 8 * 1024 * 1024;
const IN_FLIGHT_ENTRIES = 16 * 1024;
const MAX_TAG = 0xffffffff;

/** Bytes of a frame beside its payloads that every entry costs at most. */
export const ENTRY_OVERHEAD_BYTES = 24;

/** Pushes waiting to be sent, and those sent and not yet settled. */
export class Outbox {
  private queue: PushUnit[] = [];
  private readonly inFlight: Frame[] = [];
  private again: PushUnit[] = [];
  private waitingBytes = 0;
  private inFlightBytes = 0;
  private inFlightEntries = 0;
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
    return this.queue.length === 0 && this.inFlight.length === 0 && this.again.length === 0;
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
        if (this.inFlight.length === 0) this.outlet.renew();
        return;
      }
      if (this.inFlightBytes >= IN_FLIGHT_BYTES || this.inFlightEntries >= IN_FLIGHT_ENTRIES) return;
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
    for (let frame = this.inFlight[0]; frame !== undefined && frame.tag <= tag; frame = this.inFlight[0]) {
      this.settled(frame);
      for (const unit of frame.units) {
        const end = at + (unit.isPacked === true ? 1 : unit.entries.length);
        unit.onSettled(unit.wantsIds ? idsOf(unit, ids.slice(at, end)) : []);
        if (frame.wantsIds) at = end;
      }
    }
    this.flush();
    this.tellIdle();
  }

  /** Settles one push with the server's error. */
  onError(error: NonNullable<ServerMessage['error']>): void {
    const frame = this.inFlight.find(({ tag }) => tag === error.tag);
    if (frame === undefined) return;
    this.settled(frame);
    const failure = serverError(error);
    const results = failure.details?.['results'];
    if (failure.code === 'PARTIAL_APPEND' && Array.isArray(results)) settlePartly(frame, failure, results);
    else for (const unit of frame.units) unit.onFailed(failure);
    this.flush();
    this.tellIdle();
  }

  /**
   * The connection is gone. What was sent is in doubt: it is repeated where its key makes that safe, else its outcome is
   * unknown. What was not sent waits on, unless no connection will follow.
   */
  onLost(cause: SluiceError, isFinal: boolean): void {
    const frames = this.inFlight.splice(0);
    this.inFlightBytes = 0;
    this.inFlightEntries = 0;
    for (const unit of frames.flatMap(({ units }) => units)) {
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

  private sendFrame(taken: readonly PushUnit[]): void {
    const groups = groupByStream(taken);
    const units = groups.flat();
    for (const unit of units) unit.wasSent = true;
    const wantsIds = taken.some((unit) => unit.wantsIds);
    const tag = this.nextTag++;
    const bytes = encodeUnits({ tag, acks: true, wantsIds }, units, groups);
    const entryCount = units.reduce((sum, { entries }) => sum + entries.length, 0);
    this.inFlight.push({ tag, units, entryCount, wantsIds, byteLength: bytes.length });
    this.inFlightBytes += bytes.length;
    this.inFlightEntries += entryCount;
    this.outlet.send(bytes);
  }

  private settled(frame: Frame): void {
    this.inFlight.splice(this.inFlight.indexOf(frame), 1);
    this.inFlightBytes -= frame.byteLength;
    this.inFlightEntries -= frame.entryCount;
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

interface FrameOptions {
  readonly tag: number;
  readonly acks: boolean;
  readonly wantsIds: boolean;
}

function encodeUnits(
  options: FrameOptions,
  units: readonly PushUnit[],
  groups: readonly (readonly PushUnit[])[],
): Uint8Array {
  const [first] = units as [PushUnit];
  if (first.isPacked !== true) return encodePush({ ...options, key: first.key }, groups.map(toSection));
  const payloads = first.entries.map(({ payload }) => payload);
  return encodePackedPush(options, first.name, payloads);
}

/** The ids of a unit's entries: of a packed one the server tells one id for all parts. */
function idsOf(unit: PushUnit, ids: readonly EntryId[]): readonly EntryId[] {
  const [id] = ids;
  if (unit.isPacked !== true || id === undefined) return ids;
  return unit.entries.map((_entry, index) => packedPartId(id, index));
}

/** The units of each stream, in the order in which the streams first come. */
function groupByStream(units: readonly PushUnit[]): readonly (readonly PushUnit[])[] {
  const groups = new Map<string, PushUnit[]>();
  for (const unit of units) {
    const group = groups.get(unit.stream);
    if (group === undefined) groups.set(unit.stream, [unit]);
    else group.push(unit);
  }
  return [...groups.values()];
}

function toSection(units: readonly PushUnit[]): SectionToEncode {
  const [first] = units as [PushUnit];
  return { name: first.name, entries: units.length === 1 ? first.entries : units.flatMap(({ entries }) => entries) };
}

function unknownOutcome(unit: PushUnit, cause: SluiceError): SluiceError {
  const what = unit.entries.length === 1 ? 'an entry' : `${unit.entries.length} entries`;
  const message = `${what} for ${unit.stream} was sent and never confirmed (${cause.message}): stored or not is unknown`;
  return new SluiceError('OUTCOME_UNKNOWN', message, { cause });
}

/** `results` names, for each entry of the frame in order, the id it got or the code of its error. */
function settlePartly(frame: Frame, failure: SluiceError, results: readonly unknown[]): void {
  let at = 0;
  for (const unit of frame.units) {
    const end = at + (unit.isPacked === true ? 1 : unit.entries.length);
    const own = results.slice(at, end);
    at = end;
    const codes = own.filter((result) => isErrorCode(result));
    const [code] = codes;
    if (code === undefined) unit.onSettled(unit.wantsIds ? idsOf(unit, own as EntryId[]) : []);
    else if (codes.length === own.length) unit.onFailed(new SluiceError(code, failure.message));
    else unit.onFailed(new SluiceError('PARTIAL_APPEND', failure.message, { details: { results: own } }));
  }
}
