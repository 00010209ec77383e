import { type Shard } from '../shard.js';
import { keysAndPositions, keysOfRead } from './blocking-watch.js';
import { type FollowedStream } from './followed-stream.js';
import { type Tail } from './tail.js';

const TICK_MS = 1_000;
/** Every followed stream is looked at within this many ticks. */
const TICKS_PER_ROUND = 10;
const STREAMS_PER_READ = 200;
const CACHE_IDLE_MS = 3_000;

/**
 * The safety net under the change notices: each followed stream is asked for news within ten seconds, many streams in one read.
 * It also gives back the memory of caches that nobody used for a while.
 */
export class Sweep {
  private readonly timer: NodeJS.Timeout;
  private round: FollowedStream[] = [];

  constructor(
    private readonly tail: Tail,
    private readonly streams: ReadonlyMap<string, FollowedStream>,
  ) {
    this.timer = setInterval(() => this.tick(), TICK_MS).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const unusedSince = Date.now() - CACHE_IDLE_MS;
    if (this.tail.cacheBudget.usedBytes > 0) {
      for (const stream of this.streams.values()) stream.recent.clearIfUnusedSince(unusedSince);
    }
    if (this.round.length === 0) this.round = [...this.streams.values()];
    const share = this.round.splice(0, Math.ceil(this.streams.size / TICKS_PER_ROUND));
    const byShard = Map.groupBy(
      share.filter((stream) => stream.hasLive),
      (stream) => this.tail.shardOf(stream.key),
    );
    for (const [shard, streams] of byShard) if (shard) this.ask(shard, streams);
  }

  private ask(shard: Shard, streams: FollowedStream[]): void {
    const { connection } = this.tail.connectionTo(shard);
    if (!connection.isReady) return;
    if (this.tail.isCluster) {
      // One read cannot span slots, and a redirection must be noticed: each stream is read the usual way.
      for (const stream of streams) this.tail.wake(stream);
      return;
    }
    for (let start = 0; start < streams.length; start += STREAMS_PER_READ) {
      const part = streams.slice(start, start + STREAMS_PER_READ);
      connection.send(['XREAD', 'COUNT', 1, 'STREAMS', ...keysAndPositions(part)]).then(
        (reply) => {
          for (const key of keysOfRead(reply)) this.tail.noticed(key);
        },
        () => undefined,
      );
    }
  }
}
