import { Readable } from 'node:stream';
import { type Identity } from '@sluice/service-kit';
import { type FastifyReply } from 'fastify';
import { assertMayRead, assertMayWrite } from '../streams/permitted.js';
import { type Collection } from './collections.js';
import { assertId, readDocument } from './document-body.js';
import { type Documents } from './documents.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/** The six routes of a collection; who may read or write its event stream may read or write its documents. */
export class DocumentRoutes {
  constructor(
    private readonly documents: Documents,
    private readonly collection: Collection,
  ) {}

  /** All of them; sent one by one, however many there are. */
  async list(who: Identity, reply: FastifyReply): Promise<void> {
    assertMayRead(who, this.collection.events);
    const documents = await this.documents.list(this.collection);
    await reply.header('content-type', JSON_TYPE).send(Readable.from(listed(documents)));
  }

  /** The first whose fields are what is asked for, or null. */
  async find(who: Identity, wanted: ReadonlyMap<string, string>, reply: FastifyReply): Promise<void> {
    assertMayRead(who, this.collection.events);
    await send(reply, await this.firstLike(wanted));
  }

  async get(who: Identity, id: string, reply: FastifyReply): Promise<void> {
    assertMayRead(who, this.collection.events);
    await send(reply, await this.documents.get(this.collection, this.idOf(id)));
  }

  /** @param filled fields that the server fills in, as JSON */
  async add(
    who: Identity,
    body: unknown,
    filled: Readonly<Record<string, string>>,
    reply: FastifyReply,
  ): Promise<void> {
    assertMayWrite(who, this.collection.events);
    const document = readDocument(body, this.collection, true);
    for (const [name, json] of Object.entries(filled)) document.fields.set(name, json);
    await send(reply, await this.documents.add(this.collection, document));
  }

  async update(who: Identity, id: string, body: unknown, reply: FastifyReply): Promise<void> {
    assertMayWrite(who, this.collection.events);
    const { fields } = readDocument(body, this.collection, false);
    await send(reply, String(await this.documents.update(this.collection, this.idOf(id), fields)));
  }

  async delete(who: Identity, id: string, reply: FastifyReply): Promise<void> {
    assertMayWrite(who, this.collection.events);
    await send(reply, String(await this.documents.delete(this.collection, this.idOf(id))));
  }

  private idOf(id: string): string {
    return assertId(id, this.collection.noun);
  }

  private async firstLike(wanted: ReadonlyMap<string, string>): Promise<string | null> {
    if (wanted.size === 0) return null;
    for await (const json of await this.documents.list(this.collection)) {
      const document = JSON.parse(json) as Record<string, unknown>;
      if ([...wanted].every(([name, text]) => String(document[name]) === text)) return json;
    }
    return null;
  }
}

async function* listed(documents: AsyncIterable<string>): AsyncGenerator<string> {
  let before = '[';
  for await (const json of documents) {
    yield before + json;
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}

async function send(reply: FastifyReply, json: string | null): Promise<void> {
  await reply.header('content-type', JSON_TYPE).send(json ?? 'null');
}
