import { type IncomingMessage, type ServerResponse } from 'node:http';
import { SluiceError, errorBody } from '@sluice/contracts';
import { type ServiceConfig } from '../config/service-settings.js';
import { HostPolicy } from './host-policy.js';
import { OriginPolicy } from './origin-policy.js';
import { isAcceptableRequestId, newRequestId } from './request-id.js';
import { TrustedProxies } from './trusted-proxies.js';

/** Where a request carries its id: a property costs less on every request than a map beside it. */
const REQUEST_ID = Symbol('request id');

type IdentifiedRequest = IncomingMessage & { [REQUEST_ID]?: string };

/** Checks and headers that hold for every request of a service, before any router sees it. */
export class Edge {
  readonly origins: OriginPolicy;
  readonly hosts: HostPolicy;
  readonly proxies: TrustedProxies;

  constructor(config: ServiceConfig, options: { trustsLoopback: boolean }) {
    this.origins = new OriginPolicy(config.corsOrigins);
    this.hosts = new HostPolicy({ allowedHosts: config.allowedHosts, listenHost: config.host });
    this.proxies = new TrustedProxies([...config.trustedProxies, ...(options.trustsLoopback ? ['loopback'] : [])]);
  }

  /** Id of a request: the one a trusted proxy gave it, else a new one; the same at every call. */
  requestId(request: IncomingMessage): string {
    const identified: IdentifiedRequest = request;
    const known = identified[REQUEST_ID];
    if (known !== undefined) return known;
    const given = request.headers['x-request-id'];
    const isBelieved = isAcceptableRequestId(given) && this.proxies.has(request.socket.remoteAddress);
    const id = isBelieved ? given : newRequestId();
    identified[REQUEST_ID] = id;
    return id;
  }

  /** Whether the client came over TLS, to us or to a trusted proxy before us: cookies are `Secure` then. */
  isHttps(request: IncomingMessage): boolean {
    if ('encrypted' in request.socket && request.socket.encrypted === true) return true;
    return request.headers['x-forwarded-proto'] === 'https' && this.proxies.has(request.socket.remoteAddress);
  }

  /** Why a request or upgrade is not let in; null when it is. */
  refusal(request: IncomingMessage): SluiceError | null {
    const { host } = request.headers;
    if (!this.hosts.isAllowed(host)) {
      return new SluiceError('FOREIGN_ORIGIN', `Host "${host}" is not served here; SLUICE_ALLOWED_HOSTS lists others`);
    }
    return this.origins.isForeign(request.method, request.headers) ? foreignOrigin(request) : null;
  }

  /** Why a WebSocket upgrade is not let in; null when it is. Any foreign origin is refused: sockets know no CORS. */
  upgradeRefusal(request: IncomingMessage): SluiceError | null {
    const { origin } = request.headers;
    if (origin !== undefined && !this.origins.isAllowed(origin, request.headers.host)) return foreignOrigin(request);
    return this.refusal(request);
  }

  /** Answers refused requests and preflights itself; true when it did. */
  answers(request: IncomingMessage, response: ServerResponse): boolean {
    const refusal = this.refusal(request);
    if (refusal !== null) {
      this.sendError(request, response, refusal);
      return true;
    }
    const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (!isPreflight || request.headers.origin === undefined) return false;
    response.setHeader('x-request-id', this.requestId(request));
    for (const [name, value] of this.origins.preflightHeaders(request.headers)) response.setHeader(name, value);
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': 2 }).end('OK');
    return true;
  }

  /** Gives an answer of this service its request id and CORS headers. */
  decorate(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('x-request-id', this.requestId(request));
    for (const [name, value] of this.origins.responseHeaders(request.headers)) response.setHeader(name, value);
  }

  /**
   * Ends a response with our error body at once. A body still coming in is read and forgotten: a connection cut under a
   * client that is sending would reset it before it can read why.
   */
  sendError(request: IncomingMessage, response: ServerResponse, error: SluiceError): void {
    this.decorate(request, response);
    const body = Buffer.from(JSON.stringify(errorBody(error, this.requestId(request))));
    response.writeHead(error.status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': body.length,
      'cache-control': 'no-store',
      ...retryAfter(error),
    });
    response.end(body);
    request.resume();
  }
}

/** The `retry-after` header of an error whose details say how long to wait. */
export function retryAfter(error: SluiceError): { 'retry-after'?: string } {
  const seconds = error.details?.['retryAfterSeconds'];
  return typeof seconds === 'number' ? { 'retry-after': String(seconds) } : {};
}

function foreignOrigin(request: IncomingMessage): SluiceError {
  const origin = request.headers.origin ?? 'another site';
  return new SluiceError(
    'FOREIGN_ORIGIN',
    `Pages of ${origin} may not do this; SLUICE_CORS_ORIGINS lists those that may`,
  );
}
