import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders, connect } from 'node:http2';

/** An answer over HTTP/2. */
export interface Http2Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

/** Opens an HTTP/2 connection that trusts this certificate. */
export async function openHttp2(url: string, ca: string): Promise<ClientHttp2Session> {
  const session = connect(url, { ca });
  await once(session, 'connect');
  return session;
}

/** Sends one request and gathers its answer. @throws Error when the stream is reset */
export async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: Buffer,
): Promise<Http2Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return answerOf(stream);
}

/** Gathers the answer of a stream. @throws Error when it is reset */
export async function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const [head] = (await once(stream, 'response')) as [Record<string, unknown>];
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { status: Number(head[':status']), headers: head, body: Buffer.concat(chunks) };
}
