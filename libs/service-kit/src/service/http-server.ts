import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type Edge } from '../edge/edge.js';

/** Handles a request; what a router or a proxy is to the server. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Handles some requests before the router sees them, CORS headers included; false leaves a request to the router. */
export type RequestInterceptor = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * The HTTP server of a service. Before the router: host and origin checks, request id, CORS headers, and the service's
 * own interceptor.
 */
export function createHttpServer(edge: Edge, handler: RequestHandler, intercept: RequestInterceptor | null): Server {
  const server = createServer(
    {
      noDelay: true,
      keepAlive: true,
      // Requests have to arrive at some pace; answers may take as long as they like.
      headersTimeout: 30_000,
      requestTimeout: 300_000,
      connectionsCheckingInterval: 5_000,
      keepAliveTimeout: 75_000,
      // `Upgrade: h2c` and the like are offers that may be ignored: only WebSocket is an upgrade here.
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
    },
    (request, response) => {
      if (edge.answers(request, response) || intercept?.(request, response) === true) return;
      edge.decorate(request, response);
      handler(request, response);
    },
  );
  server.timeout = 0;
  return server;
}
