/** Something that has bytes to write. */
export interface QueueMember {
  /** Writes all it has. Never called twice at once. Failures are its own to tell. */
  writeOut(): Promise<void>;
}

/** Bytes that may wait for the disk, of all streams of all recordings together. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Streams written at once: a slow disk must not take all of the few threads that every file of the process needs. */
const WRITERS = 2;

/** What waits for the disk: a bound over everything that is recorded, and a turn for each stream. */
export class WriteQueue {
  private readonly ready = new Set<QueueMember>();
  private readonly writing = new Set<QueueMember>();
  private readonly listeners = new Set<() => void>();
  private readonly idle = new Map<QueueMember, (() => void)[]>();
  private waitingBytes = 0;
  private wasFull = false;

  /** Whether more may be handed over. */
  get hasRoom(): boolean {
    if (this.waitingBytes >= MAX_WAITING_BYTES) this.wasFull = true;
    return !this.wasFull;
  }

  /** Calls back when there is room again. Returns the function that ends it. */
  onRoom(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The member has so many bytes more. */
  add(member: QueueMember, bytes: number): void {
    this.waitingBytes += bytes;
    this.ready.add(member);
    this.next();
  }

  /** So many bytes are written, or given up. */
  release(bytes: number): void {
    this.waitingBytes -= bytes;
    if (!this.wasFull || this.waitingBytes > MAX_WAITING_BYTES / 2) return;
    this.wasFull = false;
    for (const listener of this.listeners) listener();
  }

  /** Resolves when nothing of the member waits or is being written. */
  async settled(member: QueueMember): Promise<void> {
    if (!this.ready.has(member) && !this.writing.has(member)) return;
    await new Promise<void>((resolve) => this.idle.set(member, [...(this.idle.get(member) ?? []), resolve]));
  }

  /** Does something with a member that is not being written, and keeps it from being written meanwhile; false when it is. */
  async borrow(member: QueueMember, work: () => Promise<void>): Promise<boolean> {
    if (this.writing.has(member)) return false;
    this.writing.add(member);
    try {
      await work();
    } finally {
      this.finish(member);
    }
    return true;
  }

  private next(): void {
    for (const member of this.ready) {
      if (this.writing.size >= WRITERS) return;
      if (this.writing.has(member)) continue;
      this.ready.delete(member);
      this.writing.add(member);
      void member.writeOut().finally(() => this.finish(member));
    }
  }

  private finish(member: QueueMember): void {
    this.writing.delete(member);
    if (!this.ready.has(member)) {
      for (const resolve of this.idle.get(member) ?? []) resolve();
      this.idle.delete(member);
    }
    this.next();
  }
}
