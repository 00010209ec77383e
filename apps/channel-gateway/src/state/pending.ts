import { compareEntryIds, type EntryId } from '@sluice/wire';

/** One record of a state, and where it ticked. */
export interface StateRow {
  /** The values that the state is keyed by, as JSON; a long one by its digest. */
  readonly key: string;
  readonly position: EntryId;
  /** Its place in the tick. */
  readonly item: number;
  /** The record as clients get it. */
  readonly json: string;
}

/** How many records a state keeps, and how many bytes of JSON. The oldest are forgotten first. */
export interface StateWindow {
  readonly records: number;
  readonly bytes: number;
}

/**
 * The newest record of each key that is not in the database yet. Never more than the state's window holds: what is beyond it would
 * be forgotten as soon as it got there.
 */
export class Pending {
  private rows = new Map<string, StateRow>();
  private bytes = 0;

  constructor(private readonly window: StateWindow) {}

  get size(): number {
    return this.rows.size;
  }

  /** Keeps the row unless a newer one of its key is here. */
  put(row: StateRow): void {
    const known = this.rows.get(row.key);
    if (known !== undefined) {
      if (isNewer(known, row)) return;
      this.rows.delete(row.key);
      this.bytes -= known.json.length;
    }
    this.rows.set(row.key, row);
    this.bytes += row.json.length;
    while (this.rows.size > this.window.records || (this.bytes > this.window.bytes && this.rows.size > 1))
      this.dropOldest();
  }

  /** Everything that is here; nothing is afterwards. */
  take(): readonly StateRow[] {
    const taken = [...this.rows.values()];
    this.clear();
    return taken;
  }

  clear(): void {
    this.rows = new Map();
    this.bytes = 0;
  }

  private dropOldest(): void {
    const oldest = this.rows.entries().next();
    if (oldest.done === true) return;
    const [key, { json }] = oldest.value;
    this.rows.delete(key);
    this.bytes -= json.length;
  }
}

/** Whether the first row ticked after the second one. */
export function isNewer(one: StateRow, other: StateRow): boolean {
  const order = compareEntryIds(one.position, other.position);
  return order > 0 || (order === 0 && one.item > other.item);
}
