import { type Identity } from '@sluice/service-kit';
import { type StreamLog } from '@sluice/stream-log';
import { assertMayWrite } from '../streams/permitted.js';
import { assertPlaceable } from '../streams/placeable.js';
import { AdmissionPending } from './admission-pending.js';
import { type Quotas } from './quotas.js';

/** What one client may write: its rights and quotas, asked before anything is stored. */
export class Writing {
  /** Streams of the present frame that Redis has to be asked about. */
  private unknown = new Set<string>();
  /** Those that the frame was held back for: it goes on however many they are, and however long they took. */
  private answered: ReadonlySet<string> = new Set();

  constructor(
    private readonly log: Pick<StreamLog, 'isCluster'>,
    private readonly quotas: Pick<Quotas, 'isAdmitted' | 'admit' | 'take' | 'epoch'>,
    private readonly identity: Identity,
    /** Told of each stream that a frame names and that may be written. */
    private readonly onNamed: (key: string) => void = () => undefined,
  ) {}

  /** Streams that were named may be kept in mind as long as this stays the same. */
  get epoch(): number {
    return this.quotas.epoch;
  }

  /**
   * Names a stream that a frame writes to; `assertAdmitted` comes before anything is stored.
   * @throws SluiceError FORBIDDEN, CROSS_SLOT_NAME
   */
  nameStream(key: string): string {
    assertPlaceable(this.log, assertMayWrite(this.identity, key));
    this.onNamed(key);
    if (!this.quotas.isAdmitted(key) && !this.answered.has(key)) this.unknown.add(key);
    return key;
  }

  /**
   * Holds the frame back while any stream it names is not known to be allowed: all of them are asked about in one go.
   * @throws AdmissionPending
   */
  assertAdmitted(): void {
    if (this.unknown.size === 0) {
      if (this.answered.size > 0) this.answered = new Set();
      return;
    }
    this.answered = this.unknown;
    this.unknown = new Set();
    throw new AdmissionPending(this.quotas.admit(this.identity, this.answered));
  }

  /** The present frame is refused, and the socket goes on: nothing that was asked for it holds for the next. */
  abandon(): void {
    this.unknown = new Set();
    this.answered = new Set();
  }

  /** Everything that is to be asked before the entries of one request are appended. @throws SluiceError, with nothing stored */
  async begin(keys: readonly string[], payloads: readonly Uint8Array[]): Promise<void> {
    for (const key of keys) assertPlaceable(this.log, assertMayWrite(this.identity, key));
    await this.quotas.admit(this.identity, keys);
    const bytes = payloads.reduce((sum, { length }) => sum + length, 0);
    this.take(payloads.length, bytes);
  }

  /** Counts entries about to be pushed. @throws SluiceError QUOTA_EXCEEDED */
  take(entries: number, bytes: number): void {
    this.quotas.take(this.identity, entries, bytes);
  }
}
