import { bytesOfLeaves, type Leaf } from './leaves.js';

/** Bytes that the index may take, all its kinds together, about. */
export class IndexMemory {
  usedBytes = 0;

  constructor(readonly limitBytes: number) {}
}

interface Kept {
  readonly leaves: readonly Leaf[];
  readonly bytes: number;
}

/** About what a thing takes beside its name and its values. */
const THING_BYTES = 200;

/** Things of one kind with the values of their metadata, as far as the memory goes. */
export class KeptThings {
  private readonly things = new Map<string, Kept>();
  private sorted: string[] | null = null;

  constructor(private readonly memory: IndexMemory) {}

  /** Sorted. */
  get names(): readonly string[] {
    this.sorted ??= [...this.things.keys()].sort();
    return this.sorted;
  }

  leavesOf(name: string): readonly Leaf[] {
    return this.things.get(name)?.leaves ?? [];
  }

  /** Keeps a thing, in place of what was known of it. @returns false: there is no room, and nothing is known of it now */
  keep(name: string, leaves: readonly Leaf[]): boolean {
    const { memory, things } = this;
    const before = things.get(name);
    const bytes = THING_BYTES + 2 * name.length + bytesOfLeaves(leaves);
    if (memory.usedBytes - (before?.bytes ?? 0) + bytes > memory.limitBytes) {
      this.forget(name);
      return false;
    }
    memory.usedBytes += bytes - (before?.bytes ?? 0);
    if (before === undefined) this.sorted = null;
    things.set(name, { leaves, bytes });
    return true;
  }

  forget(name: string): void {
    const before = this.things.get(name);
    if (before === undefined) return;
    this.memory.usedBytes -= before.bytes;
    this.things.delete(name);
    this.sorted = null;
  }
}
