import { SluiceError } from '@sluice/contracts';

/** What a socket tells; after `onClose` it tells nothing. */
export interface SocketEvents {
  onOpen(): void;
  onText(text: string): void;
  onBinary(bytes: Uint8Array): void;
  /**
   * @param refusal set when the server (or the way to it) refused the connection before it was open; a `SluiceError` that is
   * not retryable ends all attempts
   */
  onClose(code: number, reason: string, refusal?: SluiceError): void;
}

/** A WebSocket, whichever library makes it. */
export interface Socket {
  send(data: Uint8Array | string): void;
  /** Closes with a close frame. */
  close(code: number, reason: string): void;
  /** Drops the connection at once. */
  terminate(): void;
}

/** Opens a socket of a subprotocol. */
export type OpenSocket = (url: string, token: string | undefined, events: SocketEvents, protocol: string) => Socket;

const NORMAL_CLOSE = 1000;

/**
 * Opens the platform's own `WebSocket` (browsers, Node 22 and later). It cannot send headers, so a token goes into the query.
 */
export const openPlatformSocket: OpenSocket = (url, token, events, protocol) => {
  if (typeof WebSocket === 'undefined') {
    throw new SluiceError(
      'INVALID_PARAMETER',
      'this platform has no WebSocket: in Node before 22 use @sluice/sdk/node',
    );
  }
  const target = new URL(url);
  if (token !== undefined) target.searchParams.set('token', token);
  const socket = new WebSocket(target.href, protocol);
  socket.binaryType = 'arraybuffer';
  let isOver = false;
  const over = (code: number, reason: string): void => {
    if (isOver) return;
    isOver = true;
    events.onClose(code, reason);
  };
  socket.addEventListener('open', () => events.onOpen());
  socket.addEventListener('message', (event) => {
    if (isOver) return;
    const data: unknown = event.data;
    if (typeof data === 'string') events.onText(data);
    else events.onBinary(new Uint8Array(data as ArrayBuffer));
  });
  socket.addEventListener('close', (event) => over(event.code, event.reason));
  return {
    send: (data) => socket.send(data as Uint8Array<ArrayBuffer>),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => {
      over(1006, 'given up by the client');
      socket.close(NORMAL_CLOSE);
    },
  };
};
