import { textFrame, type Connection } from '@sluice/service-kit';

/** Bytes that may wait in a socket before nothing more is made for it, and nothing more is read from it. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Largest message. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** A WebSocket of text messages whose writers wait for a reader that takes its time. */
export class SocketSink {
  private waiting: (() => void)[] = [];
  private hasEnded = false;

  constructor(private readonly connection: Connection) {
    connection.writer.onDrain(() => this.release());
    connection.ws.once('close', () => {
      this.hasEnded = true;
      this.release();
    });
  }

  /** Nobody reads any more. */
  get isClosed(): boolean {
    return this.hasEnded;
  }

  /** Resolves when the socket can take more, or is closed. */
  async send(text: string): Promise<void> {
    if (this.hasEnded) return;
    this.connection.writer.write(textFrame(text));
    await this.ready();
  }

  /** Resolves when the socket can take more, or is closed. */
  async ready(): Promise<void> {
    const { writer } = this.connection;
    if (this.hasEnded || writer.bufferedBytes <= MAX_WAITING_BYTES) return;
    // What a client asks while it does not read would gather here.
    this.connection.pause();
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  close(code: number, reason: string): void {
    void this.connection.close(code, reason);
  }

  /** Hands on what comes in. */
  onMessage(listener: (text: string) => void): void {
    this.connection.onMessage((data, isBinary) => {
      if (isBinary) this.close(1003, 'WRONG_FRAME_TYPE: messages are text frames');
      else if (data.length > MAX_MESSAGE_BYTES) {
        this.close(1009, `MESSAGE_TOO_LARGE: a message has ${data.length} bytes, more than ${MAX_MESSAGE_BYTES}`);
      } else listener(data.toString());
    });
  }

  private release(): void {
    if (!this.hasEnded) this.connection.resume();
    for (const resume of this.waiting.splice(0)) resume();
  }
}
