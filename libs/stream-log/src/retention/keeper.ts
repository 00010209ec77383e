import { SluiceError } from '@sluice/contracts';
import { type RedisCommands } from '../redis-commands.js';
import { FactsReader, averageBytes, type StreamFacts, type StreamSize } from '../admin/facts.js';
import { RETENTION_STREAMS_KEY, retentionKey } from '../keys.js';
import { type RetentionSource } from '../retention-source.js';
import { ENFORCE_RETENTION } from '../scripts/enforce-retention.js';
import { type RetentionPolicy } from '../types.js';
import { UNBOUNDED, plannedMaxLen, type RetentionRule } from './policy.js';

export interface RetentionKeeperOptions {
  /** What holds for streams that have no retention of their own. */
  readonly defaultRule: RetentionRule;
  /** How often the streams being written are looked at. Default 2 000. */
  readonly refreshEveryMs?: number;
}

const REFRESH_EVERY_MS = 2_000;
/** Seconds that the caller's write window covers, at the least. */
const WINDOW_SECONDS = 10;
/** Rates of so many refreshes are remembered, so that a burst is kept for as long as the default promises. */
const REMEMBERED_RATES = 6;
/** A stream that nobody asked about for so many refreshes is forgotten. */
const FORGET_AFTER_REFRESHES = 15;
const MAX_STREAMS = 50_000;
const BATCH_STREAMS = 500;

interface StreamState {
  /** Refresh during which it was last asked about. */
  askedAt: number;
  /** Unknown until the first look: nothing may be trimmed by a rule that perhaps does not hold. */
  isKnown: boolean;
  policy: RetentionPolicy | null;
  averageBytes: number;
  /** Entries a second of all writers, one for each refresh. */
  rates: number[];
  previous: StreamFacts | null;
}

/**
 * Knows, for the streams this process writes, the `MAXLEN ~` of the next write: from the stream's own retention or the
 * default, its rate over all writers, and the size of its entries. It looks at the active streams only, in one pipeline every two seconds,
 * which also trims them by age and bytes where somebody set such a bound. So a change made by another process holds here within seconds.
 */
export class RetentionKeeper implements RetentionSource {
  readonly trimsEveryEntry: boolean;
  private readonly reader: FactsReader;
  private readonly states = new Map<string, StreamState>();
  private readonly unread = new Set<string>();
  private readonly timer: NodeJS.Timeout;
  private refreshCount = 0;
  private isReading = false;
  private isReadScheduled = false;
  private isClosed = false;

  constructor(
    private readonly client: RedisCommands,
    private readonly options: RetentionKeeperOptions,
  ) {
    this.reader = new FactsReader(client);
    this.trimsEveryEntry = options.defaultRule.kind === 'fixed';
    this.timer = setInterval(() => this.refresh(), options.refreshEveryMs ?? REFRESH_EVERY_MS).unref();
  }

  /** See {@link RetentionSource.maxLenFor}; no bound for the milliseconds until a stream was looked at for the first time. */
  maxLenFor(key: string, window: { readonly entryCount: number; readonly byteCount: number }): number {
    const state = this.states.get(key) ?? this.add(key);
    state.askedAt = this.refreshCount;
    if (!state.isKnown) return UNBOUNDED;
    const written = window.entryCount === 0 ? 0 : window.byteCount / window.entryCount;
    return plannedMaxLen({
      ratePerSecond: Math.max(window.entryCount / WINDOW_SECONDS, ...state.rates),
      averageBytes: Math.max(written, state.averageBytes),
      rule: state.policy === null ? this.options.defaultRule : { kind: 'at-most', ...state.policy },
    });
  }

  /** Looks at a stream again now, because its retention was changed here. */
  noteChange(key: string): void {
    if (this.states.has(key)) this.readSoon(key);
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
  }

  private add(key: string): StreamState {
    const oldest = this.states.size >= MAX_STREAMS ? this.states.keys().next() : null;
    if (oldest !== null && oldest.done !== true) this.states.delete(oldest.value);
    const state: StreamState = {
      askedAt: this.refreshCount,
      isKnown: false,
      policy: null,
      averageBytes: 0,
      rates: [],
      previous: null,
    };
    this.states.set(key, state);
    this.readSoon(key);
    return state;
  }

  private refresh(): void {
    const since = this.refreshCount++;
    for (const [key, state] of this.states) {
      if (state.askedAt >= since) this.unread.add(key);
      else if (state.askedAt + FORGET_AFTER_REFRESHES < since) this.states.delete(key);
    }
    void this.readAll();
  }

  private readSoon(key: string): void {
    this.unread.add(key);
    if (this.isReadScheduled) return;
    this.isReadScheduled = true;
    setImmediate(() => {
      this.isReadScheduled = false;
      void this.readAll();
    });
  }

  private async readAll(): Promise<void> {
    if (this.isReading) return;
    this.isReading = true;
    try {
      while (this.unread.size > 0 && !this.isClosed) {
        const keys = [...this.unread].slice(0, BATCH_STREAMS);
        for (const key of keys) this.unread.delete(key);
        await this.read(keys);
      }
    } finally {
      this.isReading = false;
    }
  }

  /** Failures leave what was known: the next refresh tries again. */
  private async read(keys: readonly string[]): Promise<void> {
    const sizes = await this.reader.sizes(keys).catch(() => []);
    const bounded: string[] = [];
    const rated: string[] = [];
    for (const [index, size] of sizes.entries()) {
      const key = keys[index] ?? '';
      const state = this.states.get(key);
      if (state === undefined || size instanceof SluiceError) continue;
      if (size.policy !== null) bounded.push(key);
      else if (this.needsRate(size)) rated.push(key);
      this.learn(key, state, size);
    }
    await this.enforce(bounded);
    await this.measure(rated);
  }

  private learn(key: string, state: StreamState, size: StreamSize): void {
    if (size.policy !== null && (!state.isKnown || state.policy === null)) this.register(key);
    state.averageBytes = averageBytes(size);
    state.policy = size.policy;
    state.isKnown = true;
  }

  /** By age, by bytes, and by what other writers added. */
  private async enforce(keys: readonly string[]): Promise<void> {
    const calls = keys.map((key) => ({ keys: [key, retentionKey(key)], subject: `retention of "${key}"` }));
    await this.client.runScriptForEach(ENFORCE_RETENTION, calls).catch(() => undefined);
  }

  /** A rate decides only where the default holds and its bytes do not decide before. */
  private needsRate(size: StreamSize): boolean {
    const { defaultRule } = this.options;
    return defaultRule.kind === 'at-least' && averageBytes(size) * defaultRule.minEntries < defaultRule.maxBytes;
  }

  private async measure(keys: readonly string[]): Promise<void> {
    const facts = await this.reader.facts(keys).catch(() => []);
    keys.forEach((key, index) => {
      const [state, now] = [this.states.get(key), facts[index]];
      if (state === undefined || now === undefined || now instanceof SluiceError) return;
      const { previous } = state;
      const elapsedMs = previous === null ? 0 : now.timeMs - previous.timeMs;
      const added = previous === null ? 0 : now.entriesAdded - previous.entriesAdded;
      if (elapsedMs > 0 && added >= 0) {
        state.rates.push((added * 1_000) / elapsedMs);
        if (state.rates.length > REMEMBERED_RATES) state.rates.shift();
      }
      state.previous = now;
    });
  }

  /** A process that ended between setting a retention and listing it leaves it off the sweep's list: this puts it right. */
  private register(key: string): void {
    const command = { name: 'SADD', args: [RETENTION_STREAMS_KEY, key], subject: `retention of "${key}"` };
    this.client.run(command).catch(() => undefined);
  }
}
