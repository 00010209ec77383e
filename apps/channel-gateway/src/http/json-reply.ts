import { type FastifyReply, type FastifyRequest } from 'fastify';

/** Answers with JSON that is written already. */
export async function sendJson(reply: FastifyReply, json: string | Uint8Array, status = 200): Promise<void> {
  await reply
    .code(status)
    .header('content-type', 'application/json')
    .header('cache-control', 'no-store')
    // A text would be sent with a charset, which JSON has not.
    .send(typeof json === 'string' ? Buffer.from(json) : Buffer.from(json.buffer, json.byteOffset, json.byteLength));
}

/** What stands behind `prefix` in the request's path, cut at its first `/` and decoded; the second part may have more of them. */
export function namesBehind(prefix: string, { raw }: FastifyRequest): readonly [name: string, rest: string | null] {
  const path = (raw.url ?? '/').split('?', 1)[0] ?? '/';
  const behind = path.slice(prefix.length);
  const slash = behind.indexOf('/');
  if (slash < 0) return [decodeURIComponent(behind), null];
  return [decodeURIComponent(behind.slice(0, slash)), decodeURIComponent(behind.slice(slash + 1))];
}
