import { asKey, type BasketKey, type ChannelDeclaration, type Channels, type StaticField } from '../sdk/channels.js';
import { type GatewayModule } from '../sdk/module.js';
import { StagingEvent } from '../staging/staging-event.js';
import { StagingRequest } from '../staging/staging-request.js';
import { BuildError } from './build-error.js';

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,99}$/;
/** What paths and sockets call by these names is something else. */
const TAKEN: ReadonlySet<string> = new Set(['id', 'heartbeat']);
const MAX_KEYS = 10_000;
const MAX_KEY_CHARS = 200;

/** One channel of a built application. */
export interface Channel {
  readonly name: string;
  readonly declaration: ChannelDeclaration;
  /** Keys of a basket in their order, by name; null for a channel that is none. */
  readonly keys: ReadonlyMap<string, BasketKey> | null;
}

/** Every channel and static field of an application, the modules' own and those declared at run time among them. */
export class Catalogue {
  private readonly known = new Map<string, Channel>();
  readonly fields: ReadonlyMap<string, StaticField>;
  /** Channels on which staging is told. */
  private readonly stagingLogs: ReadonlySet<string>;

  /** @throws BuildError */
  constructor(channels: Channels, modules: readonly GatewayModule[]) {
    const declared = new Map(Object.entries(channels));
    for (const module of modules) addDynamicChannels(declared, module);
    const keys = dynamicKeys(declared, modules);
    const fields = new Map<string, StaticField>();
    for (const [name, declaration] of declared) {
      assertName(name);
      assertDeclared(name, declaration);
      if (declaration.kind === 'field') fields.set(name, declaration);
      else this.known.set(name, { name, declaration, keys: keysOf(name, declaration, keys.get(name) ?? []) });
    }
    this.fields = fields;
    this.stagingLogs = stagingLogsOf(this.known);
  }

  get channels(): ReadonlyMap<string, Channel> {
    return this.known;
  }

  /** Takes in a channel that was declared at run time. */
  put(channel: Channel): void {
    this.known.set(channel.name, channel);
  }

  drop(channel: Channel): void {
    this.known.delete(channel.name);
  }

  /** Whether the channel is ticked by what happens to staging areas. */
  isStagingLog(name: string): boolean {
    return this.stagingLogs.has(name);
  }

  /** @param who module that asks, for the error @throws BuildError */
  channel(name: string, who: string, does: string): Channel {
    const channel = this.channels.get(name);
    if (channel !== undefined) return channel;
    const what = this.fields.has(name) ? 'which is a static field and never ticks' : 'which is not declared';
    throw new BuildError(`module "${who}" ${does} channel "${name}", ${what}`);
  }
}

/** A channel as a declaration describes it. @throws BuildError */
export function makeChannel(name: string, declaration: ChannelDeclaration): Channel {
  assertName(name);
  const channel = { name, declaration, keys: keysOf(name, declaration, []) };
  assertCanBeStaged(channel);
  return channel;
}

function assertName(name: string): void {
  if (!NAME.test(name))
    throw new BuildError(`channel "${name}": a name has letters, digits and _, and begins with a letter`);
  if (TAKEN.has(name)) throw new BuildError(`channel "${name}": the name is taken, for what clients call by it`);
}

function assertCanBeStaged({ name, keys, declaration }: Channel): void {
  if (declaration.options.staged === true && keys !== null)
    throw new BuildError(`basket "${name}" is staged, which only other channels are`);
}

function stagingLogsOf(channels: ReadonlyMap<string, Channel>): Set<string> {
  const logs = new Set<string>();
  for (const channel of channels.values()) {
    assertCanBeStaged(channel);
    const { name, declaration } = channel;
    const { staged, stagingEvents, stagingRequests } = declaration.options;
    if (stagingRequests !== undefined) {
      if (staged !== true) throw new BuildError(`channel "${name}" takes staging requests and is not staged`);
      assertTicksOf(channels, stagingRequests, StagingRequest, `channel "${name}" takes staging requests from`);
    }
    if (stagingEvents === undefined) continue;
    assertTicksOf(channels, stagingEvents, StagingEvent, `channel "${name}" tells of its staging on`);
    logs.add(stagingEvents);
  }
  return logs;
}

function assertTicksOf(
  channels: ReadonlyMap<string, Channel>,
  name: string,
  type: { readonly name: string },
  what: string,
): void {
  const found = channels.get(name);
  if (found !== undefined && found.keys === null && !found.declaration.isList) {
    if (found.declaration.type === (type as unknown)) return;
  }
  throw new BuildError(`${what} "${name}", which is no channel of ${type.name}`);
}

/** A file that no compiler has seen may hold anything. @throws BuildError */
function assertDeclared(name: string, declaration: Partial<Channels[string]> | null | undefined): void {
  if (declaration?.kind === 'channel' || declaration?.kind === 'field') return;
  throw new BuildError(`channel "${name}" is not made with channel(), list(), a basket or field()`);
}

/** @throws BuildError naming the module */
function addedBy<K extends 'dynamicChannels' | 'dynamicKeys'>(
  module: GatewayModule,
  what: K,
): ReturnType<NonNullable<GatewayModule[K]>> | object {
  try {
    return module[what]?.() ?? {};
  } catch (error) {
    throw new BuildError(`module "${module.name}" fails in ${what}: ${String(error)}`, { cause: error });
  }
}

function addDynamicChannels(declared: Map<string, Channels[string]>, module: GatewayModule): void {
  for (const [name, declaration] of Object.entries(addedBy(module, 'dynamicChannels'))) {
    const known = declared.get(name);
    if (known !== undefined && !isSame(known, declaration)) {
      throw new BuildError(`module "${module.name}" adds channel "${name}", which is there with another type or shape`);
    }
    declared.set(name, known ?? declaration);
  }
}

function isSame(one: Channels[string], other: Channels[string]): boolean {
  if (one.kind === 'field' || other.kind === 'field') return one === other;
  return one.type === other.type && one.isList === other.isList && (one.keys === null) === (other.keys === null);
}

function dynamicKeys(
  declared: ReadonlyMap<string, Channels[string]>,
  modules: readonly GatewayModule[],
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const module of modules) {
    for (const [name, keys] of Object.entries(addedBy(module, 'dynamicKeys'))) {
      const declaration = declared.get(name);
      if (declaration?.kind !== 'channel' || !declaration.hasDynamicKeys) {
        throw new BuildError(`module "${module.name}" adds keys to "${name}", which is no basket that takes some`);
      }
      found.set(name, [...(found.get(name) ?? []), ...keys]);
    }
  }
  return found;
}

function keysOf(name: string, declaration: ChannelDeclaration, more: readonly string[]): Channel['keys'] {
  if (declaration.keys === null) return null;
  const keys = new Map<string, BasketKey>();
  for (const key of [...declaration.keys, ...more.map(asKey)]) keys.set(key.name, keys.get(key.name) ?? key);
  if (keys.size > MAX_KEYS) throw new BuildError(`basket "${name}" has ${keys.size} keys, more than ${MAX_KEYS}`);
  for (const key of keys.keys()) {
    if (key === '' || key.length > MAX_KEY_CHARS) {
      throw new BuildError(
        `basket "${name}" has the key "${key.slice(0, 50)}": a key has 1 to ${MAX_KEY_CHARS} characters`,
      );
    }
  }
  return keys;
}
