import { freePort } from './ports.js';
import { startRedis, type RedisServer } from './redis-server.js';
import { SlotMove, type ClusterNode, type SlotMoveOptions } from './slot-move.js';
import { waitFor } from './wait-for.js';

export interface ClusterOptions {
  /** Default 3. */
  readonly masters?: number;
  /** Default 1. */
  readonly replicasPerMaster?: number;
  /** After how long a silent node counts as failed. Default 2 000. */
  readonly nodeTimeoutMs?: number;
  /** More command line arguments for every node. */
  readonly args?: readonly string[];
}

const SLOTS = 16_384;
const HEALTHY_TIMEOUT_MS = 40_000;

/** A real Redis Cluster; nodes 0 … masters-1 start as masters, the others as their replicas in turn. */
export class RedisCluster {
  private constructor(readonly nodes: readonly ClusterNode[]) {}

  /** @throws Error naming what did not come about in time */
  static async start(options: ClusterOptions = {}): Promise<RedisCluster> {
    const masters = options.masters ?? 3;
    const total = masters * (1 + (options.replicasPerMaster ?? 1));
    const servers = await Promise.all(Array.from({ length: total }, () => startNode(options)));
    try {
      const ids = await Promise.all(servers.map((server) => text(server, 'CLUSTER', 'MYID')));
      const cluster = new RedisCluster(servers.map((server, index) => ({ index, id: ids[index] ?? '', server })));
      await cluster.join(masters);
      await cluster.waitUntilHealthy();
      return cluster;
    } catch (error) {
      await Promise.all(servers.map((server) => server.stop()));
      throw error;
    }
  }

  /** Comma-separated list of all nodes. */
  get url(): string {
    return this.nodes.map(({ server }) => server.url).join(',');
  }

  /** The node of that index. */
  node(index: number): ClusterNode {
    const found = this.nodes[index];
    if (found === undefined) throw new Error(`the cluster has ${this.nodes.length} nodes, none at index ${index}`);
    return found;
  }

  /** Which node serves the slot now, as the living nodes say; null while none does. */
  async ownerOf(slot: number): Promise<ClusterNode | null> {
    for (const { server } of this.nodes.filter((node) => node.server.isRunning)) {
      const range = (await slotOwners(server)).find(({ from, to }) => from <= slot && slot <= to);
      const owner = this.nodes.find((node) => node.id === range?.ids[0]);
      if (owner?.server.isRunning === true) return owner;
    }
    return null;
  }

  /** Moves a slot with its keys to another master, as a resharding does; see `beginSlotMove` to stay half-way. */
  async moveSlot(slot: number, toNode: number, options: SlotMoveOptions = {}): Promise<void> {
    const move = await this.beginSlotMove(slot, toNode);
    await move.migrateKeys(options);
    await move.finish();
  }

  /** Opens a slot move and leaves it half-way: clients get ASK for the keys that were moved, until `finish()`. */
  async beginSlotMove(slot: number, toNode: number): Promise<SlotMove> {
    const from = await this.ownerOf(slot);
    if (from === null) throw new Error(`slot ${slot} is served by no living node`);
    return SlotMove.begin(this.nodes, slot, from, this.node(toNode));
  }

  /** Kills a node that is a master (as a crash does). Its replica takes over: `await waitUntilHealthy()`. */
  async killMaster(index: number): Promise<void> {
    const { server } = this.node(index);
    const [role] = (await server.command('ROLE')) as [string];
    if (role !== 'master') throw new Error(`node ${index} is a ${role}, not a master`);
    await server.kill('SIGKILL');
  }

  /** Waits until the living nodes agree that every slot is served, and every living replica follows its master. */
  async waitUntilHealthy(timeoutMs = HEALTHY_TIMEOUT_MS): Promise<void> {
    let problem = '';
    await waitFor(async () => (problem = await this.findProblem()) === '', {
      timeoutMs,
      intervalMs: 50,
      message: () => `the cluster is healthy: ${problem}`,
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ server }) => server.stop()));
  }

  private async findProblem(): Promise<string> {
    const living = this.nodes.filter(({ server }) => server.isRunning);
    for (const { index, server } of living) {
      const info = await text(server, 'CLUSTER', 'INFO');
      if (!info.includes('cluster_state:ok')) return `node ${index} says ${info.split('\r\n')[0]}`;
      if (!info.includes(`cluster_slots_ok:${SLOTS}`)) return `node ${index} misses slots`;
      const role = (await server.command('ROLE')) as (string | number)[];
      if (role[0] === 'slave' && role[3] !== 'connected') return `replica ${index} is ${role[3]}`;
      const problem = findSlotProblem(await slotOwners(server), living);
      if (problem !== null) return `node ${index} believes that ${problem}`;
    }
    return '';
  }

  private async join(masters: number): Promise<void> {
    const share = SLOTS / masters;
    for (const { index, server } of this.nodes) {
      await server.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      if (index >= masters) continue;
      const [from, to] = [Math.round(index * share), Math.round((index + 1) * share) - 1];
      await server.command('CLUSTER', 'ADDSLOTSRANGE', from, to);
    }
    // Each meets each: what they would hear of each other by gossip takes seconds.
    for (const { index, server } of this.nodes) {
      const others = this.nodes.slice(index + 1).map((node) => node.server);
      for (const other of others)
        await server.command('CLUSTER', 'MEET', '127.0.0.1', other.port, await busPort(other));
    }
    await this.waitUntilAllKnowAll();
    for (const { index, server } of this.nodes.slice(masters)) {
      await server.command('CLUSTER', 'REPLICATE', this.node((index - masters) % masters).id);
    }
  }

  private async waitUntilAllKnowAll(): Promise<void> {
    const knowsAll = async ({ server }: ClusterNode): Promise<boolean> => {
      const lines = (await text(server, 'CLUSTER', 'NODES')).trim().split('\n');
      return lines.length === this.nodes.length && !lines.some((line) => line.includes('handshake'));
    };
    await waitFor(async () => (await Promise.all(this.nodes.map(knowsAll))).every(Boolean), {
      timeoutMs: HEALTHY_TIMEOUT_MS,
      message: 'all nodes of the cluster have met',
    });
  }
}

/** A port of the cluster's own bus may be taken in between, as any other. */
async function startNode(options: ClusterOptions, attempt = 1): Promise<RedisServer> {
  const settings = {
    '--cluster-enabled': 'yes',
    '--cluster-node-timeout': String(options.nodeTimeoutMs ?? 2_000),
    '--cluster-port': String(await freePort()),
    '--cluster-allow-replica-migration': 'no',
    '--cluster-replica-validity-factor': '0',
    '--repl-diskless-sync-delay': '0',
    // A replica counts once its master has written something, be it this ping; the default is ten seconds.
    '--repl-ping-replica-period': '1',
  };
  try {
    return await startRedis({ args: [...Object.entries(settings).flat(), ...(options.args ?? [])] });
  } catch (error) {
    if (attempt === 3 || !String(error).includes('Address already in use')) throw error;
    return startNode(options, attempt + 1);
  }
}

interface SlotRange {
  readonly from: number;
  readonly to: number;
  /** Of the master, then of its replicas. */
  readonly ids: readonly string[];
}

async function slotOwners(server: RedisServer): Promise<SlotRange[]> {
  const ranges = (await server.command('CLUSTER', 'SLOTS')) as [number, number, ...[string, number, string][]][];
  return ranges.map(([from, to, ...nodes]) => ({ from, to, ids: nodes.map((node) => node[2]) }));
}

function findSlotProblem(ranges: readonly SlotRange[], living: readonly ClusterNode[]): string | null {
  const dead = ranges.find(({ ids }) => !living.some(({ id }) => id === ids[0]));
  if (dead !== undefined) return `slots ${dead.from}-${dead.to} are served by a dead node`;
  const missing = living.find(({ id }) => !ranges.some(({ ids }) => ids.includes(id)));
  return missing === undefined ? null : `node ${missing.index} serves nothing and replicates nobody`;
}

async function busPort(server: RedisServer): Promise<string> {
  const reply = await server.command('CONFIG', 'GET', 'cluster-port');
  const pairs = Array.isArray(reply) ? (reply as string[]) : Object.entries(reply as Record<string, string>).flat();
  return pairs[1] ?? '';
}

async function text(server: RedisServer, name: string, ...args: (string | number)[]): Promise<string> {
  return String(await server.command(name, ...args));
}

/** Starts a real Redis Cluster and waits until it serves every slot. Takes some seconds: one per spec file. */
export function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  return RedisCluster.start(options);
}
