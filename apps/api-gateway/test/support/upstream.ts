import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

/** How the stand-in answers one path. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A service in the stream store's place, which tells what reached it and misbehaves on demand. The real one stands
 * behind the gateway in `whole-system.spec.ts`.
 */
export class StandIn {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly answers = new Map<string, Answer>();
  /** Upgrades that arrived, newest last. */
  readonly upgrades: IncomingMessage[] = [];
  readonly webSockets: WebSocket[] = [];

  private constructor() {
    const wss = new WebSocketServer({ noServer: true });
    this.#server = createServer((request, response) => {
      const answer = this.answers.get((request.url ?? '').split('?', 1)[0] as string);
      if (answer === undefined) echo(request, response);
      else answer(request, response);
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request, socket, head) => {
      this.upgrades.push(request);
      if (request.url?.startsWith('/data/refused') === true) {
        socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 7\r\nx-why: because\r\nconnection: close\r\n\r\nrefused');
        return;
      }
      wss.handleUpgrade(request, socket, head, (ws) => {
        this.webSockets.push(ws);
        ws.on('error', () => undefined);
        ws.on('message', (data, isBinary) => ws.send(data as Buffer, { binary: isBinary }));
      });
    });
  }

  static async start(port = 0): Promise<StandIn> {
    const standIn = new StandIn();
    await new Promise<void>((resolve) => {
      standIn.#server.listen(port, '127.0.0.1', resolve);
    });
    return standIn;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Ends as a killed process would: every connection is gone. */
  async kill(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Tells everything that arrived. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const hash: Buffer[] = [];
  request.on('data', (chunk: Buffer) => hash.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(hash);
    response.setHeader('x-echo', 'yes');
    response.setHeader('content-type', 'application/json');
    const { method, url, headers, rawHeaders } = request;
    response.end(
      JSON.stringify({
        method,
        url,
        headers,
        rawHeaders,
        bytes: body.length,
        body: body.toString('latin1').slice(0, 100),
      }),
    );
  });
}
