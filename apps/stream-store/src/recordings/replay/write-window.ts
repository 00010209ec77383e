import { type SluiceError } from '@sluice/contracts';
import { type AppendSink, type StreamLog } from '@sluice/stream-log';
import { type RecordedEntry } from '../library/recorded-entries.js';

const MAX_ENTRIES = 1000;
const MAX_BYTES = 2 * 1024 * 1024;

/** Appends of one replay: so many may be on their way to Redis at a time. */
export class WriteWindow implements AppendSink {
  private readonly sizes = new Map<number, { readonly bytes: number; readonly stream: number }>();
  private bytes = 0;
  private token = 0;
  private failure: SluiceError | null = null;
  private wake: (() => void) | null = null;
  private isClosed = false;
  private readonly stopListening: () => void;

  /** @param onStored told of each entry that Redis has, by the number of its stream */
  constructor(
    private readonly log: StreamLog,
    private readonly onStored: (stream: number) => void,
    /** Counts an entry. @throws SluiceError `QUOTA_EXCEEDED` */
    private readonly count: (bytes: number) => void,
  ) {
    this.stopListening = log.onRelief(() => this.look());
  }

  /** Resolves when there is room. @throws SluiceError when an entry was refused */
  async room(): Promise<void> {
    await this.waitWhile(() => this.sizes.size >= MAX_ENTRIES || this.bytes >= MAX_BYTES || this.log.isSaturated);
  }

  /** Resolves when Redis has everything. @throws SluiceError when an entry was refused */
  async settled(): Promise<void> {
    await this.waitWhile(() => this.sizes.size > 0);
  }

  /** @throws SluiceError `QUOTA_EXCEEDED` */
  push(key: string, { payload, fields }: RecordedEntry, stream: number): void {
    this.count(payload.length);
    const token = this.token++;
    this.sizes.set(token, { bytes: payload.length, stream });
    this.bytes += payload.length;
    this.log.push(key, payload, this, token, null, fields);
  }

  /** Nobody waits any more. */
  close(): void {
    this.isClosed = true;
    this.stopListening();
    this.look();
  }

  onAppended(token: number): void {
    const size = this.take(token);
    if (size !== undefined) this.onStored(size.stream);
    this.look();
  }

  onRefused(token: number, error: SluiceError): void {
    this.take(token);
    this.failure ??= error;
    this.look();
  }

  private take(token: number): { readonly bytes: number; readonly stream: number } | undefined {
    const size = this.sizes.get(token);
    this.sizes.delete(token);
    this.bytes -= size?.bytes ?? 0;
    return size;
  }

  private async waitWhile(mustWait: () => boolean): Promise<void> {
    while (!this.isClosed && this.failure === null && mustWait())
      await new Promise<void>((resolve) => (this.wake = resolve));
    if (this.failure !== null) throw this.failure;
  }

  private look(): void {
    const { wake } = this;
    this.wake = null;
    wake?.();
  }
}
