import { type IncomingMessage } from 'node:http';
import { type Http2ServerRequest } from 'node:http2';
import { SluiceError } from '@sluice/contracts';

/** Bodies up to this size are gathered and sent with their head in one write. */
const GATHER_BELOW_BYTES = 64 * 1024;

/** A request body for a service: nothing, the bytes, or the bytes as they come. */
export type ForwardedBody = null | Buffer | AsyncIterable<Buffer>;

/** Declared size of a request's body: 0 when it has none, null when it is only known at its end. */
export function declaredBodyBytes(request: IncomingMessage): number | null {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding !== undefined) return null;
  if (length === undefined && request.httpVersionMajor === 2) return hasEnded(request) ? 0 : null;
  return length === undefined ? 0 : Number(length);
}

/** Whether an HTTP/2 request was complete with its head. */
function hasEnded(request: IncomingMessage): boolean {
  return (request as unknown as Http2ServerRequest).stream.endAfterHeaders;
}

/** Whether an HTTP/2 request was cut short: its body ends then as if it were whole. HTTP/1.1 fails it by itself. */
function isBroken(request: IncomingMessage): boolean {
  return request.httpVersionMajor === 2 && (request as unknown as Http2ServerRequest).stream.aborted;
}

/** Whether a body is small enough to be gathered before it is sent on. */
export function isGathered(bytes: number | null): bytes is number {
  return bytes !== null && bytes <= GATHER_BELOW_BYTES;
}

/** Calls back with the whole body once it is there; never when the client goes away first. */
export function gatherBody(request: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
  });
  request.once('end', () => {
    if (isBroken(request)) return;
    done(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
  });
}

/**
 * The body as it comes, at the service's pace.
 * @throws SluiceError MESSAGE_TOO_LARGE as soon as it passes the limit
 */
export async function* limitedBody(request: IncomingMessage, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    // Left early, the request must stay whole: its connection carries the refusal.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw bodyTooLarge(maxBytes);
      yield chunk;
    }
    // Half a body must not look like a whole one.
    if (isBroken(request)) throw new Error('the client went away');
  } finally {
    // A service may answer before it has read everything: the client is to read that answer, not to wait with the rest.
    request.resume();
  }
}

/** The refusal of a body above the limit. */
export function bodyTooLarge(maxBytes: number): SluiceError {
  const message = `The request body is larger than ${maxBytes} bytes; SLUICE_API_GATEWAY_MAX_BODY_BYTES sets the limit`;
  return new SluiceError('MESSAGE_TOO_LARGE', message);
}
