import { SluiceError } from '@sluice/contracts';
import { FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { retentionKey } from '../keys.js';
import { type RetentionPolicy } from '../types.js';
import { type RedisCommands } from '../redis-commands.js';

/** How large a stream is, and what was set for it: cheap for Redis to say, whatever the stream holds. */
export interface StreamSize {
  readonly exists: boolean;
  readonly length: number;
  /** Estimated bytes in memory. */
  readonly bytes: number;
  /** Set for this stream; null: the default holds. */
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

const COMMANDS_PER_SIZE = 3;
/** XINFO brings the first and the last entry with it: so many bytes of them are asked for at once. */
const BATCH_BYTES = 8 * 1024 * 1024;
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
    if (keys.length === 0) return [];
    const commands = keys.flatMap((key) => [
      { name: 'XLEN', args: [key], subject: `stream "${key}"` },
      { name: 'MEMORY', args: ['USAGE', key, 'SAMPLES', SAMPLES], subject: `stream "${key}"` },
      {
        name: 'HMGET',
        args: [retentionKey(key), 'maxEntries', 'maxAgeMs', 'maxBytes', 'setAt'],
        subject: `retention of "${key}"`,
      },
    ]);
    const [time, ...replies] = await this.client.runAll([{ name: 'TIME', args: [], subject: 'clock' }, ...commands]);
    const timeMs = toMilliseconds(time);
    return keys.map((_key, index) => {
      const [length, bytes, policy] = replies.slice(index * COMMANDS_PER_SIZE, (index + 1) * COMMANDS_PER_SIZE);
      const failure = [length, bytes, policy].find((reply) => reply instanceof SluiceError);
      if (failure instanceof SluiceError) return failure;
      return {
        exists: bytes !== null,
        length: Number(length),
        bytes: Number(bytes ?? 0),
        policy: parsePolicy(policy),
        timeMs,
      };
    });
  }

  /** As `sizes`. */
  async facts(keys: readonly string[]): Promise<(StreamFacts | SluiceError)[]> {
    const sizes = await this.sizes(keys);
    const results: (StreamFacts | SluiceError)[] = sizes.map((size) =>
      size instanceof SluiceError ? size : missing(size),
    );
    for (const batch of batches(sizes)) {
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
    }
    return results;
  }
}

/** Indexes of the streams there are, in batches whose replies are bounded. */
function* batches(sizes: readonly (StreamSize | SluiceError)[]): Generator<number[]> {
  let batch: number[] = [];
  let bytes = 0;
  for (const [index, size] of sizes.entries()) {
    if (size instanceof SluiceError || !size.exists) continue;
    batch.push(index);
    bytes += 2 * averageBytes(size);
    if (bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
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
  const fields = new Map(
    values.flatMap((value, at) => (at % 2 === 0 ? [[String(value), values[at + 1]] as const] : [])),
  );
  return {
    ...size,
    length: Number(fields.get('length')),
    entriesAdded: Number(fields.get('entries-added') ?? 0),
    lastGeneratedId: String(fields.get('last-generated-id')),
    firstEntryId: idOf(fields.get('first-entry')),
    lastEntryId: idOf(fields.get('last-entry')),
    groups: Number(fields.get('groups')),
    radixTreeKeys: Number(fields.get('radix-tree-keys') ?? 0),
    radixTreeNodes: Number(fields.get('radix-tree-nodes') ?? 0),
    maxDeletedEntryId: textOr(fields.get('max-deleted-entry-id'), FIRST_ENTRY_ID),
    recordedFirstEntryId: textOr(fields.get('recorded-first-entry-id'), FIRST_ENTRY_ID),
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
