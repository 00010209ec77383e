import { WebSocket, type RawData } from 'ws';

/** A message of either sub-protocol. */
export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: {
    readonly data?: Record<string, never> | null;
    readonly errors?: readonly { readonly message: string }[];
    readonly message?: string;
  } & Record<string, unknown>;
}

/** A GraphQL client over a WebSocket that keeps what comes until it is asked for. */
export class GraphqlClient {
  readonly closed: Promise<{ code: number; reason: string }>;
  private readonly messages: Message[] = [];
  private wake: (() => void) | null = null;
  private isClosed = false;

  private constructor(readonly ws: WebSocket) {
    ws.on('message', (data: RawData) => {
      this.messages.push(JSON.parse((data as Buffer).toString()) as Message);
      this.wake?.();
    });
    this.closed = new Promise((resolve) => {
      ws.once('close', (code, reason) => {
        this.isClosed = true;
        this.wake?.();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** Opens a socket of a sub-protocol and, where there is one, says hello. */
  static async open(
    url: string,
    protocol: string | null,
    headers: Record<string, string> = {},
  ): Promise<GraphqlClient> {
    const ws = new WebSocket(`${url}/graphql`, protocol === null ? [] : [protocol], {
      perMessageDeflate: false,
      headers,
    });
    const client = new GraphqlClient(ws);
    await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    if (protocol === null) return client;
    client.send({ type: 'connection_init' });
    const { type } = await client.next();
    if (type !== 'connection_ack') throw new Error(`${type} came instead of connection_ack`);
    return client;
  }

  /** Whether it speaks the older of the two. */
  get isLegacy(): boolean {
    return this.ws.protocol === 'graphql-ws';
  }

  send(message: object): void {
    this.ws.send(JSON.stringify(message));
  }

  /** Begins an operation. */
  begin(id: string, query: string, variables: Record<string, unknown> = {}): void {
    this.send({ id, type: this.isLegacy ? 'start' : 'subscribe', payload: { query, variables } });
  }

  /** Ends a subscription. */
  end(id: string): void {
    this.send({ id, type: this.isLegacy ? 'stop' : 'complete' });
  }

  /** The next message. @throws Error when none comes in time */
  async next(timeoutMs = 20_000): Promise<Message> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const message = this.messages.shift();
      if (message !== undefined) return message;
      const left = deadline - performance.now();
      if (this.isClosed || left <= 0) throw new Error(this.isClosed ? 'the socket is closed' : 'no message in time');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The data of the next message. */
  async data<T = Record<string, unknown>>(): Promise<T> {
    const { type, payload } = await this.next();
    if (type !== 'next' && type !== 'data') throw new Error(`${type} came: ${JSON.stringify(payload)}`);
    if (payload?.errors !== undefined) throw new Error(JSON.stringify(payload.errors));
    return payload?.data as T;
  }

  /** Messages that came and were not asked for. */
  get pending(): number {
    return this.messages.length;
  }

  async close(): Promise<void> {
    this.ws.close();
    await this.closed;
  }
}
