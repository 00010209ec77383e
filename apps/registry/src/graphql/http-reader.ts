import { type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { type AnswerReader, type AnswerShare } from '../answers/answer-share.js';
import { jsonPieces } from '../answers/json-pieces.js';
import { type HeldAnswer } from './executor.js';

/** The client of one HTTP request, who takes a large answer piece by piece. */
export class HttpReader implements AnswerReader {
  tookAtMs = performance.now();
  private share: AnswerShare | null = null;

  constructor(private readonly response: ServerResponse) {
    response.once('close', () => this.share?.end());
  }

  get isClosed(): boolean {
    return this.response.destroyed;
  }

  cut(): void {
    this.share?.end();
    this.response.destroy();
  }

  /** The body of an answer: text when it is small, otherwise a stream that makes what is taken. */
  bodyOf({ answer, share }: HeldAnswer): string | Readable {
    this.share = share;
    share?.made();
    this.tookAtMs = performance.now();
    const pieces = jsonPieces(answer);
    const first = pieces.next();
    const second = pieces.next();
    if (second.done !== true) {
      const start = `${first.value ?? ''}${second.value}`;
      if (this.isClosed) share?.end();
      return Readable.from(this.taken(start, pieces), { objectMode: false });
    }
    share?.end();
    return first.value ?? '';
  }

  private async *taken(start: string, pieces: Iterable<string>): AsyncGenerator<Buffer, void, undefined> {
    yield Buffer.from(start);
    for (const piece of pieces) {
      // A socket that takes all at once would leave no turn to others.
      await setImmediate();
      this.tookAtMs = performance.now();
      yield Buffer.from(piece);
    }
    this.tookAtMs = performance.now();
  }
}
