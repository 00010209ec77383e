import { withControls } from '../application/with-controls.js';
import { decodeTick } from '../channels/payloads.js';
import { Mounted } from '../channels/mounted.js';
import { SimulatedClock } from '../engine/clock.js';
import { Engine, type ModuleFault } from '../engine/engine.js';
import { buildGraph } from '../engine/graph.js';
import { type Kept } from '../engine/keeping.js';
import { type Channel } from '../engine/catalogue.js';
import { type RecordOf } from '../records/record-type.js';
import { changeInTurn, type Area } from '../staging/areas.js';
import { ticksOf } from '../staging/stage-ticks.js';
import { demandsOf, type StagingRequest } from '../staging/staging-request.js';
import { readTicks, readWholeBasket } from '../sending/read-ticks.js';
import { timestampOf } from '../records/times.js';
import { type Application } from './application.js';

/** One tick as a test sees it. */
export interface SeenTick {
  readonly atMs: number;
  readonly value: unknown;
}

export interface TestKitOptions {
  /** Time at the start, ms since 1970. */
  readonly startMs?: number;
  /** What the modules have kept before; default: nothing. */
  readonly kept?: Kept;
}

const DEFAULT_START_MS = Date.UTC(2030, 0, 1);

/**
 * Runs an application over simulated time, without Redis and without sockets: a test sends records, moves the time on, and
 * looks at what ticked. Ids count from 1, timestamps follow the simulated time.
 */
export class TestKit {
  readonly faults: ModuleFault[] = [];
  private readonly clock: SimulatedClock;
  private readonly engine: Engine;
  private readonly seen = new Map<string, SeenTick[]>();
  private readonly mounted: Mounted;
  private readonly keeps: Map<string, Map<string, string | null>>;
  private readonly staged = new Map<string, readonly Area[]>();
  private lastId = 0;
  private readonly making = {
    nextId: (): string => String((this.lastId += 1)),
    timestamp: (): string => timestampOf(this.clock.now()),
  };

  /** @throws BuildError when the application cannot be put together */
  constructor(application: Application, options: TestKitOptions = {}) {
    this.keeps = new Map([...(options.kept ?? [])].map(([module, values]) => [module, new Map(values)]));
    this.clock = new SimulatedClock(options.startMs ?? DEFAULT_START_MS);
    this.engine = new Engine(this.clock, {
      onCycle: (ticks, atMs, kept) => {
        for (const { channel, value } of ticks) this.note(channel, value, atMs);
        for (const [module, values] of kept) {
          this.keeps.set(module, new Map([...(this.keeps.get(module) ?? []), ...values]));
        }
      },
      onFault: (fault) => this.faults.push(fault),
    });
    const whole = withControls(application);
    const graph = buildGraph(whole, { making: this.making, sink: this.engine });
    this.mounted = new Mounted(whole, graph);
    this.engine.start(graph, this.keeps);
    this.clock.settle();
  }

  get nowMs(): number {
    return this.clock.now();
  }

  /**
   * Ticks a channel from outside, as a client would: a record, a list of records, or of a basket an object of its keys. Validators run.
   * @throws FaultyInput
   */
  send(name: string, value: unknown): void {
    const channel = this.mounted.catalogue.channel(name, 'test', 'ticks');
    const options = { making: this.making, maxRecords: Infinity, loc: [] };
    const { payloads } =
      channel.keys === null ? readTicks(channel, null, value, options) : readWholeBasket(channel, value, options);
    for (const payload of payloads) {
      const tick = decodeTick(channel, Buffer.from(payload));
      this.note(name, tick, this.nowMs);
      this.engine.feed([{ channel: name, value: tick }]);
      this.clock.settle();
    }
  }

  /** Moves the time on; timers run at their times. */
  advance(ms: number): void {
    this.clock.advance(ms);
  }

  /**
   * Lets modules with work of their own, such as reading a file, go on until something holds. The simulated time stands still.
   * @throws Error when it does not hold in time
   */
  async until(holds: () => boolean, timeoutMs = 10_000): Promise<void> {
    const giveUpMs = performance.now() + timeoutMs;
    while (!holds()) {
      if (performance.now() > giveUpMs) throw new Error(`what was waited for did not happen within ${timeoutMs} ms`);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      this.clock.settle();
    }
  }

  /** Everything that ticked on a channel so far. */
  ticks(name: string): readonly SeenTick[] {
    this.mounted.catalogue.channel(name, 'test', 'reads');
    return this.seen.get(name) ?? [];
  }

  /** The values of {@link ticks}. */
  values(name: string): readonly unknown[] {
    return this.ticks(name).map(({ value }) => value);
  }

  /** What the modules have kept by now, for a kit that goes on where this one ends. */
  get kept(): Kept {
    return this.keeps;
  }

  /** Stops the modules. */
  async stop(): Promise<void> {
    await this.engine.stop();
  }

  /** The staging areas of a channel, oldest first, each with the records in it. */
  areas(name: string): readonly { readonly id: string; readonly records: readonly unknown[] }[] {
    this.mounted.catalogue.channel(name, 'test', 'stages');
    return (this.staged.get(name) ?? []).map(({ id, records }) => {
      return { id, records: records.map(({ json }) => JSON.parse(json) as unknown) };
    });
  }

  private note(channel: string, value: unknown, atMs: number): void {
    const ticks = this.seen.get(channel) ?? [];
    ticks.push({ atMs, value });
    this.seen.set(channel, ticks);
    for (const staged of this.mounted.catalogue.channels.values()) {
      if (staged.declaration.options.stagingRequests !== channel) continue;
      this.clock.soon(() => this.meet(staged, channel, value as RecordOf<typeof StagingRequest>));
    }
  }

  /** Does what was asked of the staging areas of a channel. */
  private meet(channel: Channel, requests: string, request: RecordOf<typeof StagingRequest>): void {
    const { making } = this;
    const { catalogue } = this.mounted;
    try {
      const demands = demandsOf(channel, request, making);
      const change = changeInTurn(this.staged.get(channel.name) ?? [], demands, () => making.nextId());
      this.staged.set(channel.name, change.areas);
      for (const { target, values } of ticksOf(channel, change, { catalogue, making })) {
        for (const value of values) {
          this.note(target.name, value, this.nowMs);
          this.engine.feed([{ channel: target.name, value }]);
        }
      }
    } catch (error) {
      this.faults.push({ module: `Staging[${channel.name}]`, error, ticks: { [requests]: request }, atMs: this.nowMs });
    }
  }
}
