import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type Intake } from './intake.js';

const OPAQUE = 'application/octet-stream';

/**
 * Bodies come as the bytes they are: what is wrong with their JSON is said in the dialect's words. All of them together have a bound,
 * and large ones are worked at in turn.
 */
export function receiveBodies(fastify: FastifyInstance, intake: Intake, maxBytes: number): void {
  const leaving = new WeakMap<FastifyRequest, () => void>();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRequest', async (request, reply) => {
    if (request.method === 'GET') return;
    request.raw.headers['content-type'] = OPAQUE;
    const bytes = declaredBytes(request, maxBytes);
    // A larger one is refused unread.
    if (bytes <= maxBytes) reply.raw.once('close', intake.hold(bytes));
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

/** What a body will take; of one that does not say it, the most. */
function declaredBytes({ raw: { headers } }: FastifyRequest, maxBytes: number): number {
  if (headers['transfer-encoding'] !== undefined) return maxBytes;
  return Number(headers['content-length'] ?? 0);
}
