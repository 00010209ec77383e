import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type SluiceError } from '@sluice/contracts';
import { type Edge, type Metrics } from '@sluice/service-kit';
import { type Dispatcher } from 'undici';
import { bodyLimit } from './body-limit.js';
import { Exchange, type ExchangeOwner } from './exchange.js';
import { forwardedHeaders } from './forwarded-headers.js';
import {
  bodyTooLarge,
  declaredBodyBytes,
  gatherBody,
  isGathered,
  limitedBody,
  type ForwardedBody,
} from './request-body.js';
import { type Replicas } from './services.js';

/** Bodies that are gathered take so much together at the most; others are then handed on as they come. */
const MAX_GATHERED_BYTES = 64 * 1024 * 1024;

/**
 * Hands requests on to services and their answers back, both as they come: nothing is parsed, and each side is read at
 * the pace of the other.
 */
export class HttpProxy implements ExchangeOwner {
  readonly #exchanges = new Set<Exchange>();
  #gatheredBytes = 0;

  constructor(
    private readonly edge: Edge,
    private readonly metrics: Metrics,
    private readonly maxBodyBytes: number,
  ) {}

  /** Number of requests under way. */
  get activeRequests(): number {
    return this.#exchanges.size;
  }

  /** Hands one request on. Every outcome ends the response. */
  forward(service: Replicas, request: IncomingMessage, response: ServerResponse): void {
    const bytes = declaredBodyBytes(request);
    this.#count(request, response);
    const limit = bodyLimit(request, this.maxBodyBytes);
    if (bytes !== null && bytes > limit) {
      this.edge.sendError(request, response, bodyTooLarge(limit));
      return;
    }
    const exchange = new Exchange(this, service, request, response);
    this.#exchanges.add(exchange);
    if (bytes === 0) this.#dispatch(exchange, null);
    else if (isGathered(bytes) && this.#gatheredBytes + bytes <= MAX_GATHERED_BYTES) this.#gather(exchange, bytes);
    else this.#dispatch(exchange, limitedBody(request, limit));
  }

  #gather(exchange: Exchange, bytes: number): void {
    this.#gatheredBytes += bytes;
    exchange.response.once('close', () => (this.#gatheredBytes -= bytes));
    gatherBody(exchange.request, (body) => this.#dispatch(exchange, body));
  }

  fail(request: IncomingMessage, response: ServerResponse, error: SluiceError): void {
    if (!response.headersSent) this.edge.sendError(request, response, error);
  }

  ended(exchange: Exchange): void {
    this.#exchanges.delete(exchange);
  }

  /** A kept-alive connection may close just as it is used again: reads are sent once more. */
  retry(exchange: Exchange): boolean {
    const { request } = exchange;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || exchange.wasRetried || declaredBodyBytes(request) !== 0) return false;
    exchange.wasRetried = true;
    exchange.upstream = exchange.service.next();
    this.#dispatch(exchange, null);
    return true;
  }

  turn(exchange: Exchange): boolean {
    const { service, upstream, body } = exchange;
    service.leaveOut(upstream);
    if (exchange.tried >= service.upstreams.length || !(body === null || Buffer.isBuffer(body))) return false;
    exchange.tried += 1;
    exchange.upstream = service.next();
    this.#dispatch(exchange, body);
    return true;
  }

  /** Ends answers that have no end of their own. */
  endLive(): void {
    for (const exchange of this.#exchanges) if (exchange.isLive) exchange.endLive();
  }

  #dispatch(exchange: Exchange, body: ForwardedBody): void {
    const { request, upstream } = exchange;
    exchange.body = body;
    upstream.pool.dispatch(
      {
        path: request.url ?? '/',
        method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
        headers: forwardedHeaders(request, this.edge),
        body: body as Dispatcher.DispatchOptions['body'],
      },
      exchange,
    );
  }

  #count(request: IncomingMessage, response: ServerResponse): void {
    const startedAt = performance.now();
    response.once('close', () => {
      this.metrics.countRequest(request.method ?? '', response.statusCode, performance.now() - startedAt);
    });
  }
}
