import { type Making, type RecordType, type Stamped } from '../records/record-type.js';
import {
  type ChannelShape,
  type Connector,
  type CycleInfo,
  type GatewayModule,
  type Incomplete,
  select,
} from '../sdk/module.js';
import { type Application } from '../sdk/application.js';
import { BuildError } from './build-error.js';
import { Catalogue, type Channel } from './catalogue.js';
import { isolated } from './isolation.js';
import { orderModules } from './order.js';
import { type TickSink, completeTick } from './ticks.js';

/** A module's handler and the channels it waits for. */
interface Handler {
  readonly channels: readonly string[];
  run(ticks: Readonly<Record<string, unknown>>, cycle: CycleInfo): unknown;
}

/** Something that is due at a time. */
export interface Timer {
  readonly firstMs: number;
  /** Null: once. */
  readonly intervalMs: number | null;
  run(cycle: CycleInfo): unknown;
}

/** One module as it is wired. */
export interface Node {
  readonly module: GatewayModule;
  readonly handlers: readonly Handler[];
  readonly timers: readonly Timer[];
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
}

/** A built application, ready to run once. */
export interface Graph {
  readonly catalogue: Catalogue;
  /** Writers before readers, as far as there is no loop. */
  readonly nodes: readonly Node[];
  /** Channels that a module ticks. */
  readonly written: ReadonlySet<string>;
}

/** Where what the modules do goes to. */
export interface GraphHost {
  readonly making: Making;
  readonly sink: TickSink;
}

/**
 * Wires the modules of an application.
 * @throws BuildError naming the module and the channel
 */
export function buildGraph(application: Application, host: GraphHost): Graph {
  const modules = application.modules.filter(({ disabled }) => disabled !== true);
  assertDistinct(modules);
  const catalogue = new Catalogue(application.channels, modules);
  const nodes = modules.map((module) => connect(module, catalogue, host));
  const written = new Set(nodes.flatMap(({ writes }) => [...writes]));
  for (const node of nodes) assertProvided(node, catalogue, written);
  return { catalogue, nodes: orderModules(nodes), written };
}

function assertDistinct(modules: readonly GatewayModule[]): void {
  const names = new Set<string>();
  for (const module of modules as readonly Partial<GatewayModule>[]) {
    const { name } = module;
    if (typeof name !== 'string' || name === '') throw new BuildError('a module has no name');
    if (typeof module.connect !== 'function') throw new BuildError(`module "${name}" has no method connect`);
    if (names.has(name)) throw new BuildError(`two modules are called "${name}"`);
    names.add(name);
  }
}

/** What a module has said in `connect`. */
interface Wires {
  readonly handlers: Handler[];
  readonly timers: Timer[];
  readonly reads: Set<string>;
  readonly writes: Set<string>;
  isConnected: boolean;
}

function connect(module: GatewayModule, catalogue: Catalogue, host: GraphHost): Node {
  const wires: Wires = { handlers: [], timers: [], reads: new Set(), writes: new Set(), isConnected: false };
  const connector = { ...wiring(module, wires, catalogue, host), ...looking(module.name, catalogue, host) };
  isolated(
    (error) => host.sink.fail(module, error),
    () => callConnect(module, connector),
  );
  wires.isConnected = true;
  const { handlers, timers, reads, writes } = wires;
  return { module, handlers, timers, reads, writes };
}

/** The calls that wire a module. @throws BuildError */
function wiring(
  module: GatewayModule,
  wires: Wires,
  catalogue: Catalogue,
  { making, sink }: GraphHost,
): Pick<Connector, 'on' | 'output' | 'every' | 'after'> {
  const { name: who } = module;
  const { handlers, timers, reads, writes } = wires;
  const assertConnecting = (call: string): void => {
    if (wires.isConnected)
      throw new BuildError(`module "${who}" calls ${call}() after connect: it has no effect there`);
  };
  return {
    on: (names, run) => {
      assertConnecting('on');
      for (const name of names) reads.add(catalogue.channel(name, who, 'reads').name);
      handlers.push({ channels: [...new Set(names)], run: run as Handler['run'] });
    },
    output: (name) => {
      assertConnecting('output');
      const channel = catalogue.channel(name, who, 'ticks');
      writes.add(name);
      return { tick: (value: unknown) => sink.take(module, name, completeTick(channel, value, making)) };
    },
    every: (intervalMs, run) => {
      assertConnecting('every');
      if (!(intervalMs >= 1))
        throw new BuildError(`module "${who}" wants to be called every ${intervalMs} ms: at least 1`);
      timers.push({ firstMs: intervalMs, intervalMs, run });
    },
    after: (delayMs, run) => {
      assertConnecting('after');
      timers.push({ firstMs: Math.max(0, delayMs), intervalMs: null, run });
    },
  };
}

/** The calls that a module may also make while it runs. */
function looking(
  who: string,
  catalogue: Catalogue,
  { making }: GraphHost,
): Omit<Connector, 'on' | 'output' | 'every' | 'after'> {
  return {
    make: <T extends Stamped>(type: RecordType<T>, values: Incomplete<T>) => type.make(values as Partial<T>, making),
    read: <T extends Stamped>(type: RecordType<T>, input: unknown, options: { readonly forceNew?: boolean } = {}) =>
      type.read(input, { making, ...options }),
    choose: (selection) => select([...catalogue.channels.keys()], selection, `module "${who}"`),
    describe: (name) => shapeOf(catalogue.channel(name, who, 'reads')),
    field: (name) => {
      const found = catalogue.fields.get(name);
      if (found === undefined) throw new BuildError(`module "${who}" reads the field "${name}", which is not declared`);
      return found.value;
    },
    keys: (name) => [...(catalogue.channel(name, who, 'reads').keys?.keys() ?? [])],
  };
}

/** @throws BuildError naming the module */
function callConnect(module: GatewayModule, connector: Connector): void {
  const { name } = module;
  try {
    const result: unknown = module.connect(connector);
    if (!(result instanceof Promise)) return;
    result.catch(() => undefined);
    throw new BuildError(`module "${name}" connects asynchronously: what takes its time belongs into start()`);
  } catch (error) {
    if (error instanceof BuildError) throw error;
    throw new BuildError(`module "${name}" does not connect: ${String(error)}`, { cause: error });
  }
}

function shapeOf({ declaration: { type, isList }, keys }: Channel): ChannelShape {
  return { type, isList, keys: keys === null ? null : [...keys.keys()] };
}

/** A channel that nothing ticks would be waited for in vain. */
function assertProvided({ module, reads }: Node, catalogue: Catalogue, written: ReadonlySet<string>): void {
  const read = [...reads];
  if (module.requires !== undefined)
    select([...catalogue.channels.keys()], module.requires, `requires of module "${module.name}"`);
  const required = select(
    read,
    module.requires === undefined ? undefined : known(module, read),
    `requires of ${module.name}`,
  );
  for (const name of required) {
    if (written.has(name) || catalogue.isStagingLog(name)) continue;
    const { sendable, staged } = catalogue.channels.get(name)?.declaration.options ?? {};
    if (sendable === true || staged === true) continue;
    throw new BuildError(
      `Nothing provides required node: module "${module.name}" reads channel "${name}", which no module ticks and clients cannot send to; leave it out of its \`requires\` if that is meant`,
    );
  }
}

/** Only what the module reads counts. */
function known({ requires }: GatewayModule, read: readonly string[]): { include: string[]; exclude: string[] } {
  const { include, exclude = [] } = Array.isArray(requires)
    ? { include: requires as readonly string[] }
    : (requires as Exclude<GatewayModule['requires'], readonly string[] | undefined>);
  const isRead = (name: string): boolean => read.includes(name);
  return { include: (include ?? read).filter(isRead), exclude: exclude.filter(isRead) };
}
