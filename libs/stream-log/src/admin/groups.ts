import { SluiceError, type GroupInfo } from '@sluice/contracts';
import { FIRST_ENTRY_ID, assertName, parseEntryId, type EntryId } from '@sluice/wire';
import { type RedisCommands, type CommandArgument } from '../redis-commands.js';
import { parseGroupEntries, type GroupDelivery } from './group-entries.js';
import { isReply } from './redis-errors.js';

/** One consumer of a group. */
export interface ConsumerInfo {
  readonly consumer: string;
  /** Entries delivered to it and not acknowledged. */
  readonly pending: number;
  /** Since it last asked for entries. */
  readonly idleMs: number;
}

/** What a group has handed out and not got back. */
export interface PendingSummary {
  readonly pending: number;
  readonly firstId: EntryId | null;
  readonly lastId: EntryId | null;
  readonly consumers: readonly ConsumerInfo[];
}

/** What a claim took over. */
export interface ClaimedEntries extends GroupDelivery {
  /** Where the next claim should go on; null when the list of pending entries was gone through. */
  readonly next: EntryId | null;
}

/**
 * Consumer groups: each entry goes to one consumer of a group, and stays pending until acknowledged. Reads never block: wait for the
 * stream to change by following it.
 */
export class Groups {
  constructor(private readonly client: RedisCommands) {}

  /**
   * @param from entries after this id: `$` from now, `0` all there are
   * @returns whether it is new; a group that exists stays as it is
   * @throws SluiceError INVALID_NAME, INVALID_ID, WRONG_KEY_TYPE, …
   */
  async create(key: string, group: string, from = '$'): Promise<boolean> {
    assertGroupName(group, 'group name');
    const position = from === '$' ? from : parseEntryId(from);
    if (position === null) throw new SluiceError('INVALID_ID', `group "${group}" cannot start from "${from}"`);
    try {
      // A group may wait for a stream that nobody has written yet, as a follower may.
      await this.run(key, group, 'XGROUP', ['CREATE', key, group, position, 'MKSTREAM']);
      return true;
    } catch (error) {
      if (error instanceof SluiceError && isReply(error.cause, 'BUSYGROUP')) return false;
      throw error;
    }
  }

  /** @returns whether it was there */
  async delete(key: string, group: string): Promise<boolean> {
    try {
      return (await this.run(key, group, 'XGROUP', ['DESTROY', key, group])) === 1;
    } catch (error) {
      if (isMissingKey(error)) throw notFound(key);
      throw error;
    }
  }

  /** @throws SluiceError STREAM_NOT_FOUND, … */
  async list(key: string): Promise<GroupInfo[]> {
    const rows = await this.rows(key, '', ['GROUPS', key]);
    return rows.map((row) => ({
      group: String(row['name']),
      consumers: Number(row['consumers']),
      pending: Number(row['pending']),
      lastDeliveredId: String(row['last-delivered-id']),
      lag: row['lag'] === null || row['lag'] === undefined ? null : Number(row['lag']),
    }));
  }

  /** At most `count` entries that nobody of the group has had. A reply that is lost leaves them pending: `pending`, `claim`. */
  async read(key: string, group: string, consumer: string, count: number): Promise<GroupDelivery> {
    return this.readFrom(key, group, consumer, count, '>');
  }

  /** What this consumer has had after `after` and not acknowledged, for a consumer that starts again. */
  async readPending(
    key: string,
    group: string,
    consumer: string,
    count: number,
    after: EntryId = FIRST_ENTRY_ID,
  ): Promise<GroupDelivery> {
    const delivery = await this.readFrom(key, group, consumer, count, after);
    if (delivery.lostIds.length > 0) await this.ack(key, group, delivery.lostIds);
    return delivery;
  }

  /** @returns how many of the ids were pending */
  async ack(key: string, group: string, ids: readonly EntryId[]): Promise<number> {
    if (ids.length === 0) return 0;
    const invalid = ids.find((id) => parseEntryId(id) === null);
    if (invalid !== undefined) throw new SluiceError('INVALID_ID', `"${invalid}" is not an entry id: <ms>-<seq>`);
    return Number(await this.run(key, group, 'XACK', [key, group, ...ids]));
  }

  /** Takes over at most `count` entries that have been pending for at least `minIdleMs`, whoever had them. */
  async claim(
    key: string,
    group: string,
    consumer: string,
    { minIdleMs = 60_000, count = 100, after = FIRST_ENTRY_ID } = {},
  ): Promise<ClaimedEntries> {
    assertGroupName(consumer, 'consumer name');
    const args = [key, group, consumer, minIdleMs, after, 'COUNT', count];
    const reply = await this.run(key, group, 'XAUTOCLAIM', args, { isBinary: true });
    const [next, entries, deleted = []] = reply as [Buffer, unknown, Buffer[] | undefined];
    const delivery = parseGroupEntries(entries);
    const position = next.toString('latin1');
    return {
      entries: delivery.entries,
      lostIds: [...delivery.lostIds, ...deleted.map((id) => id.toString('latin1'))],
      next: position === FIRST_ENTRY_ID ? null : position,
    };
  }

  async pending(key: string, group: string): Promise<PendingSummary> {
    const [summary, rows] = await Promise.all([
      this.run(key, group, 'XPENDING', [key, group]),
      this.rows(key, group, ['CONSUMERS', key, group]),
    ]);
    const [pending, firstId, lastId] = summary as [number, string | null, string | null];
    return { pending, firstId, lastId, consumers: rows.map(toConsumer) };
  }

  async consumers(key: string, group: string): Promise<ConsumerInfo[]> {
    return (await this.rows(key, group, ['CONSUMERS', key, group])).map(toConsumer);
  }

  /** Forgets a consumer and what it had pending. @returns how many entries were pending */
  async deleteConsumer(key: string, group: string, consumer: string): Promise<number> {
    try {
      return Number(await this.run(key, group, 'XGROUP', ['DELCONSUMER', key, group, consumer]));
    } catch (error) {
      if (isMissingKey(error)) throw notFound(key);
      throw error;
    }
  }

  private async readFrom(
    key: string,
    group: string,
    consumer: string,
    count: number,
    from: string,
  ): Promise<GroupDelivery> {
    assertGroupName(consumer, 'consumer name');
    const args = ['GROUP', group, consumer, 'COUNT', count, 'STREAMS', key, from];
    const reply = await this.run(key, group, 'XREADGROUP', args, { isBinary: true, isRepeatable: from !== '>' });
    const [stream] = (reply ?? []) as [unknown, unknown][];
    return parseGroupEntries(stream?.[1]);
  }

  /** The rows of XINFO as objects. */
  private async rows(key: string, group: string, args: readonly CommandArgument[]): Promise<Record<string, unknown>[]> {
    try {
      const reply = (await this.run(key, group, 'XINFO', args)) as unknown[][];
      return reply.map((row) =>
        Object.fromEntries(row.flatMap((v, i) => (i % 2 === 0 ? [[String(v), row[i + 1]]] : []))),
      );
    } catch (error) {
      if (isMissingKey(error)) throw notFound(key);
      throw error;
    }
  }

  private run(
    key: string,
    group: string,
    name: string,
    args: readonly CommandArgument[],
    options: { readonly isBinary?: boolean; readonly isRepeatable?: boolean } = {},
  ): Promise<unknown> {
    const subject = group === '' ? `stream "${key}"` : `group "${group}" of "${key}"`;
    return this.client.run({ name, args, subject, ...options });
  }
}

function assertGroupName(name: string, what: string): void {
  assertName(name, what);
}

function toConsumer(row: Record<string, unknown>): ConsumerInfo {
  return { consumer: String(row['name']), pending: Number(row['pending']), idleMs: Number(row['idle']) };
}

function isMissingKey(error: unknown): boolean {
  const cause = error instanceof SluiceError ? error.cause : error;
  return (
    cause instanceof Error &&
    (cause.message.includes('no such key') || cause.message.includes('requires the key to exist'))
  );
}

function notFound(key: string): SluiceError {
  return new SluiceError('STREAM_NOT_FOUND', `there is no stream "${key}"`);
}
