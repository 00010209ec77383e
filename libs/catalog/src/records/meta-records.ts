import { SluiceError } from '@sluice/contracts';
import { type RedisCommands } from '@sluice/stream-log';
import { KeyTurns } from './key-turns.js';
import { REPLACE_RECORD } from './replace-record.js';
import { revisionOf } from './revision.js';

/** A JSON object, as it came from a client or from Redis. */
export type MetaObject = Readonly<Record<string, unknown>>;

/** How a change of metadata is asked for. */
export interface MetaChange {
  /** Refuse unless this is the revision of what is stored ({@link revisionOf}); absent: whatever is stored. */
  readonly expectedRevision?: string | undefined;
}

/** What one kind of metadata belongs to, and where it is kept. */
export interface MetaKind {
  /** `stream`, `device`: for messages. */
  readonly noun: string;
  /** Glob of all its keys. */
  readonly keys: string;
  keyOf(name: string): string;
  nameOf(key: string): string;
  /** Tells that metadata was changed. Never rejects. */
  onChange(name: string): Promise<void>;
}

/** Longest metadata of one thing, as JSON in UTF-8. */
export const MAX_META_BYTES = 64 * 1024;
/** Times a change starts again because other processes were faster, before it gives up. */
const MAX_ATTEMPTS = 50;
const SCAN_COUNT = 1_000;

/**
 * One JSON object for each thing of a kind, which need not exist to have one. Whatever else stands at a key, such as a list another
 * tool wrote, counts as none.
 */
export class MetaRecords {
  private readonly turns = new KeyTurns();

  constructor(
    private readonly commands: RedisCommands,
    private readonly kind: MetaKind,
  ) {}

  /** JSON of the object; null for none. @throws SluiceError LOG_UNAVAILABLE */
  async get(name: string): Promise<string | null> {
    return (await this.getMany([name]))[0] ?? null;
  }

  /** As `get`, in the order of the names. */
  async getMany(names: readonly string[]): Promise<(string | null)[]> {
    const texts = await this.commands.getTexts(names.map(this.kind.keyOf), `metadata of ${this.kind.noun}s`);
    return texts.map((text) => (text !== null && parseMeta(text) !== null ? text : null));
  }

  /**
   * Puts members into the object of a thing, beside those it has. Changes that come together all take effect.
   * @returns the JSON stored
   * @throws SluiceError REVISION_CONFLICT, MESSAGE_TOO_LARGE, RATE_LIMITED, LOG_UNAVAILABLE, LOG_FULL
   */
  merge(name: string, members: MetaObject, change: MetaChange = {}): Promise<string> {
    return this.change(name, change, (before) => ({ ...parseMeta(before), ...members }));
  }

  /** Replaces the object of a thing. @returns the JSON stored @throws as `merge` */
  async replace(name: string, meta: MetaObject, change: MetaChange = {}): Promise<string> {
    if (change.expectedRevision !== undefined) return this.change(name, change, () => meta);
    const json = this.toJson(name, meta);
    const subject = this.subjectOf(name);
    await this.commands.run({ name: 'SET', args: [this.kind.keyOf(name), json], subject });
    await this.kind.onChange(name);
    return json;
  }

  /** @returns whether there was anything @throws SluiceError LOG_UNAVAILABLE */
  async delete(name: string): Promise<boolean> {
    const subject = this.subjectOf(name);
    const deleted = await this.commands.run({ name: 'UNLINK', args: [this.kind.keyOf(name)], subject });
    if (deleted === 1) await this.kind.onChange(name);
    return deleted === 1;
  }

  /** Names of all things that have metadata, sorted; they need not exist. @throws SluiceError LOG_UNAVAILABLE */
  async list(): Promise<string[]> {
    const found = new Set<string>();
    await this.commands.onMasters(`list of metadata of ${this.kind.noun}s`, async (master) => {
      let cursor = '0';
      do {
        const [next, keys] = await master.scan(cursor, 'MATCH', this.kind.keys, 'COUNT', SCAN_COUNT, 'TYPE', 'string');
        for (const key of keys) found.add(this.kind.nameOf(key));
        cursor = next;
      } while (cursor !== '0');
    });
    return [...found].sort();
  }

  private change(
    name: string,
    { expectedRevision }: MetaChange,
    make: (before: string) => MetaObject,
  ): Promise<string> {
    return this.turns.run(name, async () => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const before = await this.read(name);
        this.assertRevision(name, before, expectedRevision);
        const after = this.toJson(name, make(before.toString()));
        if (!(await this.compareAndSet(name, before, after))) continue;
        await this.kind.onChange(name);
        return after;
      }
      throw new SluiceError('RATE_LIMITED', `${this.subjectOf(name)} changes faster than it can be changed here`);
    });
  }

  private assertRevision(name: string, stored: Buffer, expected: string | undefined): void {
    if (expected === undefined) return;
    const text = stored.toString();
    const revision = revisionOf(parseMeta(text) === null ? null : text);
    if (revision === expected) return;
    throw new SluiceError(
      'REVISION_CONFLICT',
      `${this.subjectOf(name)} has revision "${revision}", not "${expected}": read it again, then change it`,
      { details: { revision } },
    );
  }

  /** What stands at the key, whatever it is; empty for nothing and for what is no string. */
  private async read(name: string): Promise<Buffer> {
    const command = { name: 'GET', args: [this.kind.keyOf(name)], subject: this.subjectOf(name), isBinary: true };
    const [reply] = await this.commands.runAll([command]);
    if (reply instanceof SluiceError && reply.code !== 'WRONG_KEY_TYPE') throw reply;
    return Buffer.isBuffer(reply) ? reply : Buffer.alloc(0);
  }

  private async compareAndSet(name: string, before: Buffer, after: string): Promise<boolean> {
    const subject = this.subjectOf(name);
    return (await this.commands.runScript(REPLACE_RECORD, [this.kind.keyOf(name)], [before, after], { subject })) === 1;
  }

  private subjectOf(name: string): string {
    return `metadata of ${this.kind.noun} "${name}"`;
  }

  private toJson(name: string, meta: MetaObject): string {
    const json = JSON.stringify(meta);
    const bytes = Buffer.byteLength(json);
    if (bytes <= MAX_META_BYTES) return json;
    throw new SluiceError(
      'MESSAGE_TOO_LARGE',
      `${this.subjectOf(name)} would have ${bytes} bytes, more than ${MAX_META_BYTES}`,
    );
  }
}

/** The object that stored JSON stands for; null for what is none. */
export function parseMeta(json: string): MetaObject | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as MetaObject) : null;
  } catch {
    return null;
  }
}
