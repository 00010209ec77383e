import { Sluice as PlatformSluice, type SluiceOptions } from '../sluice.js';
import { openWsSocket } from './ws-socket.js';

export { openWsSocket } from './ws-socket.js';

/**
 * The client for Node: the same as that of `@sluice/sdk`, over the `ws` package, which is faster than the platform's WebSocket,
 * sends the token in a header and knows the HTTP status of a refused connection.
 */
export class Sluice extends PlatformSluice {
  constructor(options: SluiceOptions) {
    super({ openSocket: openWsSocket, ...options });
  }
}
