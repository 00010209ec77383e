import { connect, type Socket } from 'node:net';
import { readInto } from '@sluice/service-kit';
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
  #isHalfClosed = false;
  /** Of reads from the service, and from the client. */
  #sizeClass = 0;
  #clientSizeClass = 0;

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
    // What the client says from now on goes nowhere, but its end must be seen.
    this.#isHalfClosed = true;
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
    // What was read before; the rest goes into memory that is used again.
    this.client.on('data', (chunk: Buffer) => {
      if (!this.#isHalfClosed && !this.#service.write(chunk)) this.client.pause();
    });
    readInto(this.client, {
      buffer: () => buffers.take(this.#clientSizeClass),
      take: (count, buffer) => this.#passUp(count, buffer),
    });
    this.client.once('end', () => this.#service.end());
    this.client.on('drain', () => this.#service.resume());
    this.#service.on('drain', () => this.client.resume());
    this.#service.once('end', () => this.client.end());
  }

  /** Takes what came from the client. False pauses reading. */
  #passUp(count: number, buffer: Uint8Array): boolean {
    this.#clientSizeClass = nextSizeClass(this.#clientSizeClass, count);
    if (this.#isHalfClosed) {
      buffers.give(buffer);
      return true;
    }
    const bytes = count === buffer.length ? buffer : buffer.subarray(0, count);
    return this.#service.write(bytes, () => buffers.give(buffer));
  }

  /** Takes what came from the service. False pauses reading. */
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
