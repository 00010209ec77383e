import { waitFor } from '@sluice/testing';
import { WebSocket, type ClientOptions, type RawData } from 'ws';

/** A message of the channel gateway. */
export interface StreamMessage {
  readonly channel?: string;
  readonly key?: string;
  readonly data?: readonly Record<string, unknown>[];
  readonly seq?: string;
  readonly ack?: string | number;
  readonly ok?: boolean;
  readonly error?: string;
}

/** A client of the stream socket that keeps what comes until the test asks for it. */
export class StreamClient {
  readonly messages: StreamMessage[] = [];
  closedWith: number | null = null;

  private constructor(readonly ws: WebSocket) {
    ws.on('message', (data: RawData) => this.messages.push(JSON.parse((data as Buffer).toString()) as StreamMessage));
    ws.on('error', () => undefined);
    ws.once('close', (code) => (this.closedWith = code));
  }

  /** @throws Error naming the status and the body when the upgrade is refused */
  static open(url: string, path = '/api/v1/stream', options: ClientOptions = {}): Promise<StreamClient> {
    const ws = new WebSocket(`${url.replace('http', 'ws')}${path}`, { perMessageDeflate: false, ...options });
    const client = new StreamClient(ws);
    return new Promise((resolve, reject) => {
      ws.once('open', () => resolve(client));
      ws.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => reject(new Error(`${response.statusCode} ${body}`)));
      });
      ws.once('error', reject);
    });
  }

  send(message: unknown): void {
    this.ws.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** Sends a message and waits until it has had its effect. */
  async sync(message: Record<string, unknown>): Promise<StreamMessage> {
    const ack = `sync-${Math.random()}`;
    this.send({ ...message, ack });
    return this.find((one) => one.ack === ack);
  }

  /** The first message that fits, which is then taken out. @throws Error when none comes in time */
  async find(fits: (message: StreamMessage) => boolean): Promise<StreamMessage> {
    const at = await waitFor(() => this.messages.findIndex(fits) + 1, {
      message: () => `a message; there are ${JSON.stringify(this.messages).slice(0, 2_000)}`,
    });
    return this.messages.splice(at - 1, 1)[0] as StreamMessage;
  }

  /** The next message of a channel, and of a key of it. */
  next(channel: string, key?: string): Promise<StreamMessage> {
    return this.find((message) => message.channel === channel && (key === undefined || message.key === key));
  }

  async close(): Promise<void> {
    this.ws.close();
    await waitFor(() => this.closedWith !== null);
  }
}
