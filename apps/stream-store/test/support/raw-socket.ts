import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/**
 * Opens a WebSocket by hand and leaves the TCP socket to the test; resolves after the handshake.
 * @param more further header lines, each with its line end
 */
export function rawSocket(url: string, path: string, more = ''): Promise<Socket> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const key = randomBytes(16).toString('base64');
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${more}\r\n`,
  );
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', (chunk) => {
      const status = chunk.toString('latin1').split('\r\n', 1)[0] ?? '';
      socket.on('error', () => undefined);
      if (status.includes('101')) resolve(socket);
      else reject(new Error(`the upgrade of ${path} was answered: ${status}`));
    });
  });
}

/** A client frame, masked. */
export function clientFrame(opcode: number, payload: Buffer, isFinal = true): Buffer {
  const mask = randomBytes(4);
  const masked = Buffer.from(payload.map((byte, at) => byte ^ (mask[at % 4] as number)));
  const head =
    payload.length < 126
      ? Buffer.from([(isFinal ? 0x80 : 0) | opcode, 0x80 | payload.length])
      : Buffer.from([(isFinal ? 0x80 : 0) | opcode, 0x80 | 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, mask, masked]);
}
