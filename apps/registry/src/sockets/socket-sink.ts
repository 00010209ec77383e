import { textFrame, textPartFrame, type Connection } from '@sluice/service-kit';
import { type AnswerReader } from '../answers/answer-share.js';
import { jsonPieces } from '../answers/json-pieces.js';
import { type HeldAnswer } from '../graphql/executor.js';

/** Bytes that may wait in a socket before nothing more is made for it, and nothing more is read from it. */
const MAX_WAITING_BYTES = 256 * 1024;
/** Largest message. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const TRY_AGAIN_LATER = 1013;

/**
 * A WebSocket of text messages whose writers wait for a reader that takes its time. Large answers leave in parts, so that what is not
 * read yet is not written yet.
 */
export class SocketSink implements AnswerReader {
  private waiting: (() => void)[] = [];
  private hasEnded = false;
  /** What is written now; others come after it. */
  private writing: Promise<void> | null = null;
  private takenAtMs = performance.now();

  constructor(private readonly connection: Connection) {
    connection.writer.onDrain(() => {
      this.takenAtMs = performance.now();
      this.release();
    });
    connection.ws.once('close', () => this.end());
  }

  /** Nobody reads any more. */
  get isClosed(): boolean {
    return this.hasEnded;
  }

  get tookAtMs(): number {
    return this.takenAtMs;
  }

  /** The client takes nothing while others wait for the memory of its answers. */
  cut(): void {
    this.close(TRY_AGAIN_LATER, 'OVERLOADED: nothing was read for a while, and others wait for the memory');
    this.end();
  }

  /** Resolves when the socket can take more, or is closed. */
  async send(text: string): Promise<void> {
    await this.inOrder(async () => {
      if (!this.hasEnded) this.connection.writer.write(textFrame(text));
    });
    await this.ready();
  }

  /** Writes an answer between the two ends of its message, as it is read. Resolves when it is written, or the socket closed. */
  async sendAnswer(head: string, { answer, share }: HeldAnswer, tail: string): Promise<void> {
    share?.made();
    try {
      await this.inOrder(() => this.writeParts(head, jsonPieces(answer), tail));
    } finally {
      share?.end();
    }
    await this.ready();
  }

  /** Resolves when the socket can take more, or is closed. */
  async ready(): Promise<void> {
    if (this.hasEnded || this.connection.writer.bufferedBytes <= MAX_WAITING_BYTES) return;
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

  private async writeParts(head: string, pieces: Iterator<string>, tail: string): Promise<void> {
    const { writer } = this.connection;
    let isFirst = true;
    for (let piece = pieces.next(); piece.done !== true;) {
      if (writer.bufferedBytes > MAX_WAITING_BYTES) await this.ready();
      if (this.hasEnded) return;
      if (writer.bufferedBytes === 0) this.takenAtMs = performance.now();
      const next = pieces.next();
      const isLast = next.done === true;
      const text = `${isFirst ? head : ''}${piece.value}${isLast ? tail : ''}`;
      writer.write(isFirst && isLast ? textFrame(text) : textPartFrame(Buffer.from(text), { isFirst, isLast }));
      isFirst = false;
      piece = next;
    }
  }

  /** Runs what writes one message after the one before. */
  private async inOrder(write: () => Promise<void>): Promise<void> {
    const { writing } = this;
    const mine = writing === null ? write() : writing.then(write, write);
    this.writing = mine;
    try {
      await mine;
    } finally {
      if (this.writing === mine) this.writing = null;
    }
  }

  private end(): void {
    this.hasEnded = true;
    this.release();
  }

  private release(): void {
    if (!this.hasEnded) this.connection.resume();
    for (const resume of this.waiting.splice(0)) resume();
  }
}
