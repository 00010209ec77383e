import { type RedisCommands, type RetentionSource, type StreamLog } from '@sluice/stream-log';
import { FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { type Logger } from 'pino';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { RealClock } from '../engine/clock.js';
import { Engine, type ModuleFault } from '../engine/engine.js';
import { buildGraph, type Graph } from '../engine/graph.js';
import { Lease } from '../lease/lease.js';
import { type Making } from '../records/record-type.js';
import { type Application } from '../sdk/application.js';
import { CycleCommits } from './cycle-commits.js';
import { DeadLetters } from './dead-letters.js';
import { ModuleInputs } from './module-inputs.js';
import { readProgress, type Progress } from './progress.js';

export interface RunnerOptions {
  readonly application: Application;
  readonly log: StreamLog;
  readonly commands: RedisCommands;
  readonly retention: RetentionSource;
  readonly keys: ChannelKeys;
  readonly making: Making;
  readonly logger: Logger;
}

/** What runs beside the modules, on the replica that runs them. */
export interface Companion {
  begin(): void;
  end(): void;
}

/** The modules while they run here. */
interface Term {
  readonly epoch: number;
  readonly engine: Engine;
  readonly commits: CycleCommits;
  readonly inputs: ModuleInputs;
}

const FIRST_EPOCH = 1;

/** Runs the modules of the application while this replica holds the lease. */
export class ModuleRunner {
  readonly deadLetters: DeadLetters;
  private readonly lease: Lease;
  private term: Term | null = null;
  private companion: Companion | null = null;

  constructor(private readonly options: RunnerOptions) {
    const { commands, keys } = options;
    this.deadLetters = new DeadLetters(commands, keys);
    this.lease = new Lease(commands, keys, {
      onHeld: (epoch) => void this.begin(epoch),
      onLost: () => this.end(),
    });
  }

  /** Whether the modules run here. */
  get isRunning(): boolean {
    return this.term !== null;
  }

  /** Asks for the lease; the modules start as soon as it is ours. */
  async start(companion: Companion): Promise<void> {
    this.companion = companion;
    await this.lease.start();
  }

  /** Stops the modules, writes what they have ticked, and lets another replica go on. */
  async stop(): Promise<void> {
    const { term } = this;
    this.term = null;
    this.companion?.end();
    if (term !== null) {
      term.inputs.close();
      await term.engine.stop();
      await term.commits.close();
    }
    await this.lease.stop();
  }

  private async begin(epoch: number): Promise<void> {
    const { commands, keys, logger } = this.options;
    try {
      const reply = await commands.run({ name: 'HGETALL', args: [keys.progress], subject: 'progress of modules' });
      if (this.lease.heldEpoch === epoch) this.run(epoch, readProgress(reply));
    } catch (error) {
      logger.error({ err: error, epoch }, 'the modules do not start');
      this.lease.drop();
    }
  }

  private run(epoch: number, { positions, kept }: Progress): void {
    const { application, log, commands, keys, retention, making, logger } = this.options;
    let commits: CycleCommits | null = null;
    const engine: Engine = new Engine(new RealClock(), {
      onCycle: (ticks, _nowMs, keeps) => commits?.add(ticks, keeps),
      onFault: (fault) => this.note(fault),
      room: () => commits?.room() ?? Promise.resolve(),
    });
    const graph = buildGraph(application, { making, sink: engine });
    commits = new CycleCommits({
      commands,
      keys,
      retention,
      catalogue: graph.catalogue,
      epoch,
      onFenced: () => this.lease.drop(),
      onError: (error) => logger.warn({ err: error }, 'ticks of modules are not written yet'),
      onUnwritable: ({ channel, by = channel }, error) =>
        this.note({ module: by, error, ticks: null, atMs: Date.now() }),
      onRelief: () => inputs.resume(),
    });
    const inputs = new ModuleInputs({
      log,
      keys,
      engine,
      commits,
      onFailure: (error) => logger.error({ err: error }, 'a channel cannot be read'),
    });
    this.term = { epoch, engine, commits, inputs };
    engine.start(graph, kept);
    followInputs(graph, inputs, positions, epoch);
    this.companion?.begin();
    logger.info({ epoch, modules: graph.nodes.length }, 'the modules run here');
  }

  private end(): void {
    const { term } = this;
    this.term = null;
    this.companion?.end();
    if (term === null) return;
    term.inputs.close();
    term.commits.abandon();
    void term.engine.stop();
    this.options.logger.warn({ epoch: term.epoch }, 'the modules run elsewhere now');
  }

  /** Counts a failure and keeps it. The first one of each module is logged, and every thousandth after it. */
  note(fault: ModuleFault): void {
    this.deadLetters.add(fault);
    const count = this.deadLetters.countByModule.get(fault.module) ?? 0;
    if (count % 1000 !== 1) return;
    this.options.logger.error({ module: fault.module, err: fault.error, count }, 'a module failed; the others go on');
  }
}

/**
 * Modules go on where the ones before them stopped. A channel that none has read yet is read from its end; in the very first start from its
 * beginning, since what clients sent before belongs to it.
 */
function followInputs(
  { catalogue, nodes }: Graph,
  inputs: ModuleInputs,
  positions: ReadonlyMap<string, EntryId>,
  epoch: number,
): void {
  const read = new Set(nodes.flatMap(({ reads }) => [...reads]));
  for (const channel of catalogue.channels.values()) {
    if (!read.has(channel.name)) continue;
    inputs.follow(channel, positions.get(channel.name) ?? (epoch === FIRST_EPOCH ? FIRST_ENTRY_ID : '$'));
  }
}
