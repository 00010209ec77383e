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
import { type AnswerShare } from '../answers/answer-share.js';
import { EdgeEntries, type Edge } from './edge-entries.js';
import { readGroupLags, type GroupLag } from './group-lags.js';
import { type StreamRates } from './stream-rates.js';

/** Streams that are read at a time. */
const MAX_BATCH = 1_000;
/** Why something of one stream cannot be told, while all else can. */
const OF_ONE: ReadonlySet<string> = new Set(['WRONG_KEY_TYPE', 'MESSAGE_TOO_LARGE']);

/** What is asked of some things at once, joined with what others ask in the same turn. */
type Loader<K, V> = DataLoader<readonly K[], readonly V[]>;

/**
 * Reads what the fields of one operation ask of streams: that of all streams that are asked about at the same time together. Nothing is
 * kept: whoever asks does. They reject with what concerns all of them, such as `LOG_UNAVAILABLE`.
 */
export class StreamLoaders {
  /** What Redis says; `exists` is false where there is no stream, and an error stands for a key that holds something else. */
  readonly facts: Loader<string, StreamFacts | SluiceError>;
  /** Metadata as JSON; null for none. */
  readonly meta: Loader<string, string | null>;
  readonly groups: Loader<string, readonly GroupLag[]>;
  /** First and last entries; null for none, an error where the answer is full. */
  readonly entries: Loader<Edge, LogEntry | SluiceError | null>;
  private readonly rates: StreamRates;

  constructor(
    commands: RedisCommands,
    log: StreamLog,
    { meta, rates, share }: { readonly meta: StreamMeta; readonly rates: StreamRates; readonly share: AnswerShare },
  ) {
    this.rates = rates;
    const reader = new FactsReader(commands);
    const edges = new EdgeEntries(log);
    this.facts = joined((keys) => reader.facts(keys, { hasPolicy: false, makeRoom: (bytes) => share.borrow(bytes) }));
    this.meta = joined((keys) => meta.getMany(keys));
    this.groups = joined((keys) => readGroupLags(commands, keys));
    this.entries = joined((wanted) => edges.read(wanted));
  }

  rate(key: string, facts: StreamFacts): StreamRate {
    return this.rates.measure(key, facts);
  }
}

function joined<K, V>(read: (all: readonly K[]) => Promise<readonly V[]>): Loader<K, V> {
  return new DataLoader(
    async (asked) => {
      const all = asked.flat() as K[];
      const results: V[] = [];
      for (let at = 0; at < all.length; at += MAX_BATCH) results.push(...(await read(all.slice(at, at + MAX_BATCH))));
      assertTold(results);
      let end = 0;
      return asked.map(({ length }) => results.slice(end, (end += length)));
    },
    { cache: false },
  );
}

/** @throws what concerns more than one thing */
function assertTold(results: readonly unknown[]): void {
  for (const result of results) if (result instanceof SluiceError && !OF_ONE.has(result.code)) throw result;
}
