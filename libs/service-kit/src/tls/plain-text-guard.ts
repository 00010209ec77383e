import { type Socket } from 'node:net';
import { SluiceError, errorBody } from '@sluice/contracts';
import { newRequestId } from '../edge/request-id.js';

/** First byte of every TLS connection: a handshake record. */
const HANDSHAKE = 22;
/** How long a connection may take until its first byte. */
const FIRST_BYTE_MS = 30_000;
/** How long a client that still sends may go on, so that it can read why it was refused. */
const LINGER_MS = 1000;

/** Calls back once a connection begins as TLS does. One that speaks plain HTTP is told so; anything else is cut. */
export function whenTlsBegins(socket: Socket, begin: () => void): void {
  const cut = (): void => {
    socket.destroy();
  };
  const timer = setTimeout(cut, FIRST_BYTE_MS).unref();
  socket.on('error', cut);
  socket.once('end', cut);
  socket.once('close', () => clearTimeout(timer));
  socket.once('data', (chunk: Buffer) => {
    clearTimeout(timer);
    socket.removeListener('end', cut);
    if (chunk[0] !== HANDSHAKE) {
      refuse(socket, chunk);
      return;
    }
    // TLS takes the socket over with what was read of it.
    socket.pause();
    socket.unshift(chunk);
    socket.removeListener('error', cut);
    begin();
  });
}

function refuse(socket: Socket, chunk: Buffer): void {
  if (!/^[A-Z]+ /.test(chunk.toString('latin1', 0, 16))) {
    socket.destroy();
    return;
  }
  const id = newRequestId();
  const error = new SluiceError('MALFORMED_REQUEST', 'This port speaks TLS: use https:// or wss://');
  const body = JSON.stringify(errorBody(error, id));
  const head = [
    'HTTP/1.1 400 Bad Request',
    'connection: close',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${id}`,
  ];
  socket.resume();
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.once('end', () => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}
