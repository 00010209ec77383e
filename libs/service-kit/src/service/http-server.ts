import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type Edge } from '../edge/edge.js';
import { type SlowBodies } from './slow-bodies.js';

/** Handles a request; what a router or a proxy is to the server. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Handles some requests before the router sees them, CORS headers included; false leaves a request to the router. */
export type RequestInterceptor = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A server in the kit's hands, whichever protocols it speaks. */
export interface HttpListener {
  readonly server: Server;
  readonly scheme: 'http' | 'https';
  /** Ends connections on which no request is under way. */
  endIdle(): void;
  /** Cuts every connection. */
  cut(): void;
}

/** What stands before the router of a service. */
export interface RequestGate {
  readonly edge: Edge;
  readonly slow: SlowBodies;
  readonly intercept: RequestInterceptor | null;
  /** What a request's target is at the service's main address; without it, the same. */
  readonly target?: ((target: string) => string) | undefined;
}

/**
 * Times and choices that hold for HTTP/1.1 with and without TLS. Requests have to arrive at some pace; answers may take
 * as long as they like.
 */
export const HTTP1_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  headersTimeout: 30_000,
  requestTimeout: 300_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 75_000,
};

/** `Upgrade: h2c` and the like are offers that may be ignored: only WebSocket is an upgrade here. */
export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Puts before the router: host and origin checks, request id, CORS headers, and the service's own interceptor. The
 * target alone is rewritten, and first of all, so that everything after sees one address.
 */
export function throughGate({ edge, slow, intercept, target }: RequestGate, handler: RequestHandler): RequestHandler {
  return (request, response) => {
    slow.watch(request);
    if (target !== undefined) request.url = target(request.url ?? '/');
    if (edge.answers(request, response) || intercept?.(request, response) === true) return;
    edge.decorate(request, response);
    handler(request, response);
  };
}

/** The server of a service on plain HTTP. */
export function createHttpListener(gate: RequestGate, handler: RequestHandler): HttpListener {
  const server = createServer(
    { ...HTTP1_OPTIONS, shouldUpgradeCallback: isWebSocketUpgrade },
    throughGate(gate, handler),
  );
  server.timeout = 0;
  return {
    server,
    scheme: 'http',
    endIdle: () => server.closeIdleConnections(),
    cut: () => server.closeAllConnections(),
  };
}
