import { type IncomingMessage } from 'node:http';
import { type Socket } from 'node:net';
import { ERRORS, SluiceError } from '@sluice/contracts';
import { parseBoolean } from '@sluice/wire';
import { type Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Guard } from '../auth/guard.js';
import { NOBODY, setIdentity } from '../auth/identity.js';
import { type ServiceConfig } from '../config/service-settings.js';
import { type Edge } from '../edge/edge.js';
import { Connection } from './connection.js';
import { Heartbeat } from './heartbeat.js';
import { InflateTurns } from './inflate-turns.js';
import { refuseUpgrade, usualRefusal, withChallenge } from './refusal.js';
import { type SocketRoute, type UpgradeRequest, compilePath } from './socket-route.js';
import { UnfinishedMessages } from './unfinished.js';

/** Largest message a socket takes; a larger one closes it with 1009. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Most reads that one frame may come in: each costs some 200 bytes beside its own. */
const MAX_READS = 64 * 1024;

interface CompiledRoute {
  readonly route: SocketRoute<unknown>;
  readonly match: ReturnType<typeof compilePath>;
}

/**
 * The WebSocket door of a service: finds the route of an upgrade, lets it check everything before the handshake, and
 * hands over the connection. Knows every open connection, keeps their heartbeat and closes them at shutdown.
 */
export class UpgradeRouter {
  readonly #routes: CompiledRoute[] = [];
  readonly #open = new Set<Connection>();
  readonly #plain = socketServer(false);
  readonly #compressing = socketServer(true);
  readonly #heartbeat: Heartbeat;
  readonly #bounds = { unfinished: new UnfinishedMessages(), turns: new InflateTurns() };
  #isDraining = false;

  constructor(
    private readonly edge: Edge,
    private readonly guard: Guard,
    private readonly log: Logger,
    private readonly config: Pick<ServiceConfig, 'heartbeatMs' | 'compression'>,
  ) {
    this.#heartbeat = new Heartbeat(config.heartbeatMs);
  }

  /**
   * Adds a route. Patterns that match the same path are tried in the order they were added. Without an entry in the
   * table of routes the service does not start.
   */
  register<Context>(route: SocketRoute<Context>): void {
    this.guard.addRoute('WS', route.path);
    this.#routes.push({ route: route as SocketRoute<unknown>, match: compilePath(route.path) });
  }

  /** Number of open connections. */
  get openConnections(): number {
    return this.#open.size;
  }

  /** What bounds the messages of all sockets together, as it stands. */
  get intake(): {
    readonly unfinishedBytes: number;
    readonly waiting: number;
    readonly cut: number;
    readonly inflatingBytes: number;
  } {
    const { unfinished, turns } = this.#bounds;
    return {
      unfinishedBytes: unfinished.bytes,
      waiting: unfinished.waiting,
      cut: unfinished.cut,
      inflatingBytes: turns.bytes,
    };
  }

  /** Handles the `upgrade` event of the HTTP server. */
  async handle(raw: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const id = this.edge.requestId(raw);
    // Until the handshake nobody else listens: a client that vanishes now must not end the process.
    const ignoreError = (): void => {
      socket.destroy();
    };
    socket.on('error', ignoreError);
    const { route, request: found } = this.#find(raw, id);
    try {
      const { request, context } = await this.#prepare(raw, route, found);
      if (socket.destroyed) return;
      socket.removeListener('error', ignoreError);
      this.#upgrade(request, socket, head, route as SocketRoute<unknown>, context);
    } catch (error) {
      const known = this.#known(error, found);
      refuseUpgrade(socket, withChallenge(known, route?.refuse?.(known) ?? usualRefusal(known, id)), id);
    }
  }

  /** Writes to the audit trail that an open socket was refused something which its credential does not allow. */
  noteForbidden({ raw, identity }: UpgradeRequest, path: string): void {
    this.guard.noteForbidden(raw, identity, 'WS', path);
  }

  /** Refuses new upgrades and closes every connection with 1001; resolves when all are gone. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const connections = [...this.#open];
    await Promise.all(connections.map((connection) => closeAndWait(connection, 1001, 'the server is shutting down')));
  }

  /** Cuts whatever is still open. */
  stop(): void {
    this.#heartbeat.stop();
    this.#bounds.unfinished.stop();
    for (const { ws } of this.#open) ws.terminate();
  }

  async #prepare(
    raw: IncomingMessage,
    route: SocketRoute<unknown> | null,
    found: UpgradeRequest,
  ): Promise<{ request: UpgradeRequest; context: unknown }> {
    if (this.#isDraining) throw new SluiceError('SHUTTING_DOWN', 'The service is stopping; connect again');
    const refusal = this.edge.upgradeRefusal(raw);
    if (refusal !== null) throw refusal;
    const identity = await this.guard.admit(raw, 'WS', route?.path);
    setIdentity(raw, identity);
    if (route === null) throw new SluiceError('NO_SOCKET_HERE', `No WebSocket is served at ${found.path}`);
    const request = { ...found, identity };
    try {
      return { request, context: await route.prepare(request) };
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'FORBIDDEN') {
        this.guard.noteForbidden(raw, identity, 'WS', route.path);
      }
      throw error;
    }
  }

  #find(raw: IncomingMessage, id: string): { route: SocketRoute<unknown> | null; request: UpgradeRequest } {
    const url = raw.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    const segments = path.split('/');
    for (const { route, match } of this.#routes) {
      const params = match(segments);
      if (params !== null) return { route, request: { id, path, params, query, identity: NOBODY, raw } };
    }
    return { route: null, request: { id, path, params: {}, query, identity: NOBODY, raw } };
  }

  #upgrade(request: UpgradeRequest, socket: Socket, head: Buffer, route: SocketRoute<unknown>, context: unknown): void {
    chooseProtocol(request.raw, route.protocols ?? []);
    (this.#mayCompress(request.query) ? this.#compressing : this.#plain).handleUpgrade(
      request.raw,
      socket,
      head,
      (ws: WebSocket) => {
        const connection = new Connection(ws, socket, request.id, this.#bounds);
        this.#open.add(connection);
        ws.once('close', () => {
          this.#open.delete(connection);
          if (connection.closedWith !== ERRORS.FORBIDDEN.closeCode) return;
          this.guard.noteForbidden(request.raw, request.identity, 'WS', route.path);
        });
        ws.on('error', (error) => {
          this.log.debug({ connection: request.id, err: error }, 'socket error');
        });
        this.#heartbeat.add(connection);
        const unwatch = this.guard.watch(request.raw, request.identity, ({ closeCode, code, message }) => {
          void connection.close(closeCode, `${code}: ${message}`);
        });
        if (unwatch !== null) ws.once('close', unwatch);
        this.#accept(route, connection, context, request);
      },
    );
  }

  /** Whether compression is agreed to, should the client offer it. */
  #mayCompress(query: URLSearchParams): boolean {
    const { compression } = this.config;
    if (compression === 'never') return false;
    return parseBoolean(query.get('compress') ?? '') ?? compression === 'offered';
  }

  #accept(route: SocketRoute<unknown>, connection: Connection, context: unknown, request: UpgradeRequest): void {
    try {
      route.accept(connection, context, request);
    } catch (error) {
      const known = this.#known(error, request);
      void connection.close(known.closeCode, `${known.code}: ${known.message}`);
    }
  }

  #known(error: unknown, request: UpgradeRequest): SluiceError {
    if (error instanceof SluiceError) return error;
    this.log.error({ err: error, requestId: request.id, path: request.path }, 'upgrade failed');
    return new SluiceError('INTERNAL', 'The upgrade failed; the log has the reason under this request id', {
      cause: error,
    });
  }
}

function socketServer(isCompressing: boolean): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    autoPong: false,
    maxPayload: MAX_MESSAGE_BYTES,
    maxBufferedChunks: MAX_READS,
    perMessageDeflate: isCompressing ? { threshold: 1024, concurrencyLimit: 4 } : false,
  });
}

/** Leaves in the request only the subprotocol that is chosen, which the library then confirms. */
function chooseProtocol(raw: IncomingMessage, served: readonly string[]): void {
  const offered = raw.headers['sec-websocket-protocol'];
  if (offered === undefined) return;
  const chosen = offered
    .split(',')
    .map((name) => name.trim())
    .find((name) => served.includes(name));
  if (chosen === undefined) delete raw.headers['sec-websocket-protocol'];
  else raw.headers['sec-websocket-protocol'] = chosen;
}

async function closeAndWait(connection: Connection, code: number, reason: string): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    connection.ws.once('close', () => resolve());
  });
  await connection.close(code, reason);
  await closed;
}
