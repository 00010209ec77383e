import { type Splitter } from './splitter.js';

const NEWLINE = 10;
const RETURN = 13;

/** One entry a line, without its end (`\n` or `\r\n`); an unfinished last line counts, an empty one too. */
export class LineSplitter implements Splitter {
  private rest: Uint8Array[] = [];
  private restBytes = 0;

  constructor(private readonly maxLineBytes: number) {}

  /** @throws Error when a line is longer than the limit */
  push(chunk: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(this.finish(chunk.subarray(start, end)));
      start = end + 1;
    }
    this.keep(chunk.subarray(start));
    return lines;
  }

  end(): Uint8Array[] {
    return this.restBytes === 0 ? [] : [this.finish(new Uint8Array(0))];
  }

  private keep(part: Uint8Array): void {
    if (part.length === 0) return;
    this.restBytes += part.length;
    if (this.restBytes > this.maxLineBytes) throw new Error(`a line is longer than ${this.maxLineBytes} bytes`);
    this.rest.push(Uint8Array.from(part));
  }

  private finish(tail: Uint8Array): Uint8Array {
    const line = this.restBytes === 0 ? tail : Buffer.concat([...this.rest, tail]);
    this.rest = [];
    this.restBytes = 0;
    return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
  }
}
