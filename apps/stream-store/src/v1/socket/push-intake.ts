import { SluiceError } from '@sluice/contracts';
import { type AppendSink, type StreamLog } from '@sluice/stream-log';
import {
  NameTable,
  WireError,
  decodePush,
  packedCount,
  pushHead,
  type PackedSection,
  type EntryId,
  type PushFrame,
  type WireEntry,
  type WireSection,
} from '@sluice/wire';
import { PushGate, type Intake } from '../../ingest/push-gate.js';
import { PushLedger, type LedgerEvents, type PushResult } from '../../ingest/push-ledger.js';
import { type IngestMetrics } from '../../metrics/store-metrics.js';
import { type Writing } from '../../quotas/writing.js';
import { type SessionWriter } from './session-writer.js';

/** What is kept of a push until its entries are settled. */
interface PendingPush {
  readonly tag: number;
  readonly acks: boolean;
  readonly wantsIds: boolean;
}

type Fields = readonly (readonly [string, Uint8Array])[];

/** The pushes of one `sluice.v1` socket: each is settled in order, with its ack or with its own error. */
export class PushIntake implements AppendSink, LedgerEvents<PendingPush> {
  private readonly ledger: PushLedger<PendingPush>;
  private readonly gate: PushGate;
  private names: NameTable;
  private namesEpoch = 0;
  private lastTag = -1;

  constructor(
    private readonly log: StreamLog,
    private readonly writing: Writing,
    private readonly keyOf: (name: string) => string,
    intake: Intake,
    private readonly writer: SessionWriter,
    private readonly metrics: IngestMetrics,
    /** Called whenever nothing is left unsettled. */
    private readonly onIdle: () => void,
  ) {
    this.names = this.freshNames();
    this.ledger = new PushLedger(this);
    this.gate = new PushGate(log, intake, this.ledger);
  }

  get isSettled(): boolean {
    return this.ledger.isEmpty;
  }

  /**
   * Takes a push frame. One that may not be stored, for want of a right or of room in a quota, is told so under its tag.
   * @throws WireError when the frame itself is wrong, AdmissionPending: nothing of it is stored
   */
  take(frame: Buffer): void {
    let push: PushFrame;
    try {
      push = decodePush(frame, this.knownNames());
      this.assertRising(push.tag);
      this.writing.assertAdmitted();
      this.writing.take(entriesOf(push), frame.length);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.refuse(frame, error);
      return;
    }
    this.lastTag = push.tag;
    this.store(push);
    this.gate.check();
  }

  /** Tells a push frame, in its turn, that nothing of it is stored. @throws WireError when its tag does not rise */
  refuse(frame: Buffer, error: SluiceError): void {
    const { tag, acks } = pushHead(frame);
    this.assertRising(tag);
    this.lastTag = tag;
    // Names of a refused frame were kept in mind before all of them were allowed.
    this.names = this.freshNames();
    this.writing.abandon();
    this.settle(this.ledger.add(0, { tag, acks, wantsIds: false }), error);
  }

  onAppended(token: number, id: EntryId): void {
    this.settle(token, id);
  }

  onRefused(token: number, error: SluiceError): void {
    this.settle(token, error);
  }

  close(): void {
    this.gate.close();
  }

  private knownNames(): NameTable {
    if (this.namesEpoch !== this.writing.epoch) {
      this.names = this.freshNames();
      this.namesEpoch = this.writing.epoch;
    }
    return this.names;
  }

  private freshNames(): NameTable {
    return new NameTable((name) => this.writing.nameStream(this.keyOf(name)));
  }

  private assertRising(tag: number): void {
    if (tag <= this.lastTag) throw new WireError('INVALID_FRAME', `push tag ${tag} is not above ${this.lastTag}`);
  }

  private store(push: PushFrame): void {
    if (push.packed !== null) {
      this.storePacked(push, push.packed);
      return;
    }
    const { sections } = push;
    for (let index = 0; index < sections.length; index++) {
      const section = sections[index] as WireSection;
      const last = index === sections.length - 1 ? push : undefined;
      if (push.key !== null || hasSeveralIds(section)) this.storeTogether(section, last, push.key);
      else this.storeEach(section, last);
    }
  }

  /** One Redis entry a section; its id stands for all of it. */
  private storePacked(push: PushFrame, sections: readonly PackedSection[]): void {
    sections.forEach(({ name, packed }, index) => {
      const token = this.ledger.add(packed.length, index === sections.length - 1 ? push : undefined);
      this.metrics.countIn(packedCount(packed), packed.length);
      this.log.pushPacked(name, packed, this, token);
    });
  }

  /** Entry by entry, with nothing made for the frame: most frames hold one. */
  private storeEach({ name, entries }: WireSection, last: PushFrame | undefined): void {
    let bytes = 0;
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at] as WireEntry;
      const { length } = entry.payload;
      bytes += length;
      const token = this.ledger.add(length, at === entries.length - 1 ? last : undefined);
      this.log.push(name, entry.payload, this, token, entry.id, fieldsOf(entry));
    }
    this.metrics.countIn(entries.length, bytes);
  }

  /** Explicit ids, or an idempotency key: all entries or none. */
  private storeTogether({ name, entries }: WireSection, last: PushFrame | undefined, key: string | null): void {
    let bytes = 0;
    const tokens = entries.map(({ payload }, at) => {
      bytes += payload.length;
      return this.ledger.add(payload.length, at === entries.length - 1 ? last : undefined);
    });
    this.metrics.countIn(entries.length, bytes);
    const list = entries.map((entry) => {
      const fields = fieldsOf(entry);
      return {
        payload: entry.payload,
        ...(entry.id === null ? {} : { id: entry.id }),
        ...(fields === null ? {} : { fields }),
      };
    });
    this.log.appendAll(name, list, key === null ? {} : { idempotencyKey: key }).then(
      (ids) => tokens.forEach((token, at) => this.settle(token, ids[at] as EntryId)),
      (error: SluiceError) => tokens.forEach((token) => this.settle(token, error)),
    );
  }

  private settle(token: number, result: PushResult): void {
    this.ledger.settle(token, result);
    this.gate.release();
    if (this.isSettled) this.onIdle();
  }

  onSettledOne(push: PendingPush, result: PushResult): void {
    if (typeof result !== 'string') this.onSettled(push, [result]);
    else if (push.acks) this.writer.ackOne(push.tag, push.wantsIds ? result : null);
  }

  onSettled(push: PendingPush, results: readonly PushResult[]): void {
    const refused = results.find((result): result is SluiceError => typeof result !== 'string');
    if (refused !== undefined) {
      this.metrics.countRefused(refused);
      this.writer.error(describe(results, refused), { tag: push.tag });
      if (push.acks) this.writer.ack(push.tag, null);
    } else if (push.acks) {
      this.writer.ack(push.tag, push.wantsIds ? (results as readonly EntryId[]) : null);
    }
  }
}

function hasSeveralIds({ entries }: WireSection): boolean {
  return entries.length > 1 && entries.some(({ id }) => id !== null);
}

function fieldsOf({ fields }: WireEntry): Fields | null {
  if (fields === undefined || fields.length === 0) return null;
  return fields.map(({ name, value }) => [name, value] as const);
}

/** The log's own error when nothing was stored; else the result of each entry. */
function describe(results: readonly PushResult[], refused: SluiceError): SluiceError {
  if (results.every((result) => typeof result !== 'string')) return refused;
  const details = { results: results.map((result) => (typeof result === 'string' ? result : result.code)) };
  return new SluiceError('PARTIAL_APPEND', `not all entries were stored: ${refused.message}`, { details });
}

function entriesOf({ sections, packed }: PushFrame): number {
  if (packed === null) return sections.reduce((sum, { entries }) => sum + entries.length, 0);
  return packed.reduce((sum, section) => sum + packedCount(section.packed), 0);
}
