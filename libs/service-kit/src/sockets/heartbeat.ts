import { type Connection } from './connection.js';

/** A period's pings are spread over so many moments, or thousands of sockets would all be pinged at once. */
const BUCKETS = 20;

interface Beat {
  readonly connection: Connection;
  /** Counters at the last check, before its ping. */
  readBytes: number;
  takenBytes: number;
  queuedBytes: number;
  hadBacklog: boolean;
  isPinged: boolean;
}

/**
 * Finds peers that are gone without a word: each socket is pinged once a period, and cut when in the period after the
 * ping not one byte came in. A slow reader whose backlog shrinks is alive although its answer is late. No work per
 * message: the socket's own byte counters tell.
 */
export class Heartbeat {
  readonly #buckets: Set<Beat>[] = Array.from({ length: BUCKETS }, () => new Set());
  readonly #timer: NodeJS.Timeout;
  #next = 0;
  #assigned = 0;

  constructor(periodMs: number) {
    this.#timer = setInterval(() => {
      this.#tick();
    }, periodMs / BUCKETS).unref();
  }

  add(connection: Connection): void {
    const beat: Beat = { connection, readBytes: 0, takenBytes: 0, queuedBytes: 0, hadBacklog: false, isPinged: false };
    const bucket = this.#buckets[this.#assigned % BUCKETS];
    this.#assigned += 1;
    bucket?.add(beat);
    connection.ws.once('close', () => bucket?.delete(beat));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const bucket = this.#buckets[this.#next] ?? new Set<Beat>();
    this.#next = (this.#next + 1) % BUCKETS;
    for (const beat of bucket) check(beat);
  }
}

function check(beat: Beat): void {
  const { connection } = beat;
  const { raw, ws } = connection;
  if (beat.isPinged && isSilent(beat)) {
    ws.terminate();
    return;
  }
  beat.readBytes = raw.bytesRead;
  beat.takenBytes = takenBytes(connection);
  beat.queuedBytes = queuedBytes(connection);
  beat.hadBacklog = raw.writableLength > 0;
  beat.isPinged = connection.isOpen;
  if (beat.isPinged) ws.ping();
}

function isSilent(beat: Beat): boolean {
  const { connection } = beat;
  // While we do not read, nothing can come in: silence proves nothing.
  if (connection.isUnread || connection.raw.bytesRead !== beat.readBytes) return false;
  const isTaking = takenBytes(connection) > beat.takenBytes || queuedBytes(connection) < beat.queuedBytes;
  return !(beat.hadBacklog && isTaking);
}

/** Bytes of the writes that the operating system took as a whole. */
function takenBytes({ raw }: Connection): number {
  return raw.bytesWritten - raw.writableLength;
}

/**
 * Bytes left of the write that is under way, which may be tens of megabytes. Only the handle knows; Node's own socket
 * timeout looks at it the same way.
 */
function queuedBytes({ raw }: Connection): number {
  const { _handle: handle } = raw as { readonly _handle?: { readonly writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}
