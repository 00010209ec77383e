import { type RedisServer } from './redis-server.js';

/** A node of a test's cluster: a server with its cluster id. */
export interface ClusterNode {
  readonly index: number;
  readonly id: string;
  readonly server: RedisServer;
}

export interface SlotMoveOptions {
  /** Keys per MIGRATE. Default 10. */
  readonly batchKeys?: number;
  /** Stop after so many keys, so that the slot stays half moved. Default: all. */
  readonly maxKeys?: number;
}

/** A slot on its way from one master to another. */
export class SlotMove {
  private constructor(
    private readonly nodes: readonly ClusterNode[],
    readonly slot: number,
    readonly from: ClusterNode,
    readonly to: ClusterNode,
  ) {}

  /** IMPORTING on the target, MIGRATING on the source: new keys of the slot now go to the target by ASK. */
  static async begin(
    nodes: readonly ClusterNode[],
    slot: number,
    from: ClusterNode,
    to: ClusterNode,
  ): Promise<SlotMove> {
    if (from !== to) {
      await to.server.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
      await from.server.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
    }
    return new SlotMove(nodes, slot, from, to);
  }

  /** Moves keys, in batches; resolves with how many. */
  async migrateKeys({ batchKeys = 10, maxKeys = Infinity }: SlotMoveOptions = {}): Promise<number> {
    if (this.from === this.to) return 0;
    let moved = 0;
    while (moved < maxKeys) {
      const limit = Math.min(batchKeys, maxKeys - moved);
      const keys = (await this.from.server.command('CLUSTER', 'GETKEYSINSLOT', this.slot, limit)) as string[];
      if (keys.length === 0) break;
      await this.from.server.command('MIGRATE', '127.0.0.1', this.to.server.port, '', 0, 10_000, 'KEYS', ...keys);
      moved += keys.length;
    }
    return moved;
  }

  /** Moves what is left and gives the slot to the target; every master is told. */
  async finish(): Promise<void> {
    if (this.from === this.to) return;
    await this.migrateKeys();
    await this.to.server.command('CLUSTER', 'SETSLOT', this.slot, 'NODE', this.to.id);
    await this.from.server.command('CLUSTER', 'SETSLOT', this.slot, 'NODE', this.to.id);
    for (const node of this.nodes.filter(({ server }) => server.isRunning)) {
      const [role] = (await node.server.command('ROLE')) as [string];
      if (role === 'master') await node.server.command('CLUSTER', 'SETSLOT', this.slot, 'NODE', this.to.id);
    }
  }
}
