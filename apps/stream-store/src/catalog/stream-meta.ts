import { Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { RedisCommands } from '@sluice/stream-log';
import { META_KEYS, metaKey, streamOfMetaKey } from './catalog-keys.js';
import { KeyTurns } from './key-turns.js';
import { REPLACE_META } from './replace-meta.js';

/** A JSON object, as it came from a client or from Redis. */
export type MetaObject = Readonly<Record<string, unknown>>;

/** Longest metadata of one stream, as JSON in UTF-8. */
export const MAX_META_BYTES = 64 * 1024;
/** Times a merge starts again because other processes were faster, before it gives up. */
const MAX_MERGE_ATTEMPTS = 50;
const SCAN_COUNT = 1_000;

/**
 * What is known of streams beside their entries: one JSON object each. A stream need not exist to have metadata, and goes without
 * it. Whatever else stands at a metadata key, such as a list another tool wrote, counts as none.
 */
@Injectable()
export class StreamMeta {
  private readonly turns = new KeyTurns();

  constructor(private readonly commands: RedisCommands) {}

  /** JSON of the object; null for none. @throws SluiceError LOG_UNAVAILABLE */
  async get(key: string): Promise<string | null> {
    return (await this.getMany([key]))[0] ?? null;
  }

  /** As `get`, in the order of the keys. */
  async getMany(keys: readonly string[]): Promise<(string | null)[]> {
    const replies = await this.commands.runAll(
      keys.map((key) => ({ name: 'GET', args: [metaKey(key)], subject: subjectOf(key) })),
    );
    return replies.map((reply) => {
      if (reply instanceof SluiceError && reply.code !== 'WRONG_KEY_TYPE') throw reply;
      return typeof reply === 'string' && parseObject(reply) !== null ? reply : null;
    });
  }

  /**
   * Puts members into the object of a stream, beside those it has. Merges that come together all take effect.
   * @returns the JSON stored
   * @throws SluiceError MESSAGE_TOO_LARGE, RATE_LIMITED, LOG_UNAVAILABLE, LOG_FULL
   */
  merge(key: string, members: MetaObject): Promise<string> {
    return this.turns.run(key, async () => {
      for (let attempt = 0; attempt < MAX_MERGE_ATTEMPTS; attempt++) {
        const before = await this.read(key);
        const merged = toJson(key, { ...parseObject(before.toString()), ...members });
        if (await this.compareAndSet(key, before, merged)) return merged;
      }
      throw new SluiceError('RATE_LIMITED', `${subjectOf(key)} changes faster than it can be merged`);
    });
  }

  /** Replaces the object of a stream. @returns the JSON stored @throws as `merge` */
  async replace(key: string, meta: MetaObject): Promise<string> {
    const json = toJson(key, meta);
    await this.commands.run({ name: 'SET', args: [metaKey(key), json], subject: subjectOf(key) });
    return json;
  }

  /** @returns whether there was anything @throws SluiceError LOG_UNAVAILABLE */
  async delete(key: string): Promise<boolean> {
    return (await this.commands.run({ name: 'UNLINK', args: [metaKey(key)], subject: subjectOf(key) })) === 1;
  }

  /** Keys of all streams that have metadata, sorted; the streams need not exist. @throws SluiceError LOG_UNAVAILABLE */
  async list(): Promise<string[]> {
    const found = new Set<string>();
    await this.commands.onMasters('list of metadata', async (master) => {
      let cursor = '0';
      do {
        const [next, keys] = await master.scan(cursor, 'MATCH', META_KEYS, 'COUNT', SCAN_COUNT, 'TYPE', 'string');
        for (const key of keys) found.add(streamOfMetaKey(key));
        cursor = next;
      } while (cursor !== '0');
    });
    return [...found].sort();
  }

  /** What stands at the key, whatever it is; empty for nothing and for what is no string. */
  private async read(key: string): Promise<Buffer> {
    const command = { name: 'GET', args: [metaKey(key)], subject: subjectOf(key), isBinary: true };
    const [reply] = await this.commands.runAll([command]);
    if (reply instanceof SluiceError && reply.code !== 'WRONG_KEY_TYPE') throw reply;
    return Buffer.isBuffer(reply) ? reply : Buffer.alloc(0);
  }

  private async compareAndSet(key: string, before: Buffer, after: string): Promise<boolean> {
    const subject = subjectOf(key);
    return (await this.commands.runScript(REPLACE_META, [metaKey(key)], [before, after], { subject })) === 1;
  }
}

function subjectOf(key: string): string {
  return `metadata of stream "${key}"`;
}

function toJson(key: string, meta: MetaObject): string {
  const json = JSON.stringify(meta);
  const bytes = Buffer.byteLength(json);
  if (bytes <= MAX_META_BYTES) return json;
  throw new SluiceError(
    'MESSAGE_TOO_LARGE',
    `${subjectOf(key)} would have ${bytes} bytes, more than ${MAX_META_BYTES}`,
  );
}

function parseObject(json: string): MetaObject | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as MetaObject) : null;
  } catch {
    return null;
  }
}
