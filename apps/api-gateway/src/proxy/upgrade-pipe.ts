import { connect, type Socket } from 'node:net';
import { ReadBuffers, nextSizeClass } from './read-buffers.js';

const KEEP_ALIVE_AFTER_MS = 60_000;
const buffers = new ReadBuffers();

/** Where a pipe leads and what it sends first. */
export interface PipeTarget {
  readonly host: string;
  readonly port: number;
  /** The request head, rewritten. */
  readonly head: Buffer;
}

/**
 * A client's raw socket joined with one to a service: bytes both ways, with no look at frames. Each half ends on its
 * own, so a close frame still gets through after the other side has ended.
 */
export class UpgradePipe {
  readonly #service: Socket;
  #isConnected = false;
  #sizeClass = 0;

  /**
   * @param onUnreachable called instead when the service cannot be reached; the client socket is then the caller's again
   * @param onClosed called once when both sockets are gone
   */
  constructor(
    private readonly client: Socket,
    target: PipeTarget,
    private readonly onUnreachable: (error: Error) => void,
    private readonly onClosed: () => void,
  ) {
    this.#service = connect({
      host: target.host,
      port: target.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
      allowHalfOpen: true,
      onread: {
        buffer: () => buffers.take(this.#sizeClass),
        callback: (count, buffer) => this.#passOn(count, buffer),
      },
    });
    client.setNoDelay(true);
    client.setTimeout(0);
    client.on('error', () => this.#service.destroy());
    client.once('close', () => this.#service.destroySoon());
    this.#service.once('connect', () => this.#join(target.head));
    this.#service.on('error', (error) => this.#fail(error));
    this.#service.once('close', () => this.#onServiceClosed());
  }

  /** Ends the half towards the service; what the service still says, such as its close frame, is carried. */
  halfClose(): void {
    this.client.unpipe(this.#service);
    // What the client says from now on goes nowhere, but its end must be seen.
    this.client.resume();
    this.#service.end();
  }

  /** Cuts both halves. */
  destroy(): void {
    this.client.destroy();
    this.#service.destroy();
  }

  #join(head: Buffer): void {
    this.#isConnected = true;
    this.#service.write(head);
    this.client.pipe(this.#service);
    this.client.on('drain', () => this.#service.resume());
    this.#service.once('end', () => this.client.end());
  }

  /** What comes from a service is most of the traffic: it is read into memory that is used again. False pauses reading. */
  #passOn(count: number, buffer: Uint8Array): boolean {
    this.#sizeClass = nextSizeClass(this.#sizeClass, count);
    const bytes = count === buffer.length ? buffer : buffer.subarray(0, count);
    return this.client.write(bytes, () => buffers.give(buffer));
  }

  #fail(error: Error): void {
    if (this.#isConnected) this.client.destroy();
    else this.onUnreachable(error);
  }

  #onServiceClosed(): void {
    // The client gets what is still on its way to it; nothing it says can reach anybody any more.
    if (this.#isConnected) this.client.destroySoon();
    this.onClosed();
  }
}
