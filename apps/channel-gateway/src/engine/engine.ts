import { type GatewayModule, type ModuleRun } from '../sdk/module.js';
import { type Clock } from './clock.js';
import { isolated, soundError } from './isolation.js';
import { type Graph, type Node } from './graph.js';
import { Keeping, type Kept } from './keeping.js';
import { type TickSink } from './ticks.js';
import { Timers } from './timers.js';

/** One tick of a channel. */
export interface Tick {
  readonly channel: string;
  /** A record, a list of records, or the keys that tick and what ticks there. */
  readonly value: unknown;
  /** Module that ticked it; undefined for what came from outside. */
  readonly by?: string;
}

/** Something that a module threw. */
export interface ModuleFault {
  readonly module: string;
  readonly error: unknown;
  /** What it was given; null outside of a handler. */
  readonly ticks: Readonly<Record<string, unknown>> | null;
  readonly atMs: number;
}

/** Who is told what an engine does. */
export interface EngineSink {
  /** Everything the modules ticked in one cycle, in order, and what they keep from then on. */
  onCycle(ticks: readonly Tick[], nowMs: number, kept: Kept): void;
  onFault(fault: ModuleFault): void;
  /** Resolves when it can take more; without it, it always can. */
  room?(): Promise<void>;
}

/** Ticks of a channel that wait for a module. */
type Inbox = Map<string, unknown[]>;

/**
 * Runs the modules of an application in cycles. What comes in together, and what modules make of it, is delivered at one time; a tick that
 * reaches a module which was called already in the cycle comes in the next one. A module that throws is told of and does not stop the
 * others.
 */
export class Engine implements TickSink {
  private graph: Graph | null = null;
  private timers: Timers | null = null;
  private readonly readers = new Map<string, number[]>();
  private inboxes: Inbox[] = [];
  private nextInboxes: Inbox[] = [];
  private outputs: Tick[] = [];
  private keeping = new Keeping(new Map());
  /** Index of the module that is being called, -1 before the first, null between cycles. */
  private current: number | null = null;
  private isScheduled = false;
  private isStopped = false;
  private readonly aborting = new AbortController();

  constructor(
    private readonly clock: Clock,
    private readonly sink: EngineSink,
    /** How long a module may take to stop. */
    private readonly stopMs = 5_000,
  ) {}

  /** Starts the modules of a graph that was built with this engine as its sink. @param kept what they kept in former runs */
  start(graph: Graph, kept: Kept = new Map()): void {
    this.graph = graph;
    this.keeping = new Keeping(kept);
    this.inboxes = graph.nodes.map(() => new Map());
    this.nextInboxes = graph.nodes.map(() => new Map());
    graph.nodes.forEach(({ reads }, at) => {
      for (const channel of reads) this.readers.set(channel, [...(this.readers.get(channel) ?? []), at]);
    });
    this.timers = new Timers(graph.nodes, this.clock.now());
    for (const { module } of graph.nodes) {
      this.guard(module, null, () => module.start?.(this.runOf(module)));
    }
    this.sleep();
  }

  /** Ends everything; what waits is forgotten. Resolves when the modules have ended their own work. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    this.clock.wakeAt(null, () => undefined);
    this.aborting.abort();
    await Promise.all((this.graph?.nodes ?? []).map(({ module }) => this.end(module)));
  }

  /** A module that does not end is not waited for: others go on with what it ticks. */
  private async end(module: GatewayModule): Promise<void> {
    const late = Promise.withResolvers<never>();
    const tell = (error: unknown): void => this.tell(module, null, error);
    const { stopMs } = this;
    const timer = setTimeout(() => late.reject(new Error(`it did not stop within ${stopMs} ms`)), stopMs);
    try {
      await Promise.race([isolated(tell, async () => module.stop?.()), late.promise]);
    } catch (error) {
      tell(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Delivers ticks from outside in a cycle of their own. They are not told to the sink. */
  feed(ticks: readonly Tick[]): void {
    if (this.isStopped || ticks.length === 0) return;
    this.cycle(() => {
      for (const { channel, value } of ticks) this.deliver(channel, value, -1);
    });
  }

  /** For the modules' outputs. */
  take({ name: by }: GatewayModule, channel: string, value: unknown): void {
    if (this.isStopped) return;
    this.outputs.push({ channel, value, by });
    this.deliver(channel, value, this.current ?? -1);
    if (this.current === null) this.schedule();
  }

  private runOf(module: GatewayModule): ModuleRun {
    return {
      signal: this.aborting.signal,
      room: () => this.room(),
      failed: (error, given) => this.tell(module, given ?? null, error),
      kept: this.keeping.of(module),
      keep: (name, value) => {
        if (this.isStopped) return;
        this.keeping.keep(module, name, value);
        if (this.current === null) this.schedule();
      },
    };
  }

  /** What was ticked reaches the sink in a later turn: only then it can tell how far behind it is. */
  private async room(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.clock.soon(resolve);
    });
    await this.sink.room?.();
  }

  private wake(): void {
    if (this.isStopped || this.timers === null) return;
    const cycle = { nowMs: this.clock.now() };
    const due = this.timers.take(cycle.nowMs);
    if (due.length > 0) {
      this.cycle(() => {
        for (const { node, timer } of due) this.guard(node.module, null, () => timer.run(cycle));
      });
    }
    this.sleep();
  }

  private sleep(): void {
    this.clock.wakeAt(this.timers?.nextMs ?? null, () => this.wake());
  }

  /** Modules that tick each other without end go no faster than the log takes it. */
  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    const run = (): void => {
      this.isScheduled = false;
      if (!this.isStopped) this.cycle(() => undefined);
    };
    this.clock.soon(() => {
      const { sink } = this;
      if (sink.room === undefined) run();
      else void sink.room().then(run);
    });
  }

  private deliver(channel: string, value: unknown, from: number): void {
    for (const reader of this.readers.get(channel) ?? []) {
      const inbox = (reader > from ? this.inboxes : this.nextInboxes)[reader] as Inbox;
      const waiting = inbox.get(channel);
      if (waiting === undefined) inbox.set(channel, [value]);
      else waiting.push(value);
    }
  }

  private cycle(begin: () => void): void {
    const { graph } = this;
    if (graph === null) return;
    const nowMs = this.clock.now();
    this.current = -1;
    begin();
    for (const [at, node] of graph.nodes.entries()) {
      const inbox = this.inboxes[at] as Inbox;
      if (inbox.size === 0) continue;
      this.inboxes[at] = new Map();
      this.current = at;
      this.call(node, inbox, nowMs);
    }
    this.current = null;
    if (this.nextInboxes.some(({ size }) => size > 0)) {
      this.inboxes = this.nextInboxes;
      this.nextInboxes = graph.nodes.map(() => new Map());
      this.schedule();
    }
    const { outputs } = this;
    this.outputs = [];
    if (outputs.length > 0 || this.keeping.hasFresh) this.sink.onCycle(outputs, nowMs, this.keeping.takeFresh());
  }

  /** Values that tick in one cycle are delivered one after the other. */
  private call(node: Node, inbox: Inbox, nowMs: number): void {
    for (const handler of node.handlers) {
      const rounds = Math.max(0, ...handler.channels.map((channel) => inbox.get(channel)?.length ?? 0));
      for (let round = 0; round < rounds; round++) {
        const present = handler.channels.flatMap((channel): [string, unknown][] => {
          const value = inbox.get(channel)?.[round];
          return value === undefined ? [] : [[channel, value]];
        });
        const ticks = Object.fromEntries(present);
        this.guard(node.module, ticks, () => handler.run(ticks, { nowMs }));
      }
    }
  }

  fail(module: GatewayModule, error: unknown): void {
    this.tell(module, null, error);
  }

  private guard(module: GatewayModule, ticks: ModuleFault['ticks'], run: () => unknown): void {
    const tell = (error: unknown): void => this.tell(module, ticks, error);
    try {
      const result = isolated(tell, run);
      if (result instanceof Promise) result.catch(tell);
    } catch (error) {
      tell(error);
    }
  }

  private tell({ name }: GatewayModule, ticks: ModuleFault['ticks'], error: unknown): void {
    this.sink.onFault({ module: name, error: soundError(error), ticks, atMs: this.clock.now() });
  }
}
