import { type FastifyReply } from 'fastify';

/** Answers with JSON also where the value is a text, a number or null. */
export async function sendJson(reply: FastifyReply, value: unknown): Promise<void> {
  await reply.code(200).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(value));
}
