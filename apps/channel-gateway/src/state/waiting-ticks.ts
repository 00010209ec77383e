import { type LogEntry } from '@sluice/stream-log';
import { type StateWindow } from './pending.js';

const CHUNK_BYTES = 256 * 1024;
const LENGTH_BYTES = 4;

/** Ticks one after the other, each `u32 bytes of the position · u32 bytes of the payload · position · payload`. */
interface Chunk {
  readonly memory: Buffer;
  used: number;
  ticks: number;
}

type Tick = Pick<LogEntry, 'id' | 'payload'>;

/**
 * The newest ticks of a channel, as bytes: of most of them nobody ever asks, so they are read when somebody does. Memory of the oldest
 * is used again, and nothing of them is left to the collector.
 */
export class WaitingTicks {
  private chunks: Chunk[] = [];
  private spare: Chunk | null = null;
  private ticks = 0;
  private bytes = 0;

  /** @param window at least so many ticks are kept, as far as they fit into its bytes, and not many more */
  constructor(private readonly window: StateWindow) {}

  get size(): number {
    return this.ticks;
  }

  put({ id, payload }: Tick): void {
    const size = 2 * LENGTH_BYTES + id.length + payload.length;
    const chunk = this.chunkFor(size);
    const { memory, used } = chunk;
    memory.writeUInt32LE(id.length, used);
    memory.writeUInt32LE(payload.length, used + LENGTH_BYTES);
    memory.write(id, used + 2 * LENGTH_BYTES, 'latin1');
    memory.set(payload, used + 2 * LENGTH_BYTES + id.length);
    chunk.used += size;
    chunk.ticks += 1;
    this.ticks += 1;
    this.bytes += size;
    this.forgetOldest();
  }

  /** The oldest ticks that are here, some at a time; they are here no longer. None: that were all. */
  take(): Tick[] {
    const [chunk] = this.chunks;
    if (chunk === undefined) return [];
    this.drop();
    const taken: Tick[] = [];
    for (let at = 0; at < chunk.used;) {
      const start = at + 2 * LENGTH_BYTES;
      const middle = start + chunk.memory.readUInt32LE(at);
      const end = middle + chunk.memory.readUInt32LE(at + LENGTH_BYTES);
      taken.push({ id: chunk.memory.toString('latin1', start, middle), payload: chunk.memory.subarray(middle, end) });
      at = end;
    }
    return taken;
  }

  clear(): void {
    this.chunks = [];
    this.spare = null;
    this.ticks = 0;
    this.bytes = 0;
  }

  private chunkFor(size: number): Chunk {
    const last = this.chunks.at(-1);
    if (last !== undefined && last.used + size <= last.memory.length) return last;
    const chunk = (size <= CHUNK_BYTES ? this.spare : null) ?? newChunk(Math.max(size, CHUNK_BYTES));
    if (chunk === this.spare) this.spare = null;
    this.chunks.push(chunk);
    return chunk;
  }

  private forgetOldest(): void {
    for (let [chunk] = this.chunks; chunk !== undefined && this.chunks.length > 1; [chunk] = this.chunks) {
      const isSpared = this.ticks - chunk.ticks >= this.window.records || this.bytes > this.window.bytes;
      if (!isSpared) return;
      this.drop();
      if (chunk.memory.length === CHUNK_BYTES) this.spare = Object.assign(chunk, { used: 0, ticks: 0 });
    }
  }

  private drop(): void {
    const chunk = this.chunks.shift();
    this.ticks -= chunk?.ticks ?? 0;
    this.bytes -= chunk?.used ?? 0;
  }
}

function newChunk(bytes: number): Chunk {
  // Not from Node's pool: it lives on.
  return { memory: Buffer.allocUnsafeSlow(bytes), used: 0, ticks: 0 };
}
