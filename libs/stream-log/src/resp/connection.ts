import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Endpoint, type RedisTarget } from '../redis-url.js';
import { type Argument, CommandWriter } from './command-writer.js';
import { Fifo } from './fifo.js';
import { type Reply, ReplyError, RespParser } from './parser.js';
import { ReadMemory } from './read-memory.js';

/** Whoever waits for one reply. Exactly one of the two is called, once. */
export interface ReplyHandler {
  reply(value: Reply): void;
  /** The connection ended after the command was written: whether it ran is unknown. */
  lost(): void;
}

export interface ConnectionEvents {
  /** Connected and greeted; commands may be written. */
  onReady(): void;
  /** The connection is gone; all waiting handlers were told first. */
  onDown(reason: string): void;
  onPush?(items: Reply[]): void;
}

export interface ConnectionOptions {
  readonly target: RedisTarget;
  readonly endpoint: Endpoint;
  readonly name: string;
  /** Sent after the greeting, before `onReady`; an error reply of one is told to `onGreetingError`. */
  readonly greeting?: readonly (readonly Argument[])[];
  onGreetingError?(command: readonly Argument[], error: ReplyError): void;
}

const RECONNECT_FIRST_MS = 20;
const RECONNECT_LONGEST_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;
const KEEP_ALIVE_MS = 15_000;
/**
 * Replies outstanding and not a byte coming in between two checks, so for 4 to 8 seconds, means a dead peer (half-open connection,
 * stopped process): the connection is given up. A cluster has put a replica in its place by then.
 */
const PROGRESS_CHECK_MS = 4_000;

/**
 * One pipelined connection to one Redis node, greeted in RESP3. Replies are matched to commands by order. What is written
 * during one event-loop turn leaves as one write. It reconnects by itself until closed.
 */
export class RespConnection {
  readonly writer = new CommandWriter();
  private socket: Socket | null = null;
  private readonly waiting = new Fifo<ReplyHandler>();
  private ready = false;
  private closed = false;
  private flushScheduled = false;
  private reconnectDelayMs = RECONNECT_FIRST_MS;
  private reconnectTimer: NodeJS.Timeout | null = null;
  private readonly watchdog: NodeJS.Timeout;
  private hasProgress = true;

  constructor(
    private readonly options: ConnectionOptions,
    private readonly events: ConnectionEvents,
  ) {
    this.watchdog = setInterval(() => this.checkProgress(), PROGRESS_CHECK_MS).unref();
    this.open();
  }

  get isReady(): boolean {
    return this.ready;
  }

  get endpoint(): Endpoint {
    return this.options.endpoint;
  }

  /** Replies that have not come yet. */
  get waitingCount(): number {
    return this.waiting.length;
  }

  /** Writes a command and waits for its reply (error replies resolve as `ReplyError`). @throws Error when the connection is lost. */
  send(args: readonly Argument[]): Promise<Reply> {
    if (!this.ready) return Promise.reject(new Error('connection is not ready'));
    return new Promise((resolve, reject) => {
      this.writer.command(args);
      this.expect({ reply: resolve, lost: () => reject(new Error('connection lost before the reply came')) });
    });
  }

  /** The command just put into `writer` will be answered to `handler`. */
  expect(handler: ReplyHandler): void {
    this.waiting.push(handler);
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    setImmediate(() => this.flush());
  }

  /** Writes what was collected; called by itself at the end of the turn. */
  flush(): void {
    this.flushScheduled = false;
    const { socket } = this;
    if (!socket || this.writer.isEmpty) return;
    const pieces = this.writer.take();
    if (pieces.length === 1 && pieces[0]) {
      socket.write(pieces[0]);
      return;
    }
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
  }

  /** Ends the connection for good; whoever waits is told that the reply is lost. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.watchdog);
    if (this.reconnectTimer) clearTimeout(this.reconnectTimer);
    this.socket?.destroy();
    this.fail('closed');
  }

  private open(): void {
    const { endpoint, target } = this.options;
    const parser = this.makeParser();
    const memory = new ReadMemory(parser);
    const received = (take: () => void): boolean => {
      this.hasProgress = true;
      try {
        take();
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
      return true;
    };
    const onread = { buffer: () => memory.buffer(), callback: (count: number) => received(() => memory.take(count)) };
    const { host, port } = endpoint;
    const socket: Socket = target.tls
      ? connectTls({ host, port, servername: host }).on('data', (chunk) => received(() => parser.feed(chunk)))
      : connectTcp({ host, port, onread });
    this.socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const timeout = setTimeout(() => socket.destroy(new Error('connecting took too long')), CONNECT_TIMEOUT_MS);
    let reason = 'connection closed by the server';
    socket.on('error', (error) => (reason = error.message || reason));
    socket.on('close', () => {
      clearTimeout(timeout);
      if (this.socket === socket) this.fail(reason);
    });
    socket.on(target.tls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timeout);
      void this.greet(socket);
    });
  }

  private makeParser(): RespParser {
    return new RespParser(
      (reply) => {
        try {
          this.waiting.shift()?.reply(reply);
        } catch (error) {
          surface(error);
        }
      },
      (items) => {
        try {
          this.events.onPush?.(items);
        } catch (error) {
          surface(error);
        }
      },
    );
  }

  private async greet(socket: Socket): Promise<void> {
    const { target, greeting = [], name } = this.options;
    const commands: (readonly Argument[])[] = [];
    const login = target.password === null ? [] : ['AUTH', target.username ?? 'default', target.password];
    commands.push(['HELLO', 3, ...login, 'SETNAME', name]);
    if (target.database > 0) commands.push(['SELECT', target.database]);
    commands.push(...greeting);
    try {
      const replies = await Promise.all(commands.map((command) => this.ask(command)));
      const refused = replies.findIndex((reply) => reply instanceof ReplyError);
      const error = replies[refused];
      if (error instanceof ReplyError) {
        if (refused < commands.length - greeting.length)
          throw new Error(`Redis refused the connection: ${error.message}`);
        this.options.onGreetingError?.(commands[refused] ?? [], error);
      }
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (this.socket !== socket || this.closed) return;
    this.ready = true;
    this.reconnectDelayMs = RECONNECT_FIRST_MS;
    this.events.onReady();
  }

  private ask(args: readonly Argument[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.writer.command(args);
      this.expect({ reply: resolve, lost: () => reject(new Error('connection lost while greeting')) });
    });
  }

  private fail(reason: string): void {
    this.ready = false;
    this.socket = null;
    this.writer.take();
    for (const handler of this.waiting.drain()) handler.lost();
    if (this.closed) return;
    this.events.onDown(reason);
    if (this.reconnectTimer) return;
    const delayMs = this.reconnectDelayMs * (0.5 + Math.random() / 2);
    this.reconnectDelayMs = Math.min(RECONNECT_LONGEST_MS, this.reconnectDelayMs * 2);
    this.reconnectTimer = setTimeout(() => {
      this.reconnectTimer = null;
      if (!this.closed) this.open();
    }, delayMs);
  }

  /** Two checks with commands waiting and no reply between them: the peer is gone without saying so. */
  private checkProgress(): void {
    if (this.socket && this.waiting.length > 0 && !this.hasProgress) {
      this.socket.destroy(new Error(`no reply within ${PROGRESS_CHECK_MS} ms`));
    }
    this.hasProgress = this.waiting.length === 0;
  }
}

/** A fault in a handler must not cost the replies behind it: it surfaces on its own, as an uncaught exception. */
function surface(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
