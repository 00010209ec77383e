import { ConfigError } from '@sluice/service-kit';
import { type RedisCommands, type StreamAdmin, type StreamLog } from '@sluice/stream-log';
import { type Logger } from 'pino';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { ChannelWriter } from '../channels/channel-writer.js';
import { LiveChannels } from '../channels/live-channels.js';
import { Mounted } from '../channels/mounted.js';
import { RecordIds } from '../channels/record-ids.js';
import { type ChannelConfig } from '../config.js';
import { type ModuleFault } from '../engine/engine.js';
import { BuildError } from '../engine/build-error.js';
import { buildGraph, type Graph } from '../engine/graph.js';
import { type TickSink } from '../engine/ticks.js';
import { Gateway } from '../gateway.js';
import { type Making } from '../records/record-type.js';
import { presentTimestamps } from '../records/times.js';
import { ModuleRunner } from '../running/module-runner.js';
import { type Application } from '../sdk/application.js';
import { StageRequests } from '../staging/stage-requests.js';
import { Stages } from '../staging/stages.js';
import { States } from '../state/states.js';

export interface OpenOptions {
  readonly application: Application;
  readonly config: ChannelConfig;
  readonly keys: ChannelKeys;
  readonly log: StreamLog;
  readonly commands: RedisCommands;
  readonly admin: StreamAdmin;
  readonly logger: Logger;
}

/**
 * Puts a running application together: reads what the log holds of its channels, and asks for the lease of its modules.
 * @throws ConfigError for an application that cannot be built, SluiceError LOG_UNAVAILABLE
 */
export async function openGateway(options: OpenOptions): Promise<Gateway> {
  const { application, config, keys, log, commands, admin, logger } = options;
  const ids = await RecordIds.open(commands, keys);
  const making: Making = { nextId: () => ids.next(), timestamp: presentTimestamps() };
  const retention = admin.keeper;
  const runner = new ModuleRunner({ application, log, commands, retention, keys, making, logger });
  const mounted = mount(application, making, runner);
  const states = await States.open({ catalogue: mounted.states, config, commands, keys });
  const live = new LiveChannels({
    catalogue: mounted.catalogue,
    log,
    commands,
    keys,
    lookupRecords: config.lookupRecords,
    keepsSnapshots: () => runner.isRunning,
    listeners: [states.store],
    onFailure: (error) => logger.error({ err: error }, 'a channel cannot be read'),
  });
  await live.start().catch(tellOfBuild);
  const { catalogue } = mounted;
  const stages = new Stages({ commands, keys, making, retention, catalogue });
  const requests = { catalogue, stages, log, keys, making, onFault: (fault: ModuleFault) => runner.note(fault) };
  await runner.start(new StageRequests(requests));
  states.start(() => runner.isRunning);
  const writer = new ChannelWriter(log, keys);
  return new Gateway({ mounted, live, states, stages, writer, runner, making, maxSendRecords: config.maxSendRecords });
}

function mount(application: Application, making: Making, runner: ModuleRunner): Mounted {
  // Nothing is ticked while an application is only looked at.
  const sink: TickSink = {
    take: () => undefined,
    fail: ({ name }, error) => runner.note({ module: name, error, ticks: null, atMs: Date.now() }),
  };
  try {
    const graph: Graph = buildGraph(application, { making, sink });
    return new Mounted(application, graph);
  } catch (error) {
    return tellOfBuild(error);
  }
}

/** @throws ConfigError for an application that cannot be built, anything else as it is */
function tellOfBuild(error: unknown): never {
  throw error instanceof BuildError ? new ConfigError([`SLUICE_CHANNELS: ${error.message}`]) : error;
}
