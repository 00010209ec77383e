import { type IncomingMessage } from 'node:http';

/** Files of recordings and recordings as files: the stream store writes them out as they come, and bounds them itself. */
const FILES = /^\/ptg\/recordings\/(?:upload\/|[^/?]+\/mcap\/?(?:\?|$))/;

/** Most bytes that the body of a request may have here. */
export function bodyLimit({ url = '' }: IncomingMessage, usual: number): number {
  return FILES.test(url) ? Number.POSITIVE_INFINITY : usual;
}
