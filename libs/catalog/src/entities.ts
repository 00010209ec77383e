import { SluiceError } from '@sluice/contracts';
import { type RedisCommands } from '@sluice/stream-log';
import { CatalogEvents } from './events.js';
import { KINDS_KEY, entitiesKey } from './keys.js';
import { MAX_META_BYTES, parseMeta, type MetaObject } from './records/meta-records.js';

const KIND = /^[a-z][a-z-]{0,31}$/;
const MAX_NAME_CHARS = 512;

/**
 * Things of kinds that the catalogue need not know, such as channels or pipelines: whoever owns a kind registers its things here, with a
 * description each, and everybody is told by an event.
 */
export class Entities {
  private readonly events: CatalogEvents;

  constructor(private readonly commands: RedisCommands) {
    this.events = new CatalogEvents(commands);
  }

  /**
   * Registers a thing, or describes it anew.
   * @throws SluiceError INVALID_NAME, MESSAGE_TOO_LARGE, LOG_UNAVAILABLE
   */
  async register(kind: string, name: string, description: MetaObject): Promise<void> {
    assertNames(kind, name);
    const json = JSON.stringify(description);
    if (Buffer.byteLength(json) > MAX_META_BYTES) {
      throw new SluiceError(
        'MESSAGE_TOO_LARGE',
        `the description of ${kind} "${name}" has more than ${MAX_META_BYTES} bytes`,
      );
    }
    const subject = `${kind} "${name}"`;
    await this.commands.run({ name: 'HSET', args: [entitiesKey(kind), name, json], subject });
    await this.commands.run({ name: 'SADD', args: [KINDS_KEY, kind], subject });
    await this.events.tellChange([{ type: 'entity', name: `${kind} ${name}` }]);
  }

  /** @returns whether it was registered @throws SluiceError INVALID_NAME, LOG_UNAVAILABLE */
  async unregister(kind: string, name: string): Promise<boolean> {
    assertNames(kind, name);
    const removed = await this.commands.run({
      name: 'HDEL',
      args: [entitiesKey(kind), name],
      subject: `${kind} "${name}"`,
    });
    if (removed === 1) await this.events.tellChange([{ type: 'entity', name: `${kind} ${name}` }]);
    return removed === 1;
  }

  /** Kinds that were ever registered, sorted. @throws SluiceError LOG_UNAVAILABLE */
  async kinds(): Promise<string[]> {
    const kinds = await this.commands.run({ name: 'SMEMBERS', args: [KINDS_KEY], subject: 'list of kinds' });
    return (kinds as string[]).sort();
  }

  /** Names of a kind, sorted. @throws SluiceError LOG_UNAVAILABLE */
  async names(kind: string): Promise<string[]> {
    const names = await this.commands.run({ name: 'HKEYS', args: [entitiesKey(kind)], subject: `list of ${kind}` });
    return (names as string[]).sort();
  }

  /** Descriptions in the order of the names; empty for what is not registered. @throws SluiceError LOG_UNAVAILABLE */
  async describe(kind: string, names: readonly string[]): Promise<MetaObject[]> {
    return (await this.describeAsJson(kind, names)).map((json) => (json === null ? null : parseMeta(json)) ?? {});
  }

  /** As `describe`, as JSON of at most 64 KiB each; null for what is not registered. @throws SluiceError LOG_UNAVAILABLE */
  async describeAsJson(kind: string, names: readonly string[]): Promise<(string | null)[]> {
    if (names.length === 0) return [];
    const args = [entitiesKey(kind), ...names];
    return (await this.commands.run({ name: 'HMGET', args, subject: `list of ${kind}` })) as (string | null)[];
  }
}

function assertNames(kind: string, name: string): void {
  if (!KIND.test(kind)) {
    throw new SluiceError(
      'INVALID_NAME',
      `kind ${JSON.stringify(kind.slice(0, 100))} is none: small letters and hyphens`,
    );
  }
  if (name.length > 0 && name.length <= MAX_NAME_CHARS) return;
  throw new SluiceError(
    'INVALID_NAME',
    `the name of a ${kind} has ${name.length} characters: 1 to ${MAX_NAME_CHARS} are needed`,
  );
}
