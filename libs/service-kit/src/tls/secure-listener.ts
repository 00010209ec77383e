import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  type Http2SecureServer,
  type Http2ServerRequest,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  constants,
  createSecureServer,
} from 'node:http2';
import { type Socket } from 'node:net';
import {
  HTTP1_OPTIONS,
  type HttpListener,
  type RequestGate,
  type RequestHandler,
  isWebSocketUpgrade,
  throughGate,
} from '../service/http-server.js';
import { type Certificates } from './certificates.js';
import { whenTlsBegins } from './plain-text-guard.js';

const HANDSHAKE_TIMEOUT_MS = 30_000;
/** Requests of one HTTP/2 connection at a time. Node itself bounds resets (1,000 at once, 33 a second) and memory. */
const MAX_STREAMS = 128;
/** A body of which nothing comes for so long is given up. */
const MAX_SILENCE_MS = 15_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** Bytes of one upload, and of all uploads of a connection, that may wait here: one that waits does not stop the others. */
const STREAM_WINDOW_BYTES = 128 * 1024;
const CONNECTION_WINDOW_BYTES = 1024 * 1024;

/**
 * The server of a service on TLS: HTTP/2 where the client asks for it, else HTTP/1.1 with WebSockets, on one port. Requests
 * of both look the same to everything behind.
 */
export function createSecureListener(
  gate: RequestGate,
  handler: RequestHandler,
  certificates: Certificates,
): HttpListener {
  const server = createSecureServer({
    ...HTTP1_OPTIONS,
    ...certificates.current,
    allowHTTP1: true,
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    settings: {
      maxConcurrentStreams: MAX_STREAMS,
      maxHeaderListSize: MAX_HEADER_BYTES,
      initialWindowSize: STREAM_WINDOW_BYTES,
    },
  });
  Object.assign(server, { shouldUpgradeCallback: isWebSocketUpgrade });
  const pass = throughGate(gate, handler);
  server.on('request', (request, response) => {
    pass(asHttp1(request), response as unknown as ServerResponse);
  });
  certificates.onChange((pair) => server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' }));
  // What fails before there is a request can be told nobody.
  server.prependListener('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  const { open, silent } = guardConnections(server);
  const sessions = trackSessions(server);
  return {
    server: server as unknown as Server,
    scheme: 'https',
    endIdle: () => {
      for (const socket of silent) socket.destroy();
      (server as unknown as Server).closeIdleConnections();
      // Says that no more requests are taken, and ends when the last is answered.
      for (const session of sessions) if (!session.closed) session.close();
    },
    cut: () => {
      for (const socket of open) socket.destroy();
    },
  };
}

/** All connections, upgraded ones included, and those of them that have said nothing yet. */
interface Connections {
  readonly open: ReadonlySet<Socket>;
  readonly silent: ReadonlySet<Socket>;
}

/** Puts the look at the first byte before TLS. */
function guardConnections(server: Http2SecureServer): Connections {
  const open = new Set<Socket>();
  const silent = new Set<Socket>();
  const takers = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    silent.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      silent.delete(socket);
    });
    whenTlsBegins(socket, () => {
      silent.delete(socket);
      for (const take of takers) take.call(server, socket);
    });
  });
  return { open, silent };
}

/** Ends HTTP/2 connections that rest as long as kept-alive ones may, and requests that do not arrive whole in time. */
function trackSessions(server: Http2SecureServer): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>();
  // A WebSocket's last words are carried after its other half has ended, as without TLS. Any other half is of no use.
  server.prependListener('upgrade', (_request: IncomingMessage, socket: Socket) => {
    socket.allowHalfOpen = true;
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    session.once('close', () => sessions.delete(session));
    let streams = 0;
    session.on('stream', (stream) => {
      streams += 1;
      stream.once('close', () => {
        streams -= 1;
      });
      if (!stream.endAfterHeaders) boundUpload(stream);
    });
    session.setTimeout(HTTP1_OPTIONS.keepAliveTimeout, () => {
      if (streams === 0) session.close();
    });
  });
  return sessions;
}

function boundUpload(stream: ServerHttp2Stream): void {
  const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
  const timer = setTimeout(cancel, HTTP1_OPTIONS.requestTimeout).unref();
  // What lies here unread is not the client's fault.
  const watch = (): void => {
    stream.setTimeout(MAX_SILENCE_MS);
  };
  const onSilence = (): void => (stream.readableLength > 0 ? watch() : cancel());
  const clear = (): void => {
    clearTimeout(timer);
    stream.removeListener('timeout', onSilence);
    stream.setTimeout(0);
  };
  stream.on('timeout', onSilence);
  watch();
  stream.once('end', clear);
  stream.once('close', clear);
}

/** An HTTP/2 request as everything behind knows requests: with a host. */
function asHttp1(request: Http2ServerRequest | IncomingMessage): IncomingMessage {
  if (request.httpVersionMajor === 2) {
    const { headers } = request;
    const authority = headers[':authority'];
    if (typeof authority === 'string') headers.host = authority;
  }
  return request as IncomingMessage;
}
