import {
  FrameKind,
  NameTable,
  V1_SUBPROTOCOL,
  decodeAck,
  decodeData,
  encodeName,
  encodePush,
  frameKind,
  parseServerMessage,
  type AckFrame,
  type EntryToEncode,
  type PushOptions,
  type ServerMessage,
} from '@sluice/wire';
import { TestSocket } from './socket.js';
import { type Store } from './store.js';

/** An entry as a data frame carried it. */
export interface Received {
  readonly stream: string;
  readonly id: string;
  readonly text: string;
  readonly fields?: Record<string, string>;
}

/** A client of `sluice.v1` for tests. */
export class V1Client {
  private readonly names = new NameTable((name) => name);

  private constructor(readonly socket: TestSocket) {}

  /** Opens a socket; its greeting is taken. */
  static async open(store: Store, query = ''): Promise<V1Client> {
    const client = new V1Client(await TestSocket.open(`${store.ws}/v1/socket${query}`, {}, [V1_SUBPROTOCOL]));
    await client.control('hello');
    return client;
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  push(options: PushOptions, name: string, entries: readonly (EntryToEncode | string)[]): void {
    const list = entries.map((entry) => (typeof entry === 'string' ? { payload: Buffer.from(entry) } : entry));
    this.socket.send(Buffer.from(encodePush(options, [{ name: encodeName(name), entries: list }])));
  }

  /** The next frame, which must be a control message of this kind. */
  async control<K extends keyof ServerMessage>(kind: K): Promise<NonNullable<ServerMessage[K]>> {
    const { text, bytes } = await this.socket.next();
    if (text === null) throw new Error(`a binary frame of kind ${frameKind(bytes)} came where ${kind} was due`);
    const body = parseServerMessage(text)[kind];
    if (body === undefined) throw new Error(`${text} came where ${kind} was due`);
    return body as NonNullable<ServerMessage[K]>;
  }

  /** The errors told until the push of this tag is settled. */
  async errorsUntil(tag: number): Promise<NonNullable<ServerMessage['error']>[]> {
    const errors: NonNullable<ServerMessage['error']>[] = [];
    for (;;) {
      const { text, bytes } = await this.socket.next();
      const error = text === null ? undefined : parseServerMessage(text).error;
      if (error !== undefined) errors.push(error);
      if (text === null && frameKind(bytes) === FrameKind.ACK && decodeAck(bytes).tag >= tag) return errors;
    }
  }

  async ack(): Promise<AckFrame> {
    const bytes = await this.socket.binary();
    if (frameKind(bytes) !== FrameKind.ACK) throw new Error(`frame kind ${frameKind(bytes)} came where an ack was due`);
    return decodeAck(bytes);
  }

  /** Entries of data frames until so many came, with the number of their subscription. */
  async entries(count: number): Promise<(Received & { readonly sub: number })[]> {
    const all: (Received & { readonly sub: number })[] = [];
    while (all.length < count) {
      const { sub, sections } = decodeData(await this.socket.binary(), this.names);
      for (const { name, entries } of sections) {
        for (const { id, payload, fields } of entries) {
          const text = Buffer.from(payload).toString();
          const extra = fields?.map(({ name: field, value }) => [field, Buffer.from(value).toString()]);
          const entry = { sub, stream: name, id: id ?? '', text };
          all.push(
            extra === undefined ? entry : { ...entry, fields: Object.fromEntries(extra) as Record<string, string> },
          );
        }
      }
    }
    return all;
  }

  async close(): Promise<void> {
    await this.socket.close();
  }
}
