import { type SluiceError } from '@sluice/contracts';
import { compareEntryIds } from '@sluice/wire';
import { waitFor } from '@sluice/testing';
import { type AppendSink, type Follower, type StreamLog } from '../src/index.js';
import { Collector } from './collector.js';

interface Push {
  readonly key: string;
  readonly payload: string;
}

export interface Acknowledged extends Push {
  readonly id: string;
  readonly atMs: number;
}

const PUSHES_A_TURN = 5;
const TURN_MS = 2;

/** Writes numbered entries to several streams without pause, and remembers what became of each. */
export class Load implements AppendSink {
  readonly acknowledged: Acknowledged[] = [];
  readonly refused: (Push & { readonly code: string })[] = [];
  private readonly pushes: Push[] = [];
  private readonly numbers = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly log: StreamLog,
    readonly keys: readonly string[],
    private readonly maxInFlight = 500,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.turn(), TURN_MS);
  }

  /** Waits until every push has its answer. */
  async stop(timeoutMs = 40_000): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await waitFor(() => this.inFlight === 0, { timeoutMs, message: () => `${this.inFlight} pushes without an answer` });
  }

  /** Resolves when so many more entries were acknowledged. */
  async waitForMore(count: number, timeoutMs = 30_000): Promise<void> {
    const wanted = this.acknowledged.length + count;
    const message = (): string =>
      `${wanted} acknowledged, there are ${this.acknowledged.length}; refused: ${this.codes().join(', ')}`;
    await waitFor(() => this.acknowledged.length >= wanted, { timeoutMs, message });
  }

  get inFlight(): number {
    return this.pushes.length - this.acknowledged.length - this.refused.length;
  }

  /** The codes that refused pushes got. */
  codes(): string[] {
    return [...new Set(this.refused.map(({ code }) => code))].sort();
  }

  onAppended(token: number, id: string): void {
    this.acknowledged.push({ ...this.pushAt(token), id, atMs: Date.now() });
  }

  onRefused(token: number, error: SluiceError): void {
    this.refused.push({ ...this.pushAt(token), code: error.code });
  }

  private turn(): void {
    for (const key of this.keys) {
      for (let n = 0; n < PUSHES_A_TURN && this.inFlight < this.maxInFlight; n++) this.push(key);
    }
  }

  private push(key: string): void {
    const number = (this.numbers.get(key) ?? 0) + 1;
    this.numbers.set(key, number);
    const payload = String(number);
    this.pushes.push({ key, payload });
    this.log.push(key, Buffer.from(payload), this, this.pushes.length - 1);
  }

  private pushAt(token: number): Push {
    const push = this.pushes[token];
    if (push === undefined) throw new Error(`no push has the token ${token}`);
    return push;
  }
}

/** One follower of each stream, from the start. */
export class Followers {
  readonly collectors = new Map<string, Collector>();
  private readonly followers: Follower[];

  constructor(log: StreamLog, keys: readonly string[], after = '0-0') {
    this.followers = keys.map((key) => {
      const collector = new Collector();
      this.collectors.set(key, collector);
      return log.follow(key, { after }, collector);
    });
  }

  async ready(): Promise<void> {
    await Promise.all(this.followers.map((follower) => follower.ready));
  }

  of(key: string): Collector {
    const collector = this.collectors.get(key);
    if (collector === undefined) throw new Error(`nobody follows ${key}`);
    return collector;
  }

  /** Waits until every follower has the last entry of its stream. */
  async catchUp(stored: ReadonlyMap<string, readonly Stored[]>, timeoutMs = 20_000): Promise<void> {
    const behind = (): string[] =>
      [...stored].filter(([key, entries]) => this.of(key).ids.at(-1) !== entries.at(-1)?.id).map(([key]) => key);
    await waitFor(() => behind().length === 0, {
      timeoutMs,
      message: () => `followers of ${behind().join(', ')} are level`,
    });
  }

  close(): void {
    for (const follower of this.followers) follower.close();
  }
}

export interface Stored {
  readonly id: string;
  readonly payload: string;
}

/** What the log holds of each stream. */
export async function readAll(log: StreamLog, keys: readonly string[]): Promise<Map<string, Stored[]>> {
  const all = new Map<string, Stored[]>();
  for (const key of keys) {
    const entries: Stored[] = [];
    for (;;) {
      const start = entries.length === 0 ? '-' : `(${entries.at(-1)?.id}`;
      const page = await log.reader.range(key, { start, end: '+', count: 1_000 });
      if (page.length === 0) break;
      for (const { id, payload } of page) entries.push({ id, payload: Buffer.from(payload).toString() });
    }
    all.set(key, entries);
  }
  return all;
}

/** Entries that were acknowledged and are not in the log. */
export function findLost(load: Load, stored: ReadonlyMap<string, readonly Stored[]>): Acknowledged[] {
  const held = new Map(
    [...stored].map(([key, entries]) => [key, new Map(entries.map((entry) => [entry.id, entry.payload]))]),
  );
  return load.acknowledged.filter(({ key, id, payload }) => held.get(key)?.get(id) !== payload);
}

/** Payloads of a stream that stand in the log more than once. */
export function findDoubled(entries: readonly Stored[]): string[] {
  const seen = new Set<string>();
  return entries.filter(({ payload }) => seen.size === seen.add(payload).size).map(({ payload }) => payload);
}

/** The first place where ids do not rise, or null. */
export function findDisorder(ids: readonly string[]): string | null {
  const at = ids.findIndex((id, index) => index > 0 && compareEntryIds(ids[index - 1] ?? '', id) >= 0);
  return at < 0 ? null : `${ids[at - 1]} before ${ids[at]}`;
}

/** The first place where a writer's numbers do not rise, or null: its entries keep the order they were pushed in. */
export function findOvertaking(entries: readonly Stored[]): string | null {
  const at = entries.findIndex(
    ({ payload }, index) => index > 0 && Number(entries[index - 1]?.payload) >= Number(payload),
  );
  return at < 0 ? null : `${entries[at - 1]?.payload} before ${entries[at]?.payload}`;
}
