import { WebSocket, type RawData } from 'ws';
import { type IncomingMessage } from 'node:http';
import { SluiceError, parseErrorBody, type ErrorCode } from '@sluice/contracts';
import { type OpenSocket } from '../socket.js';

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Refusals that no later attempt changes; other statuses are tried again. */
const REFUSALS: Readonly<Record<number, ErrorCode | undefined>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
};

const MAX_BODY_CHARS = 16 * 1024;

/** Why a server refused the handshake: in its own words, where it gives any. */
async function readRefusal(url: string, response: IncomingMessage): Promise<SluiceError> {
  const status = response.statusCode ?? 0;
  let body = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) if (body.length < MAX_BODY_CHARS) body += String(chunk);
    const told = parseErrorBody(JSON.parse(body));
    if (told !== null) return told;
  } catch {
    // A proxy on the way may answer anything; the status says enough.
  }
  return new SluiceError(
    REFUSALS[status] ?? 'SERVICE_UNAVAILABLE',
    `${url} refused the connection with HTTP ${status}`,
  );
}

function view(data: RawData): Uint8Array {
  return Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data);
}

/**
 * Masks keep a web page from speaking another protocol to a proxy that does not know WebSocket. On this machine, and inside TLS,
 * there is no such proxy, and a mask of zeros spares both sides most of the work of a large message.
 */
function needsMask(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol !== 'wss:' && hostname !== 'localhost' && hostname !== '[::1]' && !hostname.startsWith('127.');
}

/** Opens a socket with the `ws` package: the token goes in a header, a refusal's HTTP status is known. */
export const openWsSocket: OpenSocket = (url, token, events, protocol) => {
  const socket = new WebSocket(url, protocol, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    maxPayload: 0,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    skipUTF8Validation: true,
    ...(needsMask(url) ? {} : { generateMask: (mask: Buffer) => void mask.fill(0) }),
  });
  let refused: SluiceError | undefined;
  socket.on('open', () => events.onOpen());
  socket.on('message', (data, isBinary) => {
    if (isBinary) events.onBinary(view(data));
    else events.onText(Buffer.from(view(data)).toString());
  });
  socket.on('unexpected-response', (_request, response) => {
    void readRefusal(url, response).then((error) => {
      refused = error;
      socket.terminate();
    });
  });
  socket.on('error', (cause) => {
    refused ??= new SluiceError('SERVICE_UNAVAILABLE', `cannot connect to ${url}: ${describe(cause)}`, { cause });
  });
  socket.on('close', (code, reason) => events.onClose(code, reason.toString(), refused));
  return {
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  };
};

/** An AggregateError (a name with several addresses) has an empty message of its own. */
function describe(cause: Error): string {
  if (cause.message !== '') return cause.message;
  return cause instanceof AggregateError ? cause.errors.map(String).join(', ') : cause.name;
}
