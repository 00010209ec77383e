import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type Intake } from './intake.js';

const OPAQUE = 'application/octet-stream';

/**
 * Bodies come as the bytes they are: what is wrong with their JSON is said in the dialect's words. Large ones are worked at
 * in turn.
 */
export function receiveBodies(fastify: FastifyInstance, intake: Intake): void {
  const leaving = new WeakMap<FastifyRequest, () => void>();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (request.method !== 'GET') request.raw.headers['content-type'] = OPAQUE;
    done();
  });
  fastify.addHook('preHandler', async (request, reply) => {
    if (!Buffer.isBuffer(request.body)) return;
    const leave = await intake.enter(request.body.length);
    leaving.set(request, leave);
    reply.raw.once('close', leave);
    if (reply.raw.destroyed) leave();
  });
  fastify.addHook('onSend', async (request) => leaving.get(request)?.());
}
