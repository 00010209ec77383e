import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  NameTable,
  compareEntryIds,
  decodePush,
  encodeAck,
  encodeData,
  encodeName,
  parseClientMessage,
  parseStreamName,
  unpackPayloads,
  type EntryId,
  type FollowMessage,
  type PushFrame,
} from '@sluice/wire';

interface Stored {
  readonly id: EntryId;
  readonly payload: Uint8Array;
}

interface Follower {
  readonly socket: WebSocket;
  readonly message: FollowMessage;
  readonly positions: Map<string, EntryId>;
  uncredited: number;
}

/**
 * The server's side of sluice.v1 in memory, for what a real Sluice does not do when a test wants it: lose an answer, cut a
 * connection at a given point, hold its acks back.
 */
export class MemorySluice {
  readonly streams = new Map<string, Stored[]>();
  readonly pushes: PushFrame[] = [];
  readonly packed: { name: string; payloads: Uint8Array[] }[] = [];
  readonly follows: FollowMessage[] = [];
  readonly credits: number[] = [];
  readonly tokens: (string | undefined)[] = [];
  connectionCount = 0;
  pingCount = 0;
  /** Called for each push before it is stored; false: say nothing and store nothing. */
  beforePush: (push: PushFrame, socket: WebSocket) => boolean = () => true;
  /** Called after a push was stored; false: send no ack. */
  afterPush: (push: PushFrame, socket: WebSocket) => boolean = () => true;
  /** HTTP status to refuse upgrades with; 0: accept. */
  refuseWith = 0;
  refuseBody = '';
  /** False: accept the socket and stay silent. */
  saysHello = true;
  onRequest: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    response.writeHead(404).end();
  private readonly followers: Follower[] = [];
  private readonly keys = new Map<string, EntryId[]>();
  private readonly http = createServer((request, response) => this.onRequest(request, response));
  private readonly sockets = new WebSocketServer({ noServer: true });
  private clock = 1_700_000_000_000;
  private port = 0;

  constructor() {
    this.http.on('upgrade', (request, socket, head) => {
      if (this.refuseWith > 0) {
        const body = this.refuseBody;
        socket.end(`HTTP/1.1 ${this.refuseWith} Refused\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
        return;
      }
      this.sockets.handleUpgrade(request, socket, head, (accepted) => this.accept(accepted, request));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.http.listen(port, '127.0.0.1', resolve));
    this.port = (this.http.address() as AddressInfo).port;
    return this;
  }

  /** Drops every connection without a close frame. */
  cut(): void {
    for (const socket of this.sockets.clients) socket.terminate();
  }

  /** Closes every connection properly. */
  closeAll(code: number, reason: string): void {
    for (const socket of this.sockets.clients) socket.close(code, reason);
  }

  /** Stops listening and drops everything; the streams stay. */
  async stop(): Promise<void> {
    this.cut();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  /** Sends a text frame to everyone. */
  say(message: object): void {
    for (const socket of this.sockets.clients) socket.send(JSON.stringify(message));
  }

  append(stream: string, payload: Uint8Array | string, id: EntryId = `${this.clock++}-0`): EntryId {
    const bytes = typeof payload === 'string' ? encodeName(payload) : Uint8Array.from(payload);
    const isNew = !this.streams.has(stream);
    this.streams.set(stream, [...(this.streams.get(stream) ?? []), { id, payload: bytes }]);
    if (isNew) this.join(stream);
    this.feed();
    return id;
  }

  texts(stream: string): string[] {
    return (this.streams.get(stream) ?? []).map(({ payload }) => new TextDecoder().decode(payload));
  }

  private accept(socket: WebSocket, request: IncomingMessage): void {
    this.connectionCount++;
    const query = new URL(request.url ?? '', 'http://x').searchParams.get('token');
    this.tokens.push(request.headers.authorization ?? query ?? undefined);
    const names = new NameTable((name) => parseStreamName(name).key);
    socket.on('error', () => undefined);
    socket.on('close', () => this.dropFollowers((follower) => follower.socket === socket));
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.onPush(decodePush(Uint8Array.from(data as Buffer), names), socket);
      else this.onText((data as Buffer).toString(), socket);
    });
    if (!this.saysHello) return;
    socket.send(
      JSON.stringify({ hello: { version: 1, server: 'memory', maxMessageBytes: 1 << 20, durability: 'none' } }),
    );
  }

  private onPush(push: PushFrame, socket: WebSocket): void {
    this.pushes.push(push);
    if (!this.beforePush(push, socket)) return;
    const known = push.key === null ? undefined : this.keys.get(push.key);
    for (const { name, packed } of push.packed ?? []) this.packed.push({ name, payloads: unpackPayloads(packed) });
    const ids =
      known ??
      (push.packed !== null ? push.packed.map(() => `${this.clock++}-0`) : undefined) ??
      push.sections.flatMap(({ name, entries }) =>
        entries.map(({ id, payload }) => this.append(name, payload, id ?? undefined)),
      );
    if (push.key !== null) this.keys.set(push.key, ids);
    if (push.acks && this.afterPush(push, socket)) socket.send(encodeAck(push.tag, push.wantsIds ? ids : []));
  }

  private onText(text: string, socket: WebSocket): void {
    const message = parseClientMessage(text);
    if (message.op === 'ping') {
      this.pingCount++;
      socket.send(JSON.stringify({ pong: { n: message.n } }));
    }
    if (message.op === 'follow') this.onFollow(message, socket);
    if (message.op === 'unfollow') {
      this.dropFollowers((follower) => follower.socket === socket && follower.message.sub === message.sub);
    }
    if (message.op === 'ack') {
      socket.send(JSON.stringify({ acked: { sub: message.sub, stream: message.stream, count: message.ids.length } }));
    }
    if (message.op !== 'credit') return;
    this.credits.push(message.bytes);
    for (const follower of this.followers)
      if (follower.message.sub === message.sub) follower.uncredited -= message.bytes;
    this.feed();
  }

  private onFollow(message: FollowMessage, socket: WebSocket): void {
    this.follows.push(message);
    const positions = new Map<string, EntryId>();
    const patterns = message.patterns.map((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`));
    const found = [...this.streams.keys()].filter((name) => patterns.some((pattern) => pattern.test(name)));
    const wanted = [...found.map((name): [string, string] => [name, message.from]), ...Object.entries(message.streams)];
    for (const [name, position] of wanted) {
      const { key } = parseStreamName(name);
      const last = this.streams.get(key)?.at(-1)?.id ?? '0-0';
      positions.set(key, position === '$' ? last : position === '-' ? '0-0' : position);
    }
    socket.send(JSON.stringify({ following: { sub: message.sub, streams: Object.fromEntries(positions) } }));
    this.dropFollowers((follower) => follower.socket === socket && follower.message.sub === message.sub);
    this.followers.push({ socket, message, positions, uncredited: 0 });
    this.feed();
  }

  private join(stream: string): void {
    for (const { message, positions, socket } of this.followers) {
      const fits = message.patterns.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(stream));
      if (!fits || positions.has(stream)) continue;
      positions.set(stream, '0-0');
      socket.send(JSON.stringify({ joined: { sub: message.sub, sid: stream, after: '0-0' } }));
    }
  }

  private dropFollowers(isGone: (follower: Follower) => boolean): void {
    for (const follower of this.followers.filter(isGone)) this.followers.splice(this.followers.indexOf(follower), 1);
  }

  private feed(): void {
    for (const follower of this.followers)
      for (const stream of follower.positions.keys()) this.feedOne(follower, stream);
  }

  private feedOne(follower: Follower, stream: string): void {
    const { message, positions, socket } = follower;
    for (const entry of this.streams.get(stream) ?? []) {
      if (message.windowBytes > 0 && follower.uncredited >= message.windowBytes) return;
      if (compareEntryIds(entry.id, positions.get(stream) ?? '0-0') <= 0) continue;
      const frame = encodeData(message.sub, [{ name: encodeName(stream), entries: [entry] }]);
      positions.set(stream, entry.id);
      follower.uncredited += frame.length;
      socket.send(frame);
    }
  }
}
