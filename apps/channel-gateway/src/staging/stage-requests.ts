import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '@sluice/contracts';
import { type EntryBatch, type Follower, type FollowerSink, type LogEntry, type StreamLog } from '@sluice/stream-log';
import { FIRST_ENTRY_ID } from '@sluice/wire';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { decodeTick } from '../channels/payloads.js';
import { type Catalogue, type Channel } from '../engine/catalogue.js';
import { type ModuleFault } from '../engine/engine.js';
import { type Making, type RecordOf } from '../records/record-type.js';
import { type Stages } from './stages.js';
import { demandsOf, type StagingRequest } from './staging-request.js';

export interface StageRequestsOptions {
  readonly catalogue: Catalogue;
  readonly stages: Stages;
  readonly log: StreamLog;
  readonly keys: ChannelKeys;
  readonly making: Making;
  /** A request that could not be met. */
  onFault(fault: ModuleFault): void;
}

const MOST_WAITING = 1_000;
const RETRY_MS = 200;

/**
 * Does what modules ask of staging areas, in the order of the log. How far that has come is noted together with what it changed: each
 * request is met once, whichever replica does it.
 */
export class StageRequests {
  private running: readonly RequestReader[] = [];

  constructor(private readonly options: StageRequestsOptions) {}

  /** The modules run here, and so does this. */
  begin(): void {
    const { catalogue } = this.options;
    this.running = [...catalogue.channels.values()].flatMap((channel) => {
      const requests = catalogue.channels.get(channel.declaration.options.stagingRequests ?? '');
      return requests === undefined ? [] : [new RequestReader(channel, requests, this.options)];
    });
  }

  end(): void {
    for (const reader of this.running) reader.close();
    this.running = [];
  }
}

/** Follows the requests of one staged channel. */
class RequestReader implements FollowerSink {
  private readonly waiting: LogEntry[] = [];
  private follower: Follower | null = null;
  private isWorking = false;
  private isClosed = false;

  constructor(
    private readonly channel: Channel,
    private readonly requests: Channel,
    private readonly options: StageRequestsOptions,
  ) {
    void this.start();
  }

  canTake(): boolean {
    return this.waiting.length < MOST_WAITING;
  }

  onEntries({ entries }: EntryBatch): boolean {
    this.waiting.push(...entries.map((entry) => ({ ...entry, payload: Buffer.from(entry.payload) })));
    if (!this.isWorking) void this.work();
    return this.canTake();
  }

  onGap(): void {
    // What was trimmed before it was read is asked for by nobody any more.
  }

  onReset(): void {
    // As above.
  }

  onFailure(error: SluiceError): void {
    this.tell(error, null);
  }

  close(): void {
    this.isClosed = true;
    this.follower?.close();
  }

  private async start(): Promise<void> {
    const met = await this.untilAnswered(() => this.options.stages.metUpTo(this.channel));
    if (met === undefined || this.isClosed) return;
    const { log, keys } = this.options;
    this.follower = log.follow(keys.stream(this.requests.name), { after: met === '' ? FIRST_ENTRY_ID : met }, this);
  }

  private async work(): Promise<void> {
    this.isWorking = true;
    for (let entry = this.waiting.shift(); entry !== undefined && !this.isClosed; entry = this.waiting.shift()) {
      const { id, payload } = entry;
      await this.untilAnswered(() => this.meet(id, payload));
      if (this.waiting.length < MOST_WAITING / 2) this.follower?.resume();
    }
    this.isWorking = false;
  }

  /** A request that cannot be met is passed over and told. @throws SluiceError LOG_UNAVAILABLE */
  private async meet(position: string, payload: Uint8Array): Promise<void> {
    const { stages, making } = this.options;
    const request = decodeTick(this.requests, payload) as RecordOf<typeof StagingRequest>;
    try {
      await stages.meet(this.channel, demandsOf(this.channel, request, making), position);
    } catch (error) {
      if (isOutage(error)) throw error;
      await stages.meet(this.channel, [], position);
      this.tell(error, { [this.requests.name]: request });
    }
  }

  /** Undefined when it was closed before there was an answer. */
  private async untilAnswered<T>(ask: () => Promise<T>): Promise<T | undefined> {
    while (!this.isClosed) {
      try {
        return await ask();
      } catch (error) {
        if (!isOutage(error)) throw error;
        await delay(RETRY_MS);
      }
    }
    return undefined;
  }

  private tell(error: unknown, ticks: ModuleFault['ticks']): void {
    this.options.onFault({ module: `Staging[${this.channel.name}]`, error, ticks, atMs: Date.now() });
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof SluiceError && error.code !== 'QUOTA_EXCEEDED' && error.code !== 'INVALID_PARAMETER';
}
