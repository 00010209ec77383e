import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { RedisCommands, StreamAdmin } from '@sluice/stream-log';
import { CHANGE_DOCUMENT } from './change-document.js';
import { type Collection } from './collections.js';
import { type DocumentBody } from './document-body.js';
import { DOCUMENT_EVENTS_KEPT, DONE_TTL_MS, documentDoneKey, documentKey, orderKey } from './recipe-keys.js';

/** Documents read in one go. */
const READ_TOGETHER = 250;
/** Ids that are tried for a new document before it is refused. */
const MAX_ID_ATTEMPTS = 1_000;

interface Change {
  readonly what: 'new' | 'update' | 'delete';
  readonly id: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** Recipes and sessions. A document and its event are changed together; partial updates that come at once all take effect. */
@Injectable()
export class Documents {
  constructor(
    private readonly commands: RedisCommands,
    private readonly admin: StreamAdmin,
  ) {}

  /** JSON of all, in the order in which they were made. @throws SluiceError LOG_UNAVAILABLE */
  async list(collection: Collection): Promise<AsyncIterable<string>> {
    const command = { name: 'ZRANGE', args: [orderKey(collection.events), 0, -1], subject: `${collection.noun}s` };
    return this.readAll(collection, (await this.commands.run(command)) as string[]);
  }

  /** JSON; null when there is none. @throws SluiceError LOG_UNAVAILABLE */
  async get(collection: Collection, id: string): Promise<string | null> {
    return (await this.read(collection, [id]))[0] ?? null;
  }

  /**
   * @returns JSON of what is stored
   * @throws SluiceError DOCUMENT_EXISTS for an id that is taken, QUOTA_EXCEEDED, LOG_UNAVAILABLE, LOG_FULL, WRONG_KEY_TYPE
   */
  async add(collection: Collection, { id, fields }: DocumentBody): Promise<string> {
    const { noun, maxDocuments } = collection;
    let attempts = 0;
    for (const candidate of id === null ? collection.ids(Date.now()) : [id]) {
      const [outcome, json] = await this.change(collection, { what: 'new', id: candidate, fields });
      if (outcome === 'ok' && json !== undefined) return json;
      if (outcome === 'full') {
        throw new SluiceError('QUOTA_EXCEEDED', `there are ${maxDocuments} ${noun}s, the most that are kept`);
      }
      if (++attempts >= MAX_ID_ATTEMPTS) break;
    }
    throw new SluiceError('DOCUMENT_EXISTS', `there is a ${noun} with the id ${JSON.stringify(id)} already`);
  }

  /** Replaces the fields given, leaves the others. @returns false when there is no such document @throws as `add` */
  async update(collection: Collection, id: string, fields: ReadonlyMap<string, string>): Promise<boolean> {
    const [outcome] = await this.change(collection, { what: 'update', id, fields });
    return outcome === 'ok';
  }

  /** @returns whether there was such a document @throws as `add` */
  async delete(collection: Collection, id: string): Promise<boolean> {
    const [outcome] = await this.change(collection, { what: 'delete', id, fields: new Map() });
    return outcome === 'ok';
  }

  private async *readAll(collection: Collection, ids: readonly string[]): AsyncGenerator<string> {
    for (let from = 0; from < ids.length; from += READ_TOGETHER) {
      const found = await this.read(collection, ids.slice(from, from + READ_TOGETHER));
      for (const json of found) if (json !== null) yield json;
    }
  }

  private async change({ events, noun, maxDocuments, ...collection }: Collection, change: Change): Promise<string[]> {
    const { what, id, fields } = change;
    const keys = [documentKey(events, id), orderKey(events), events, documentDoneKey(events, randomUUID())];
    const names = [...collection.fields.keys()];
    const limits = [maxDocuments, DOCUMENT_EVENTS_KEPT, DONE_TTL_MS, names.length];
    const args = [what, id, JSON.stringify(id), ...limits, ...names, ...[...fields].flat()];
    const subject = `${noun} ${JSON.stringify(id)}`;
    const reply = (await this.commands.runScript(CHANGE_DOCUMENT, keys, args, { subject })) as string[];
    if (reply[0] === 'wrong') throw new SluiceError('WRONG_KEY_TYPE', `the key ${events} exists and is not a stream`);
    if (reply[0] === 'ok') this.admin.discovery.noteAppend(events);
    return reply;
  }

  private async read({ events, noun, fields }: Collection, ids: readonly string[]): Promise<(string | null)[]> {
    const commands = ids.map((id) => {
      return {
        name: 'HMGET',
        args: [documentKey(events, id), ...fields.keys()],
        subject: `${noun} ${JSON.stringify(id)}`,
      };
    });
    const replies = await this.commands.runAll(commands);
    return replies.map((reply, index) => {
      if (reply instanceof SluiceError) throw reply;
      return toJson(ids[index] ?? '', [...fields.keys()], reply as (string | null)[]);
    });
  }
}

/** As the script puts it together. */
function toJson(id: string, names: readonly string[], values: readonly (string | null)[]): string | null {
  if (values.every((value) => value === null)) return null;
  const members = names.flatMap((name, index) => {
    const value = values[index] ?? null;
    return value === null ? [] : [`,"${name}":${value}`];
  });
  return `{"_id":${JSON.stringify(id)}${members.join('')}}`;
}
