import { SluiceError } from '@sluice/contracts';
import { type Endpoint, endpointName, type RedisTarget } from './redis-url.js';
import { type Argument } from './resp/command-writer.js';
import { type ConnectionEvents, type ConnectionOptions, RespConnection } from './resp/connection.js';
import { type Reply } from './resp/parser.js';

const READY_TIMEOUT_MS = 2_000;

/** One Redis node: its address, and the connections that are open to it. */
export class Shard {
  readonly name: string;
  private reader: RespConnection | null = null;
  private readonly connections = new Set<RespConnection>();
  private readonly readyWaiters = new Set<() => void>();

  constructor(
    private readonly target: RedisTarget,
    readonly endpoint: Endpoint,
    private readonly onLost: () => void,
  ) {
    this.name = endpointName(endpoint);
  }

  /** Nothing waits for an answer of this node. */
  get isIdle(): boolean {
    return [...this.connections].every((connection) => connection.waitingCount === 0);
  }

  /** Opens a connection of its own; losing it lets the topology be read again. */
  open(
    name: string,
    events: ConnectionEvents,
    options: Pick<ConnectionOptions, 'greeting' | 'onGreetingError'> = {},
  ): RespConnection {
    const connection = new RespConnection(
      { target: this.target, endpoint: this.endpoint, name, ...options },
      {
        ...events,
        onDown: (reason) => {
          events.onDown(reason);
          this.onLost();
        },
      },
    );
    this.connections.add(connection);
    return connection;
  }

  /** Closes a connection made by `open`. */
  release(connection: RespConnection): void {
    this.connections.delete(connection);
    connection.close();
  }

  /** Runs commands, in one write, on the connection that reads share. @throws SluiceError LOG_UNAVAILABLE */
  async run(...commands: (readonly Argument[])[]): Promise<Reply[]> {
    const connection = await this.readyReader();
    try {
      return await Promise.all(commands.map((command) => connection.send(command)));
    } catch (error) {
      throw new SluiceError('LOG_UNAVAILABLE', `Redis at ${this.name} was lost while reading`, { cause: error });
    }
  }

  close(): void {
    for (const connection of this.connections) connection.close();
    this.connections.clear();
    this.reader = null;
  }

  private async readyReader(): Promise<RespConnection> {
    this.reader ??= this.open('sluice-read', {
      onReady: () => {
        for (const wake of this.readyWaiters) wake();
      },
      onDown: () => undefined,
    });
    if (this.reader.isReady) return this.reader;
    await new Promise<void>((resolve, reject) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.readyWaiters.delete(wake);
        resolve();
      };
      const timer = setTimeout(() => {
        this.readyWaiters.delete(wake);
        reject(new SluiceError('LOG_UNAVAILABLE', `Redis at ${this.name} cannot be reached`));
      }, READY_TIMEOUT_MS);
      this.readyWaiters.add(wake);
    });
    return this.reader;
  }
}
