import { type RespConnection } from '../resp/connection.js';
import { type Reply } from '../resp/parser.js';
import { type Shard } from '../shard.js';
import { BlockingWatch } from './blocking-watch.js';
import { type Tail } from './tail.js';

/** The tail's connection to one node: followed streams are read on it, and it is told which of them changed. */
export class TailConnection {
  readonly connection: RespConnection;
  private watch: BlockingWatch | null = null;

  constructor(
    private readonly shard: Shard,
    private readonly tail: Tail,
    onWarning: (message: string) => void,
  ) {
    let hasTracking = true;
    this.connection = shard.open(
      'sluice-tail',
      {
        onReady: () => {
          if (!hasTracking) this.watch ??= new BlockingWatch(shard, tail);
          tail.wakeAll(shard);
        },
        onDown: () => (hasTracking = true),
        onPush: (items) => this.take(items),
      },
      {
        greeting: [['CLIENT', 'TRACKING', 'ON']],
        onGreetingError: (_command, error) => {
          hasTracking = false;
          onWarning(
            `Redis at ${shard.name} refuses change notices (${error.message}): followers wait with XREAD BLOCK instead`,
          );
        },
      },
    );
  }

  get isIdle(): boolean {
    return this.connection.waitingCount === 0;
  }

  /** Followed streams of this node have changed: without notices, the blocking read must name them anew. */
  followersChanged(): void {
    this.watch?.restart();
  }

  close(): void {
    this.watch?.close();
    this.shard.release(this.connection);
  }

  private take(items: Reply[]): void {
    const kind = items[0];
    if (!(kind instanceof Uint8Array) || kind.toString() !== 'invalidate') return;
    const keys = items[1];
    if (!Array.isArray(keys)) return this.tail.wakeAll(this.shard);
    for (const key of keys) if (key instanceof Uint8Array) this.tail.noticed((key as Buffer).toString('utf8'));
  }
}
