import { SluiceError, type StreamInfo } from '@sluice/contracts';
import { entryTimeMs, type EntryId } from '@sluice/wire';
import { type RetentionStore } from '../retention/store.js';
import { type RedisCommands } from '../redis-commands.js';
import { FactsReader, averageBytes, type StreamFacts } from './facts.js';
import { RateMeter } from './rates.js';

/** Latest time that a JavaScript date can show. */
const MAX_DATE_MS = 8_640_000_000_000_000;

/** Of streams with larger entries, what was read a moment ago serves again: XINFO brings two of them each time. */
const LARGE_BYTES = 100_000;
const REUSE_MS = 2_000;
const MAX_REUSED = 1_000;

/** What is known of streams, as it is shown. */
export class StreamInfos {
  private readonly reader: FactsReader;
  private readonly rates = new RateMeter();
  private readonly large = new Map<string, { readonly facts: StreamFacts; readonly atMs: number }>();

  constructor(
    client: RedisCommands,
    private readonly retention: RetentionStore,
    /** False in no-prefix mode, where names have no device. */
    private readonly hasDevices: boolean,
  ) {
    this.reader = new FactsReader(client);
  }

  /** @throws SluiceError STREAM_NOT_FOUND, WRONG_KEY_TYPE, … */
  async one(key: string): Promise<StreamInfo> {
    const [facts] = await this.reader.facts([key]);
    if (facts instanceof SluiceError) throw facts;
    if (facts?.exists !== true) throw new SluiceError('STREAM_NOT_FOUND', `there is no stream "${key}"`);
    return this.describe(key, facts);
  }

  /** In the order given; streams that went meanwhile are left out. @throws SluiceError when Redis cannot be reached */
  async many(keys: readonly string[]): Promise<StreamInfo[]> {
    const known = new Map(keys.map((key) => [key, this.reusable(key)]));
    const unknown = keys.filter((key) => known.get(key) === null);
    const read = await this.reader.facts(unknown);
    unknown.forEach((key, index) => known.set(key, this.keep(key, read[index])));
    return keys.flatMap((key) => {
      const facts = known.get(key) ?? null;
      return facts === null ? [] : [this.describe(key, facts)];
    });
  }

  private reusable(key: string): StreamFacts | null {
    const entry = this.large.get(key);
    return entry !== undefined && performance.now() - entry.atMs < REUSE_MS ? entry.facts : null;
  }

  /** Null for what is no stream (any more). */
  private keep(key: string, facts: StreamFacts | SluiceError | undefined): StreamFacts | null {
    this.large.delete(key);
    if (facts instanceof SluiceError) {
      if (facts.code === 'WRONG_KEY_TYPE') return null;
      throw facts;
    }
    if (facts?.exists !== true) return null;
    if (averageBytes(facts) > LARGE_BYTES) this.large.set(key, { facts, atMs: performance.now() });
    const oldest = this.large.size > MAX_REUSED ? this.large.keys().next() : null;
    if (oldest !== null && oldest.done !== true) this.large.delete(oldest.value);
    return facts;
  }

  private describe(name: string, facts: StreamFacts): StreamInfo {
    const colon = this.hasDevices ? name.indexOf(':') : -1;
    return {
      name,
      device: colon < 0 ? '' : name.slice(0, colon),
      stream: name.slice(colon + 1),
      length: facts.length,
      bytes: facts.bytes,
      entriesAdded: facts.entriesAdded,
      firstEntryId: facts.firstEntryId,
      lastEntryId: facts.lastEntryId,
      lastGeneratedId: facts.lastGeneratedId,
      groups: facts.groups,
      ...this.rates.measure(name, facts),
      retention: this.retention.describe(facts.policy),
      lastEntryTime: facts.lastEntryId === null ? null : timeOf(facts.lastEntryId),
    };
  }
}

function timeOf(id: EntryId): string | null {
  const ms = entryTimeMs(id);
  return ms > MAX_DATE_MS ? null : new Date(ms).toISOString();
}
