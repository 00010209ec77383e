import { availableParallelism } from 'node:os';
import { type OnApplicationShutdown } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { FairQueue, type FairQueueOptions } from './fair-queue.js';
import { inputFormat, parseFormat } from './formats.js';
import { Pictures } from './pictures.js';
import { Transcoder } from './transcoder.js';
import { WorkerPool } from './worker-pool.js';

const MIB = 1024 * 1024;

/** One payload to be converted. */
export interface ConversionRequest {
  /** Name of the stream: headset streams are known by it. */
  readonly sid: string;
  readonly payload: Uint8Array;
  /** What the payload is; null: by the stream's name. */
  readonly input: string | null;
  readonly output: string;
  /** Who asks: clients take turns. */
  readonly client: string;
}

/** Turns payloads of one format into another. */
export interface PayloadConverter {
  /** @returns null when the output asked for drops the payload */
  convert(request: ConversionRequest): Promise<Buffer | null>;
}

export interface ConversionLimits extends FairQueueOptions {
  /** Longest payload. */
  readonly maxInputBytes: number;
  /** A conversion that takes longer is given up, its thread ended. */
  readonly timeLimitMs: number;
}

/** Half of the four threads that Node has for files stay free of pictures. */
const CONVERSION_LIMITS: ConversionLimits = {
  slots: Math.min(3, Math.max(2, availableParallelism())),
  maxWaitingPerClient: 16,
  maxBytesPerClient: 64 * MIB,
  maxBytes: 256 * MIB,
  maxInputBytes: 16 * MIB,
  timeLimitMs: 10_000,
};

/** Converts payloads off the event loop, for clients in turns. */
export class Conversions implements PayloadConverter, OnApplicationShutdown {
  private readonly queue: FairQueue;
  private readonly workers: WorkerPool;
  private readonly transcoder: Transcoder;

  constructor(private readonly limits: ConversionLimits = CONVERSION_LIMITS) {
    this.queue = new FairQueue(limits);
    this.workers = new WorkerPool(limits.slots);
    this.transcoder = new Transcoder(new Pictures(limits.timeLimitMs), this.workers);
  }

  /**
   * @throws SluiceError `INVALID_PARAMETER` for formats that are not known or cannot become one another, `INVALID_FRAME` for a
   * malformed payload, `MESSAGE_TOO_LARGE`, `RATE_LIMITED` when the client has too much waiting, `SERVICE_UNAVAILABLE` when the time limit passes
   */
  async convert({ sid, payload, input, output, client }: ConversionRequest): Promise<Buffer | null> {
    const to = parseFormat(output, 'output');
    if (to === 'null' || input?.toLowerCase() === 'null') return null;
    if (to === 'same') return Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    const from = inputFormat(sid, input);
    if (from === 'null') return null;
    if (from === 'same') {
      throw new SluiceError('INVALID_PARAMETER', `input same says nothing of the payload, so it cannot become ${to}`);
    }
    if (payload.length > this.limits.maxInputBytes) {
      const most = this.limits.maxInputBytes;
      throw new SluiceError(
        'MESSAGE_TOO_LARGE',
        `${payload.length} bytes are more than the ${most} that are converted`,
      );
    }
    return this.queue.run(client, payload.length, () =>
      this.withinTime(`${from} to ${to}`, (signal) => this.transcoder.convert(payload, from, to, signal)),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await this.workers.close();
  }

  private async withinTime(what: string, work: (signal: AbortSignal) => Promise<Buffer>): Promise<Buffer> {
    const { timeLimitMs } = this.limits;
    const ending = new AbortController();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const message = `a conversion (${what}) took longer than ${timeLimitMs} ms and was given up`;
      late.reject(new SluiceError('SERVICE_UNAVAILABLE', message));
      ending.abort();
    }, timeLimitMs);
    try {
      return await Promise.race([work(ending.signal), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
