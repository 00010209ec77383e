import { SluiceError } from '@sluice/contracts';
import { type AppendSink, type StreamLog } from '@sluice/stream-log';
import { type EntryId, type PushPart } from '@sluice/wire';
import { type IngestMetrics } from '../metrics/store-metrics.js';
import { type FrameWriter } from '@sluice/service-kit';
import { AdmissionPending } from '../quotas/admission-pending.js';
import { type Writing } from '../quotas/writing.js';
import { AckFrames, MAX_UNREAD_BYTES, type AckForm } from './ack-frames.js';
import { PushGate, type Intake } from './push-gate.js';
import { PushLedger, type LedgerEvents, type PushResult } from './push-ledger.js';
import { describeRefusal, type Refusal } from './refusals.js';

/** What a push session needs of its socket. */
export interface PushSocket extends Intake {
  /** Ends the socket with an error, once everything accepted is settled and acknowledged. */
  end(error: unknown): void;
}

/** Who takes the entries that were found in frames. Of a message that it refuses by throwing nothing is taken. */
export interface EntryIntake {
  /** The only entry of a message. */
  pushOne(sid: string, payload: Buffer, id: string | null): void;
  /** The entries of a message, at least one. */
  pushParts(parts: readonly PushPart[], data: Buffer): void;
  /** A message without entries, which is acknowledged in its turn. */
  pushNothing(): void;
}

/** How one dialect pushes: what its frames mean, and its names. Made for one socket. */
export interface PushDialect {
  /** How messages are acknowledged; null: they are not. */
  readonly acks: AckForm | null;
  /** Takes a frame. What it keeps of it changes last: when the intake throws, the frame may come again. @throws SluiceError */
  takeFrame(data: Buffer, isBinary: boolean, intake: EntryIntake): void;
  /** Redis key of a stream that a frame names; asked once for each name. @throws SluiceError */
  keyOf(sid: string): string;
}

/** A message as the ledger keeps it: its number, with its parts where they are several. */
type PushedMessage = number | { readonly number: number; readonly parts: readonly PushPart[] };

/** Keys known to be valid, so that each name of a header is checked once. */
const MAX_KNOWN_KEYS = 1024;
/** What a message without entries settles with. */
const NO_ID: EntryId = '';

/**
 * One push socket: takes frames, appends entries, answers with ids. The first error ends it: what was accepted before is settled
 * and acknowledged first, what comes after is not stored.
 */
export class PushSession implements AppendSink, LedgerEvents<PushedMessage>, EntryIntake {
  private readonly ledger: PushLedger<PushedMessage>;
  private readonly gate: PushGate;
  private readonly acks: AckFrames | null;
  private readonly keys = new Map<string, string>();
  private keysEpoch = 0;
  private messages = 0;
  /** Why nothing more is taken. */
  private failure: unknown = null;
  /** The first message that the log refused. */
  private refusal: Refusal | null = null;
  private onIdle: (() => void) | null = null;
  private isClosed = false;

  constructor(
    private readonly log: StreamLog,
    private readonly dialect: PushDialect,
    private readonly writing: Writing,
    private readonly socket: PushSocket,
    writer: FrameWriter,
    private readonly metrics: IngestMetrics,
  ) {
    this.ledger = new PushLedger(this);
    this.gate = new PushGate(log, socket, this.ledger);
    this.acks = dialect.acks === null ? null : new AckFrames(writer, dialect.acks);
  }

  /** Takes one frame of the client. @throws AdmissionPending with nothing of the frame taken */
  onFrame(data: Buffer, isBinary: boolean): void {
    if (this.failure !== null || this.isClosed) return;
    if (this.acks?.areUnread === true) return this.fail(unreadAnswers());
    try {
      this.dialect.takeFrame(data, isBinary, this);
    } catch (error) {
      if (error instanceof AdmissionPending) throw error;
      this.fail(error);
    }
  }

  onAppended(token: number, id: EntryId): void {
    this.ledger.settle(token, id);
    this.afterSettled();
  }

  onRefused(token: number, error: SluiceError): void {
    this.ledger.settle(token, error);
    this.afterSettled();
  }

  /** Resolves when everything accepted is settled and acknowledged. */
  async settled(): Promise<void> {
    if (!this.ledger.isEmpty) await new Promise<void>((resolve) => (this.onIdle = resolve));
    this.acks?.flush();
  }

  /** The client is gone: what was accepted settles without anybody being told. */
  close(): void {
    this.isClosed = true;
    this.gate.close();
  }

  /** Ends the session with an error of its own or of the service. */
  fail(error: unknown): void {
    if (this.failure !== null || this.isClosed) return;
    this.failure = error;
    this.metrics.countRefused(error);
    this.endWhenSettled();
  }

  pushOne(sid: string, payload: Buffer, id: string | null): void {
    const key = this.keyOf(sid);
    this.writing.assertAdmitted();
    this.writing.take(1, payload.length);
    this.messages += 1;
    this.log.push(key, payload, this, this.ledger.add(payload.length, this.messages), id);
    this.metrics.countIn(1, payload.length);
    this.gate.check();
  }

  pushParts(parts: readonly PushPart[], data: Buffer): void {
    const keys = parts.map(({ sid }) => this.keyOf(sid));
    this.writing.assertAdmitted();
    this.writing.take(parts.length, data.length);
    this.messages += 1;
    const isTogether = parts.length > 1 && parts.some(({ id }) => id !== null);
    if (isTogether) this.pushTogether(parts, keys, this.enter(parts), data);
    else this.pushEach(parts, keys, this.enter(parts), data);
    this.gate.check();
  }

  pushNothing(): void {
    this.messages += 1;
    this.ledger.settle(this.ledger.add(0, this.messages), NO_ID);
    this.gate.check();
  }

  /** Enters the entries of a message into the ledger. */
  private enter(parts: readonly PushPart[]): number[] {
    const bytes = parts.reduce((sum, { start, end }) => sum + end - start, 0);
    this.metrics.countIn(parts.length, bytes);
    const message = parts.length === 1 ? this.messages : { number: this.messages, parts };
    return parts.map(({ start, end }, index) =>
      this.ledger.add(end - start, index === parts.length - 1 ? message : undefined),
    );
  }

  private pushEach(parts: readonly PushPart[], keys: readonly string[], tokens: readonly number[], data: Buffer): void {
    parts.forEach(({ id, start, end }, index) => {
      const payload = data.subarray(start, end);
      this.log.push(keys[index] as string, payload, this, tokens[index] as number, id);
    });
  }

  /** Entries with explicit ids: those of one stream are stored together or not at all. */
  private pushTogether(
    parts: readonly PushPart[],
    keys: readonly string[],
    tokens: readonly number[],
    data: Buffer,
  ): void {
    const groups = Map.groupBy(parts.keys(), (index) => keys[index] as string);
    for (const [key, indexes] of groups) {
      const entries = indexes.map((index) => {
        const { id, start, end } = parts[index] as PushPart;
        return { id, payload: data.subarray(start, end) };
      });
      this.log.appendAll(key, entries).then(
        (ids) => indexes.forEach((index, at) => this.onAppended(tokens[index] as number, ids[at] as EntryId)),
        (error: SluiceError) => indexes.forEach((index) => this.onRefused(tokens[index] as number, error)),
      );
    }
  }

  private keyOf(sid: string): string {
    if (this.keysEpoch !== this.writing.epoch) {
      this.keys.clear();
      this.keysEpoch = this.writing.epoch;
    }
    const known = this.keys.get(sid);
    if (known !== undefined) return known;
    const key = this.writing.nameStream(this.dialect.keyOf(sid));
    if (this.keys.size >= MAX_KNOWN_KEYS) this.keys.clear();
    this.keys.set(sid, key);
    return key;
  }

  onSettledOne(message: PushedMessage, result: PushResult): void {
    if (typeof result !== 'string' || this.refusal !== null) this.onSettled(message, [result]);
    else if (!this.isClosed) this.acks?.addOne(result);
  }

  onSettled(message: PushedMessage, results: readonly PushResult[]): void {
    if (this.isClosed) return;
    const refused = results.find((result) => typeof result !== 'string');
    if (this.refusal !== null) {
      if (refused === undefined) this.refusal.storedAfter += 1;
    } else if (refused !== undefined) {
      const { number, parts } = typeof message === 'number' ? { number: message, parts: null } : message;
      this.refusal = { message: number, results, streams: parts?.map(({ sid }) => sid) ?? null, storedAfter: 0 };
      if (this.failure === null) this.metrics.countRefused(refused);
      this.failure = refused;
    } else {
      this.acks?.add(results as readonly EntryId[]);
    }
  }

  private afterSettled(): void {
    this.gate.release();
    if (this.failure !== null) this.endWhenSettled();
    if (this.onIdle !== null && this.ledger.isEmpty) this.onIdle();
  }

  private endWhenSettled(): void {
    if (!this.ledger.isEmpty || this.isClosed) return;
    this.close();
    this.acks?.flush();
    this.socket.end(this.refusal === null ? this.failure : describeRefusal(this.refusal));
  }
}

/** Why a socket ends whose client reads none of what it is answered. */
export function unreadAnswers(): SluiceError {
  const limit = `${MAX_UNREAD_BYTES / 1024 / 1024} MiB`;
  return new SluiceError(
    'RATE_LIMITED',
    `more than ${limit} of answers are unread: read them, or push without asking for acks`,
  );
}
