import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { SluiceError, errorBody } from '@sluice/contracts';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Logger } from 'pino';
import { type RouteTable } from './route-table.js';
import { toSluiceError } from './to-sluice-error.js';

/** A reply in a dialect's own shape. */
export interface DialectReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** How the paths of one dialect tell errors, also those raised before any of its routes is reached. */
export interface ErrorDialect {
  /** Whether a path (without query) belongs to the dialect. */
  owns(path: string): boolean;
  /** The reply; null for our own error body. */
  reply(error: SluiceError, request: { readonly method: string; readonly path: string }): DialectReply | null;
}

/** Turns whatever a request ends with into a reply: our one error body, or a dialect's own. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly log: Logger,
    private readonly routes: RouteTable,
    private readonly dialects: readonly ErrorDialect[],
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    // What is no HTTP request, such as a field of GraphQL, tells its errors in its own way.
    if (host.getType() !== 'http') throw thrown;
    const http = host.switchToHttp();
    this.answer(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Answers a request that failed, also before it reached a route. */
  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const path = pathOf(request.raw.url ?? '/');
    const error = this.#sharpen(toSluiceError(thrown), request, path);
    if (error.status >= 500) {
      this.log.error({
        err: error.cause ?? error,
        code: error.code,
        requestId: request.id,
        method: request.method,
        path,
      });
    }
    if (reply.sent || reply.raw.headersSent) {
      // The answer had begun: an abrupt end is the only way left to say that it is not whole.
      reply.raw.destroy();
      return;
    }
    // Whoever is still sending cannot read why, if the connection is cut: what comes in is read and forgotten.
    if (error.status === 413) {
      reply.removeHeader('connection');
      request.raw.resume();
    }
    const dialect = this.dialects.find(({ owns }) => owns(path));
    const own = dialect?.reply(error, { method: request.method, path });
    if (error.code === 'METHOD_NOT_ALLOWED') reply.header('allow', this.routes.allowedMethods(path).join(', '));
    if (own === undefined || own === null) {
      void reply.code(error.status).header('cache-control', 'no-store').send(errorBody(error, request.id));
      return;
    }
    void reply
      .code(own.status)
      .headers(own.headers ?? {})
      .send(own.body);
  }

  /** Says what the framework does not: the limit of a body, and that a path which exists for other methods is not unknown. */
  #sharpen(error: SluiceError, request: FastifyRequest, path: string): SluiceError {
    if (isBodyRefusal(error.cause)) {
      const message = `The request body is larger than ${request.routeOptions.bodyLimit} bytes`;
      return new SluiceError('MESSAGE_TOO_LARGE', message, { cause: error.cause });
    }
    if (error.code !== 'NOT_FOUND' || request.routeOptions.url !== undefined) return error;
    const allowed = this.routes.allowedMethods(path);
    // A route that looked for a file and found none is known, and so is its method.
    if (allowed.length === 0 || allowed.includes(request.method))
      return new SluiceError('NOT_FOUND', `Nothing is served at ${request.method} ${path}`);
    const message = `${path} does not know ${request.method}, only ${allowed.join(', ')}`;
    return new SluiceError('METHOD_NOT_ALLOWED', message, { details: { allowed } });
  }
}

/** Nest keeps of Fastify's refusal only the status and these words. */
function isBodyRefusal(cause: unknown): boolean {
  return cause instanceof Error && cause.message === 'Request body is too large';
}

function pathOf(url: string): string {
  const mark = url.indexOf('?');
  return mark < 0 ? url : url.slice(0, mark);
}
