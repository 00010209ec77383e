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

/** Rows that newer ones have replaced are worth clearing away when there are so many of them. */
const MOST_REPLACED = 1_000;

/**
 * The newest record of each key that is not in the database yet. Never more than the state's window holds: what is beyond it would
 * be forgotten as soon as it got there.
 */
export class Pending {
  private rows = new Map<string, StateRow>();
  /** The rows in the order they came, from `oldest` on, with replaced ones among them: a map gets slow at telling its oldest. */
  private order: StateRow[] = [];
  private oldest = 0;
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
      this.bytes -= known.json.length;
    }
    this.rows.set(row.key, row);
    this.order.push(row);
    this.bytes += row.json.length;
    while (this.rows.size > this.window.records || (this.bytes > this.window.bytes && this.rows.size > 1))
      this.dropOldest();
    const most = 2 * this.rows.size + MOST_REPLACED;
    if (this.order.length - this.oldest > most) this.tidy();
    else if (this.order.length > most) this.cutDropped();
  }

  /** Everything that is here, oldest first; nothing is afterwards. */
  take(): readonly StateRow[] {
    this.tidy();
    const { order } = this;
    this.clear();
    return order;
  }

  clear(): void {
    this.rows = new Map();
    this.order = [];
    this.oldest = 0;
    this.bytes = 0;
  }

  private dropOldest(): void {
    for (let row = this.order[this.oldest]; row !== undefined; row = this.order[this.oldest]) {
      this.oldest += 1;
      if (this.rows.get(row.key) !== row) continue;
      this.rows.delete(row.key);
      this.bytes -= row.json.length;
      return;
    }
  }

  private tidy(): void {
    this.cutDropped();
    this.order = this.order.filter((row) => this.rows.get(row.key) === row);
  }

  private cutDropped(): void {
    this.order = this.order.slice(this.oldest);
    this.oldest = 0;
  }
}

/** Whether the first row ticked after the second one. */
export function isNewer(one: StateRow, other: StateRow): boolean {
  const order = compareEntryIds(one.position, other.position);
  return order > 0 || (order === 0 && one.item > other.item);
}
