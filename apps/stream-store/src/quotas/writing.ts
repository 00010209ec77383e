import { type Identity } from '@sluice/service-kit';
import { type StreamLog } from '@sluice/stream-log';
import { assertMayWrite } from '../streams/permitted.js';
import { assertPlaceable } from '../streams/placeable.js';
import { type Quotas } from './quotas.js';

/** What one client may write: its rights and quotas, asked before anything is stored. */
export class Writing {
  constructor(
    private readonly log: Pick<StreamLog, 'isCluster'>,
    private readonly quotas: Quotas,
    private readonly identity: Identity,
  ) {}

  /**
   * The stream, when it may be written.
   * @throws SluiceError FORBIDDEN, CROSS_SLOT_NAME, QUOTA_EXCEEDED; AdmissionPending when Redis has to be asked first
   */
  assertStream(key: string): string {
    return this.quotas.assertAdmitted(this.identity, assertPlaceable(this.log, assertMayWrite(this.identity, key)));
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
