import { Socket } from 'node:net';

/** Whoever a socket reads for. */
export interface ReadTarget {
  /** Memory for the next read. */
  buffer(): Uint8Array;
  /** So many bytes were read into the memory last handed out. False pauses the socket. */
  take(count: number, buffer: Uint8Array): boolean;
}

/** The parts of Node's socket that its `onread` option sets; no type describes them. */
interface OwnReading {
  [name: symbol]: unknown;
  readonly _handle: { useUserBuffer?(buffer: Uint8Array): void } | null;
}

const names = Object.getOwnPropertySymbols(new Socket());
const memory = names.find(({ description }) => description === 'kBuffer');
const callback = names.find(({ description }) => description === 'kBufferCb');
const generator = names.find(({ description }) => description === 'kBufferGen');

/**
 * Reads a socket that a server accepted into memory of one's own choice, as Node's `onread` option does for sockets that one
 * connects oneself: large messages are read straight to where they belong, and a busy pipe uses its memory again. From then on
 * there are no `data` events but for what Node had read before; `pause`, `resume` and `end` work as ever.
 * @returns false when this Node cannot: its `data` events go on
 */
export function readInto(socket: Socket, target: ReadTarget): boolean {
  const own = socket as unknown as OwnReading;
  const handle = own._handle;
  if (memory === undefined || callback === undefined || generator === undefined) return false;
  if (handle === null || typeof handle.useUserBuffer !== 'function') return false;
  const first = target.buffer();
  own[memory] = first;
  own[callback] = (count: number, buffer: Uint8Array) => target.take(count, buffer);
  own[generator] = () => target.buffer();
  handle.useUserBuffer(first);
  return true;
}
