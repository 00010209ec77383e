import { setTimeout as delay } from 'node:timers/promises';
import { type RespConnection } from '../resp/connection.js';
import { type Reply } from '../resp/parser.js';
import { type Shard } from '../shard.js';
import { type FollowedStream } from './followed-stream.js';
import { type Tail } from './tail.js';

const BLOCK_MS = 500;
const PAUSE_MS = 50;

/**
 * Wakes streams where a proxy or the server's rules refuse change notices: one blocking read over all followed streams of a node.
 * Slower the more streams are followed, and only ever a fallback. On a cluster, where one read cannot span slots, it asks in turn.
 */
export class BlockingWatch {
  private readonly connection: RespConnection;
  private clientId = 0;
  private closed = false;

  constructor(
    private readonly shard: Shard,
    private readonly tail: Tail,
  ) {
    this.connection = shard.open('sluice-tail-watch', { onReady: () => void this.loop(), onDown: () => undefined });
  }

  /** Ends the wait under way, so that the next one names the streams followed now. */
  restart(): void {
    if (this.clientId > 0) void this.shard.run(['CLIENT', 'UNBLOCK', this.clientId]).catch(() => undefined);
  }

  close(): void {
    this.closed = true;
    this.shard.release(this.connection);
  }

  private async loop(): Promise<void> {
    try {
      this.clientId = Number(await this.connection.send(['CLIENT', 'ID']));
      while (!this.closed && this.connection.isReady) await this.round();
    } catch {
      // The connection is lost; the next one starts the loop anew.
      this.clientId = 0;
    }
  }

  private async round(): Promise<void> {
    const streams = this.tail.liveStreamsOf(this.shard);
    if (streams.length === 0) {
      await delay(PAUSE_MS);
      return;
    }
    const groups = this.tail.isCluster ? streams.map((stream) => [stream]) : [streams];
    const blocking = groups.length === 1 ? ['BLOCK', BLOCK_MS] : [];
    const replies = await Promise.all(
      groups.map((group) =>
        this.connection.send(['XREAD', 'COUNT', 1, ...blocking, 'STREAMS', ...keysAndPositions(group)]),
      ),
    );
    for (const key of replies.flatMap(keysOfRead)) this.tail.noticed(key);
    // A woken stream moves on only when its own read is done: without a pause this loop would spin until then.
    await delay(blocking.length > 0 ? 1 : PAUSE_MS);
  }
}

export function keysAndPositions(streams: readonly FollowedStream[]): string[] {
  return [...streams.map((stream) => stream.key), ...streams.map((stream) => stream.readFrom)];
}

/** The streams that an XREAD reply has entries of. */
export function keysOfRead(reply: Reply): string[] {
  if (!Array.isArray(reply)) return [];
  const names = Array.isArray(reply[0])
    ? reply.map((pair) => (Array.isArray(pair) ? pair[0] : null))
    : reply.filter((_, index) => index % 2 === 0);
  return names.filter((name) => name instanceof Uint8Array).map((name) => (name as Buffer).toString('utf8'));
}
