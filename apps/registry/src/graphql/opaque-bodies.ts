import { type IncomingMessage } from 'node:http';
import { type FastifyInstance } from 'fastify';

const CONTENT_TYPE = Symbol('content type');

type TypedRequest = IncomingMessage & { [CONTENT_TYPE]?: string | undefined };

/** Lets bodies come as the bytes they are: what is wrong with one is told in the words of the original, not of the framework. */
export function leaveBodiesOpaque(fastify: FastifyInstance): void {
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRequest', ({ raw }, _reply, done) => {
    (raw as TypedRequest)[CONTENT_TYPE] = raw.headers['content-type'];
    if (raw.method === 'POST') raw.headers['content-type'] = 'application/octet-stream';
    done();
  });
}

/** The content type that the client gave. */
export function contentTypeOf(raw: IncomingMessage): string | undefined {
  return (raw as TypedRequest)[CONTENT_TYPE];
}
