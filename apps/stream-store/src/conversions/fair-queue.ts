import { SluiceError } from '@sluice/contracts';

export interface FairQueueOptions {
  /** Jobs that run at once; one client never takes the last slot as long as there are two. */
  readonly slots: number;
  /** Jobs of one client that may wait. */
  readonly maxWaitingPerClient: number;
  /** Bytes that one client's jobs may hold, waiting and running; one job by itself is always let in. */
  readonly maxBytesPerClient: number;
  /** Bytes that the jobs of all clients may hold. */
  readonly maxBytes: number;
}

interface Job {
  readonly bytes: number;
  readonly start: () => Promise<void>;
}

interface Lane {
  readonly waiting: Job[];
  bytes: number;
  running: number;
}

/** Jobs of many clients on few slots: clients take turns, and none waits behind the backlog of another. */
export class FairQueue {
  /** In the order of their next turn. A client without jobs has no lane. */
  private readonly lanes = new Map<string, Lane>();
  private readonly slotsPerClient: number;
  private running = 0;
  private bytes = 0;

  constructor(private readonly options: FairQueueOptions) {
    this.slotsPerClient = Math.max(1, options.slots - 1);
  }

  /** Clients that have jobs. */
  get clients(): number {
    return this.lanes.size;
  }

  /**
   * Runs a job when it is the client's turn.
   * @param bytes what the job holds in memory until it is done
   * @throws SluiceError `RATE_LIMITED` when the client, or everybody together, has too much waiting
   */
  run<T>(client: string, bytes: number, work: () => Promise<T>): Promise<T> {
    const lane = this.lanes.get(client) ?? { waiting: [], bytes: 0, running: 0 };
    this.assertRoom(lane, bytes);
    this.lanes.set(client, lane);
    lane.bytes += bytes;
    this.bytes += bytes;
    return new Promise((resolve, reject) => {
      lane.waiting.push({ bytes, start: () => work().then(resolve, reject) });
      this.startNext();
    });
  }

  private assertRoom(lane: Lane, bytes: number): void {
    const { maxWaitingPerClient, maxBytesPerClient, maxBytes } = this.options;
    if (lane.waiting.length >= maxWaitingPerClient) {
      throw refusal(`${lane.waiting.length} conversions of this client wait already, the most that may`);
    }
    if (lane.bytes > 0 && lane.bytes + bytes > maxBytesPerClient) {
      throw refusal(`conversions of this client hold ${lane.bytes} of ${maxBytesPerClient} bytes already`);
    }
    if (this.bytes > 0 && this.bytes + bytes > maxBytes) {
      throw refusal(`conversions of all clients hold ${this.bytes} of ${maxBytes} bytes already`);
    }
  }

  private startNext(): void {
    while (this.running < this.options.slots) {
      const turn = [...this.lanes].find(
        ([, { waiting, running }]) => waiting.length > 0 && running < this.slotsPerClient,
      );
      if (turn === undefined) return;
      const [client, lane] = turn;
      // Whoever had a turn comes last.
      this.lanes.delete(client);
      this.lanes.set(client, lane);
      this.start(client, lane);
    }
  }

  private start(client: string, lane: Lane): void {
    const job = lane.waiting.shift();
    if (job === undefined) return;
    lane.running += 1;
    this.running += 1;
    void job.start().finally(() => {
      lane.running -= 1;
      this.running -= 1;
      lane.bytes -= job.bytes;
      this.bytes -= job.bytes;
      if (lane.running === 0 && lane.waiting.length === 0) this.lanes.delete(client);
      this.startNext();
    });
  }
}

function refusal(message: string): SluiceError {
  return new SluiceError('RATE_LIMITED', message);
}
