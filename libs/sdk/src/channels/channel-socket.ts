import { SluiceError } from '@sluice/contracts';

/** What a socket of the channel gateway tells; after `onClose` nothing. */
export interface ChannelSocketEvents {
  onOpen(): void;
  onText(text: string): void;
  onClose(): void;
}

export interface ChannelSocket {
  send(text: string): void;
  /** Ends the connection; nothing is told any more. */
  end(): void;
}

/** Opens the platform's own `WebSocket`; it cannot send headers, so a token goes into the query. */
export function openChannelSocket(url: string, token: string | undefined, events: ChannelSocketEvents): ChannelSocket {
  if (typeof WebSocket === 'undefined') {
    throw new SluiceError('INVALID_PARAMETER', 'this platform has no WebSocket; Node has one from version 22');
  }
  const target = new URL(url);
  if (token !== undefined) target.searchParams.set('token', token);
  const socket = new WebSocket(target.href);
  let isOver = false;
  const end = (): void => {
    isOver = true;
    socket.close();
  };
  const unless = (tell: () => void) => (): void => {
    if (!isOver) tell();
  };
  socket.addEventListener(
    'open',
    unless(() => events.onOpen()),
  );
  socket.addEventListener('message', ({ data }: { readonly data: unknown }) => {
    if (!isOver && typeof data === 'string') events.onText(data);
  });
  const over = unless(() => {
    isOver = true;
    events.onClose();
  });
  socket.addEventListener('close', over);
  socket.addEventListener('error', over);
  return { send: (text) => socket.send(text), end };
}
