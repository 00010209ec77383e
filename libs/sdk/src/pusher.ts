import { SluiceError } from '@sluice/contracts';
import { type EntryId, type EntryToEncode, type WireField } from '@sluice/wire';
import { ENTRY_OVERHEAD_BYTES, type Outbox } from './outbox.js';
import { type PushUnit } from './push-unit.js';
import { payloadBytes, type Payload } from './types.js';

/** How a pusher behaves. */
export interface PusherOptions {
  /** Entries given and not settled at most before `push` makes its caller wait. Default 8,192. */
  readonly maxInFlight?: number;
  /** The same in payload bytes. Default 4 MiB. */
  readonly maxInFlightBytes?: number;
  /**
   * Stores what leaves together as one Redis entry, which is much faster for small payloads. The ids then read
   * `<ms>-<seq>/<index>`; own ids and fields cannot be given.
   */
  readonly packed?: boolean;
  /** Asks for the ids of the entries and tells them, in order, as they are settled. */
  readonly onAppended?: (ids: readonly EntryId[]) => void;
  /**
   * Told of every refusal, with the number of entries it concerns. Without it the next `push`, `flush` or `close` rejects with
   * the first error.
   */
  readonly onError?: (error: SluiceError, entryCount: number) => void;
}

/** Where the pusher's entries go; checked before. */
export interface PushTarget {
  readonly stream: string;
  readonly nameBytes: Uint8Array;
  check(payload: Uint8Array, id: string | undefined): string | null;
}

const UNIT_BYTES = 128 * 1024;
const UNIT_ENTRIES = 1024;
const DONE = Promise.resolve();

/**
 * Pushes many entries to one stream as fast as they are taken, and no faster: entries of one event-loop turn leave in one
 * frame, and `push` waits while too much is unsettled.
 */
export class Pusher {
  private unit: PushUnit | null = null;
  private entriesInFlight = 0;
  private bytesInFlight = 0;
  private appended = 0;
  private error: SluiceError | null = null;
  private isClosed = false;
  private waiters: (() => void)[] = [];
  private readonly maxInFlight: number;
  private readonly maxInFlightBytes: number;

  /** @internal made by `Sluice.pusher` */
  constructor(
    private readonly outbox: Outbox,
    private readonly target: PushTarget,
    private readonly options: PusherOptions = {},
  ) {
    this.maxInFlight = options.maxInFlight ?? 8192;
    this.maxInFlightBytes = options.maxInFlightBytes ?? 4 * 1024 * 1024;
  }

  /** Name of the stream. */
  get stream(): string {
    return this.target.stream;
  }

  /** Entries that the server has stored. */
  get appendedCount(): number {
    return this.appended;
  }

  /** Entries given and neither stored nor refused yet. */
  get inFlightCount(): number {
    return this.entriesInFlight;
  }

  /**
   * Takes one entry. Resolves when the next may be given, which is at once while there is room; it does not wait for the
   * entry to be stored ({@link flush} does).
   * @throws SluiceError the first refusal since the last call that threw, when there is no `onError`; `INVALID_ID`,
   * `MESSAGE_TOO_LARGE` for this entry
   */
  push(payload: Payload, options: { id?: string; fields?: readonly WireField[] } = {}): Promise<void> {
    if (this.error !== null || this.isClosed) return this.failed();
    const bytes = payloadBytes(payload);
    try {
      const id = this.target.check(bytes, options.id);
      if (this.options.packed === true && (id !== null || options.fields !== undefined)) {
        throw new SluiceError('INVALID_PARAMETER', `a packed pusher (${this.stream}) takes no own ids and no fields`);
      }
      this.take({ id, payload: bytes, fields: options.fields });
    } catch (error) {
      return Promise.reject(error as SluiceError);
    }
    return this.hasRoom() ? DONE : this.room();
  }

  /**
   * Waits until everything given is settled.
   * @throws SluiceError as {@link push}
   */
  async flush(): Promise<void> {
    while (this.entriesInFlight > 0) await new Promise<void>((resolve) => this.waiters.push(resolve));
    if (this.error !== null) await this.failed();
  }

  /** Waits as {@link flush} and takes no more. */
  async close(): Promise<void> {
    await this.flush();
    this.isClosed = true;
  }

  private failed(): Promise<never> {
    const { error } = this;
    this.error = null;
    return Promise.reject(error ?? new SluiceError('SHUTTING_DOWN', `the pusher of ${this.stream} is closed`));
  }

  private hasRoom(): boolean {
    return this.entriesInFlight < this.maxInFlight && this.bytesInFlight < this.maxInFlightBytes;
  }

  private async room(): Promise<void> {
    while (!this.hasRoom()) await new Promise<void>((resolve) => this.waiters.push(resolve));
    if (this.error !== null) await this.failed();
  }

  private take(entry: EntryToEncode): void {
    const bytes = entry.payload.length + ENTRY_OVERHEAD_BYTES;
    const { unit } = this;
    const fits = unit !== null && !unit.wasSent && unit.entries.length < UNIT_ENTRIES && unit.bytes < UNIT_BYTES;
    if (fits) {
      unit.entries.push(entry);
      unit.bytes += bytes;
      unit.isAlone ||= entry.id !== null;
      this.count(entry);
      this.outbox.grew(bytes);
      return;
    }
    this.unit = this.newUnit(entry, bytes);
    this.count(entry);
    this.outbox.add(this.unit);
  }

  private count(entry: EntryToEncode): void {
    this.entriesInFlight++;
    this.bytesInFlight += entry.payload.length;
  }

  private newUnit(entry: EntryToEncode, bytes: number): PushUnit {
    const entries = [entry];
    const isPacked = this.options.packed === true;
    return {
      name: this.target.nameBytes,
      stream: this.target.stream,
      entries,
      bytes,
      wasSent: false,
      isAlone: entry.id !== null || isPacked,
      isPacked,
      wantsIds: this.options.onAppended !== undefined,
      onSettled: (ids) => {
        this.appended += entries.length;
        this.release(entries);
        if (ids.length > 0) this.options.onAppended?.(ids);
      },
      onFailed: (error) => {
        if (this.options.onError === undefined) this.error ??= error;
        this.release(entries);
        this.options.onError?.(error, entries.length);
      },
    };
  }

  private release(entries: readonly EntryToEncode[]): void {
    this.entriesInFlight -= entries.length;
    for (const { payload } of entries) this.bytesInFlight -= payload.length;
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}
