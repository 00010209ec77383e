import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type ErrorFilter } from '../errors/error.filter.js';
import { toSluiceError } from '../errors/to-sluice-error.js';
import { type Guard } from './guard.js';
import { type Identity, findIdentity, setIdentity } from './identity.js';

/** Puts the guard before every route that is added from now on; a refused request's body is never read. */
export function guardRequests(fastify: FastifyInstance, guard: Guard, errors: ErrorFilter): void {
  fastify.addHook('onRoute', ({ url, method }) => {
    for (const name of [method].flat()) guard.addRoute(name, url);
  });
  noteRefusals(fastify, guard);
  fastify.addHook('onRequest', (request, reply, done) => {
    const refuse = (error: unknown): void => {
      answerRefusal(error, { request, reply, errors });
    };
    const accept = (identity: Identity): void => {
      setIdentity(request.raw, identity);
      // An answer may go on for hours, and a read may wait for one: they end with the credential. A change that has begun
      // is answered, as its effect may be what ended the credential.
      const unwatch = guard.watch(request.raw, identity, () => {
        if (request.method === 'GET' || reply.raw.headersSent) reply.raw.destroy();
      });
      if (unwatch !== null) reply.raw.once('close', unwatch);
      done();
    };
    try {
      const identity = guard.admit(request.raw, request.method, request.routeOptions.url);
      if (identity instanceof Promise) identity.then(accept, refuse);
      else accept(identity);
    } catch (error) {
      refuse(error);
    }
  });
}

/** Routes refuse names by themselves, in the shapes of their dialects. */
function noteRefusals(fastify: FastifyInstance, guard: Guard): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const { url } = request.routeOptions;
    const identity = reply.statusCode === 403 && url !== undefined ? findIdentity(request.raw) : null;
    if (identity !== null && url !== undefined) guard.noteForbidden(request.raw, identity, request.method, url);
    done();
  });
}

function answerRefusal(
  thrown: unknown,
  { request, reply, errors }: { request: FastifyRequest; reply: FastifyReply; errors: ErrorFilter },
): void {
  const error = toSluiceError(thrown);
  if (error.code === 'UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer');
  errors.answer(error, request, reply);
}
