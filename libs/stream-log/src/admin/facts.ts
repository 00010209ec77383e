import { SluiceError } from '@sluice/contracts';
import { FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { retentionKey } from '../keys.js';
import { type RetentionPolicy } from '../types.js';
import { type RedisCommand, type RedisCommands } from '../redis-commands.js';

/** How large a stream is, and what was set for it: cheap for Redis to say, whatever the stream holds. */
export interface StreamSize {
  readonly exists: boolean;
  readonly length: number;
  /** Estimated bytes in memory. */
  readonly bytes: number;
  /** Set for this stream; null: the default holds, or it was not asked for. */
  readonly policy: RetentionPolicy | null;
  /** The server's clock. */
  readonly timeMs: number;
}

/** What Redis says of one stream at one moment. */
export interface StreamFacts extends StreamSize {
  readonly entriesAdded: number;
  readonly lastGeneratedId: EntryId;
  readonly firstEntryId: EntryId | null;
  readonly lastEntryId: EntryId | null;
  readonly groups: number;
  readonly radixTreeKeys: number;
  readonly radixTreeNodes: number;
  /** The highest id taken out by XDEL; `0-0` for none. */
  readonly maxDeletedEntryId: EntryId;
  /** The first id as Redis has noted it; `0-0` for an empty stream. */
  readonly recordedFirstEntryId: EntryId;
}

/** What Redis is asked for one stream beside its name. */
interface Question {
  readonly length: boolean;
  readonly policy: boolean;
}

export interface FactsOptions {
  /** False: the policy is not read, and null. Default true. */
  readonly hasPolicy?: boolean;
  /** Called before so many bytes of entries are brought along; resolves with what is called when they are let go. */
  readonly makeRoom?: (bytes: number) => Promise<() => void>;
}

const POLICY_FIELDS = ['maxEntries', 'maxAgeMs', 'maxBytes', 'setAt'];
/** XINFO brings the first and the last entry with it: so many bytes of them are asked for at once. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Of a stream that takes less, the mean size of an entry need not be known before. */
const SMALL_STREAM_BYTES = 16 * 1024;
/** Entries of it that a stream's memory is estimated from. */
const SAMPLES = 5;

/** Mean bytes of an entry in memory; 0 for an empty stream. */
export function averageBytes({ bytes, length }: Pick<StreamSize, 'bytes' | 'length'>): number {
  return length === 0 ? 0 : bytes / length;
}

/**
 * Reads facts of many streams at a time. Not by a script: inside one, Redis copies the entries that XINFO brings so slowly that a
 * stream of large entries would cost it milliseconds.
 */
export class FactsReader {
  constructor(private readonly client: RedisCommands) {}

  /** One result for each key, in order; the failure of one is its own. @throws SluiceError LOG_UNAVAILABLE */
  async sizes(keys: readonly string[]): Promise<(StreamSize | SluiceError)[]> {
    return this.ask(keys, { length: true, policy: true });
  }

  /** As `sizes`. */
  async facts(
    keys: readonly string[],
    { hasPolicy = true, makeRoom }: FactsOptions = {},
  ): Promise<(StreamFacts | SluiceError)[]> {
    const sizes = await this.ask(keys, { length: false, policy: hasPolicy });
    const results: (StreamFacts | SluiceError)[] = sizes.map((size) =>
      size instanceof SluiceError ? size : missing(size),
    );
    for (const { batch, bytes } of batches(sizes, await this.entryBytes(keys, sizes))) {
      const giveBack = await makeRoom?.(bytes);
      const replies = await this.client.runAll(
        batch.map((index) => {
          const key = keys[index] ?? '';
          return { name: 'XINFO', args: ['STREAM', key], subject: `stream "${key}"`, isBinary: true };
        }),
      );
      batch.forEach((index, at) => {
        const [size, reply] = [sizes[index], replies[at]];
        if (size === undefined || size instanceof SluiceError) return;
        results[index] = reply instanceof SluiceError ? withoutInfo(size, reply) : withInfo(size, reply);
      });
      giveBack?.();
    }
    return results;
  }

  private async ask(keys: readonly string[], question: Question): Promise<(StreamSize | SluiceError)[]> {
    if (keys.length === 0) return [];
    const commands = keys.flatMap((key) => commandsFor(key, question));
    const [time, ...replies] = await this.client.runAll([{ name: 'TIME', args: [], subject: 'clock' }, ...commands]);
    const timeMs = toMilliseconds(time);
    const perKey = commands.length / keys.length;
    return keys.map((_key, index) => {
      const own = replies.slice(index * perKey, (index + 1) * perKey);
      const failure = own.find((reply) => reply instanceof SluiceError);
      if (failure instanceof SluiceError) return failure;
      const bytes = own[0] ?? null;
      return {
        exists: bytes !== null,
        length: question.length ? Number(own[1]) : 0,
        bytes: Number(bytes ?? 0),
        policy: question.policy ? parsePolicy(own.at(-1)) : null,
        timeMs,
      };
    });
  }

  /** What one entry of each may take at most, about: of small streams all there is, of others the mean. */
  private async entryBytes(
    keys: readonly string[],
    sizes: readonly (StreamSize | SluiceError)[],
  ): Promise<ReadonlyMap<number, number>> {
    const large = [...sizes.entries()].filter(
      ([, size]) => !(size instanceof SluiceError) && size.bytes > SMALL_STREAM_BYTES,
    );
    const lengths = await this.client.runAll(large.map(([index]) => lengthOf(keys[index] ?? '')));
    return new Map(
      large.map(([index, size], at) => {
        const bytes = size instanceof SluiceError ? 0 : size.bytes;
        return [index, bytes / Math.max(1, Number(lengths[at]) || 1)];
      }),
    );
  }
}

function commandsFor(key: string, { length, policy }: Question): RedisCommand[] {
  return [
    { name: 'MEMORY', args: ['USAGE', key, 'SAMPLES', SAMPLES], subject: `stream "${key}"` },
    ...(length ? [lengthOf(key)] : []),
    ...(policy
      ? [{ name: 'HMGET', args: [retentionKey(key), ...POLICY_FIELDS], subject: `retention of "${key}"` }]
      : []),
  ];
}

function lengthOf(key: string): RedisCommand {
  return { name: 'XLEN', args: [key], subject: `stream "${key}"` };
}

/** Indexes of the streams there are, in batches whose replies are bounded. */
function* batches(
  sizes: readonly (StreamSize | SluiceError)[],
  entryBytes: ReadonlyMap<number, number>,
): Generator<{ readonly batch: number[]; readonly bytes: number }> {
  let batch: number[] = [];
  let bytes = 0;
  for (const [index, size] of sizes.entries()) {
    if (size instanceof SluiceError || !size.exists) continue;
    batch.push(index);
    bytes += 2 * (entryBytes.get(index) ?? size.bytes);
    if (bytes < BATCH_BYTES) continue;
    yield { batch, bytes };
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield { batch, bytes };
}

function missing(size: StreamSize): StreamFacts {
  return {
    ...size,
    exists: false,
    entriesAdded: 0,
    lastGeneratedId: FIRST_ENTRY_ID,
    firstEntryId: null,
    lastEntryId: null,
    groups: 0,
    radixTreeKeys: 0,
    radixTreeNodes: 0,
    maxDeletedEntryId: FIRST_ENTRY_ID,
    recordedFirstEntryId: FIRST_ENTRY_ID,
  };
}

/** The stream went between the two questions, or cannot be read. */
function withoutInfo(size: StreamSize, error: SluiceError): StreamFacts | SluiceError {
  const isGone = error.cause instanceof Error && error.cause.message.includes('no such key');
  return isGone ? missing(size) : error;
}

function withInfo(size: StreamSize, reply: unknown): StreamFacts {
  const values = Array.isArray(reply) ? (reply as unknown[]) : [];
  const fields: Record<string, unknown> = {};
  for (let at = 0; at + 1 < values.length; at += 2) fields[String(values[at])] = values[at + 1];
  return {
    exists: true,
    bytes: size.bytes,
    policy: size.policy,
    timeMs: size.timeMs,
    length: Number(fields['length']),
    entriesAdded: Number(fields['entries-added'] ?? 0),
    lastGeneratedId: String(fields['last-generated-id']),
    firstEntryId: idOf(fields['first-entry']),
    lastEntryId: idOf(fields['last-entry']),
    groups: Number(fields['groups']),
    radixTreeKeys: Number(fields['radix-tree-keys'] ?? 0),
    radixTreeNodes: Number(fields['radix-tree-nodes'] ?? 0),
    maxDeletedEntryId: textOr(fields['max-deleted-entry-id'], FIRST_ENTRY_ID),
    recordedFirstEntryId: textOr(fields['recorded-first-entry-id'], FIRST_ENTRY_ID),
  };
}

/** Older servers leave some fields out. */
function textOr(value: unknown, absent: string): string {
  return typeof value === 'string' || Buffer.isBuffer(value) ? value.toString() : absent;
}

function idOf(entry: unknown): EntryId | null {
  return Array.isArray(entry) ? String(entry[0]) : null;
}

function parsePolicy(reply: unknown): RetentionPolicy | null {
  const [maxEntries, maxAgeMs, maxBytes, setAt] = reply as (string | null)[];
  if (setAt === null || setAt === undefined) return null;
  return { maxEntries: toBound(maxEntries), maxAgeMs: toBound(maxAgeMs), maxBytes: toBound(maxBytes) };
}

function toBound(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text);
}

function toMilliseconds(time: unknown): number {
  const [seconds, microseconds] = Array.isArray(time) ? (time as string[]) : [];
  return seconds === undefined ? Date.now() : Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}
