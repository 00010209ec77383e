import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { type Socket } from 'node:net';
import { SluiceError, errorBody } from '@sluice/contracts';
import { newRequestId } from '../edge/request-id.js';
import { HTTP1_OPTIONS } from './http-server.js';
import { SLOW_BODY } from './slow-bodies.js';

/** How long a client that is still sending may go on, so that it can read why it was refused. */
const LINGER_MS = 1000;

const TIMES = `${HTTP1_OPTIONS.headersTimeout / 1000} s for its head, ${HTTP1_OPTIONS.requestTimeout / 1000} s in all, and ${SLOW_BODY}`;

/** What Node's HTTP parser or one of its timers reports. */
type ParserError = Error & { readonly code?: string; readonly reason?: string };

/** The parts of Node's socket that tell whether an answer is under way on it; no type describes them. */
interface AnsweringSocket extends Socket {
  readonly _httpMessage?: { readonly headersSent: boolean } | null;
}

/**
 * Answers what Node's HTTP parser refuses before there is a request (malformed, too large a head, too slow) with our
 * error body, and ends the connection. An answer that has begun is not written into: it is cut short.
 */
export function refuseBrokenRequest(error: ParserError, socket: Socket): void {
  if (socket.destroyed || socket.writableEnded) return;
  const isAnswering = (socket as AnsweringSocket)._httpMessage?.headersSent === true;
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) {
    socket.destroy();
    return;
  }
  socket.end(answerTo(toSluiceError(error)));
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}

/** Ends a request over HTTP/1.1 whose body does not come on. */
export function endSlowRequest({ socket }: IncomingMessage): void {
  refuseBrokenRequest(Object.assign(new Error('the body is too slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
}

function toSluiceError({ code, reason }: ParserError): SluiceError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new SluiceError('REQUEST_TIMEOUT', `The request did not arrive whole in time: ${TIMES}`);
    case 'HPE_HEADER_OVERFLOW':
      return new SluiceError('HEADERS_TOO_LARGE', 'The address and headers of the request are larger than 16 KiB');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new SluiceError('MESSAGE_TOO_LARGE', 'The chunk extensions of the body are larger than 16 KiB');
    default:
      return new SluiceError('MALFORMED_REQUEST', `This is no HTTP request: ${reason ?? 'it cannot be read'}`);
  }
}

function answerTo(error: SluiceError): string {
  const id = newRequestId();
  const body = JSON.stringify(errorBody(error, id));
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Refused'}`,
    'connection: close',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    `x-request-id: ${id}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
