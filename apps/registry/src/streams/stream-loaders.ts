import { type StreamMeta } from '@sluice/catalog';
import { SluiceError } from '@sluice/contracts';
import {
  FactsReader,
  type LogEntry,
  type RedisCommands,
  type StreamFacts,
  type StreamLog,
  type StreamRate,
} from '@sluice/stream-log';
import DataLoader from 'dataloader';
import { EdgeEntries, type Edge } from './edge-entries.js';
import { readGroupLags, type GroupLag } from './group-lags.js';
import { type StreamRates } from './stream-rates.js';

/** Streams that are read at a time. */
const MAX_BATCH = 2_000;

/** Reads what the fields of one operation ask of streams: each thing once, and that of all streams together. */
export class StreamLoaders {
  /** What Redis says; `exists` is false where there is no stream. Rejects for a key that holds something else. */
  readonly facts: DataLoader<string, StreamFacts>;
  /** Metadata as JSON; null for none. */
  readonly meta: DataLoader<string, string | null>;
  readonly groups: DataLoader<string, GroupLag[]>;
  /** First and last entries; null for none. */
  readonly entries: DataLoader<Edge, LogEntry | null, string>;

  constructor(
    commands: RedisCommands,
    log: StreamLog,
    meta: StreamMeta,
    private readonly rates: StreamRates,
  ) {
    const reader = new FactsReader(commands);
    const edges = new EdgeEntries(log);
    const options = { maxBatchSize: MAX_BATCH };
    this.facts = new DataLoader<string, StreamFacts>((keys) => reader.facts(keys), options);
    this.meta = new DataLoader((keys) => meta.getMany(keys), options);
    this.groups = new DataLoader((keys) => readGroupLags(commands, keys), options);
    this.entries = new DataLoader<Edge, LogEntry | null, string>(
      async (wanted) => {
        const facts = await this.facts.loadMany(wanted.map(({ key }) => key));
        return edges.read(wanted, facts.map(asKnown));
      },
      { ...options, cacheKeyFn: ({ key, isLast }) => `${isLast ? '>' : '<'}${key}` },
    );
  }

  async rate(key: string): Promise<StreamRate> {
    return this.rates.measure(key, await this.facts.load(key));
  }
}

function asKnown(facts: StreamFacts | Error): StreamFacts | SluiceError {
  if (!(facts instanceof Error)) return facts;
  return facts instanceof SluiceError ? facts : new SluiceError('INTERNAL', 'facts of a stream', { cause: facts });
}
