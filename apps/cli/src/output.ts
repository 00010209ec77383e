import { once } from 'node:events';
import { type Terminal } from './host.js';

/** Standard output: lines, JSON lines or bytes, no faster than the reader takes them. */
export class Output {
  private isBlocked = false;

  constructor(
    private readonly stream: Terminal,
    /** `--json`. */
    readonly isJson: boolean,
  ) {}

  /** Whether a person reads it. */
  get isTerminal(): boolean {
    return this.stream.isTTY === true;
  }

  /** Characters of a terminal's line. */
  get columns(): number {
    return this.stream.columns ?? 80;
  }

  /** Lines of a terminal. */
  get rows(): number {
    return this.stream.rows ?? 24;
  }

  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  json(value: unknown): Promise<void> {
    return this.write(`${JSON.stringify(value)}\n`);
  }

  async write(data: Uint8Array | string): Promise<void> {
    if (!this.stream.write(data)) this.isBlocked = true;
    if (!this.isBlocked) return;
    await once(this.stream, 'drain');
    this.isBlocked = false;
  }
}
