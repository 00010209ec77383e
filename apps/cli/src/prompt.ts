import { type ReadStream } from 'node:tty';
import { UsageError } from './exit.js';
import { type Host } from './host.js';

const MAX_LINE_CHARS = 4096;
const ENTER = /[\r\n]/;
/** Ctrl-C, which is a key like others while nothing is echoed. */
const GIVE_UP = '\u0003';
/** Ctrl-U. */
const CLEAR = '\u0015';
const BACKSPACES = ['\b', '\u007F'];

/** Asks at the terminal, without echo where a secret is typed; else reads the lines of standard input. */
export class Prompt {
  private waiting = '';
  private isOver = false;

  constructor(private readonly host: Host) {}

  /** Whether somebody sits in front of it. */
  get isTerminal(): boolean {
    return this.host.stdin.isTTY === true;
  }

  /** Asks for something that may be seen. @throws UsageError when input ends before */
  ask(label: string): Promise<string> {
    if (this.isTerminal) this.host.stderr.write(`${label}: `);
    return this.line(label);
  }

  /** Asks for something that nobody shall see. @throws UsageError when input ends before */
  secret(label: string): Promise<string> {
    return this.isTerminal ? this.type(label) : this.line(label);
  }

  /** A new password: typed twice at a terminal, one line of standard input else. @throws UsageError */
  async newSecret(label: string): Promise<string> {
    const first = await this.secret(label);
    if (this.isTerminal && (await this.secret(`${label}, again`)) !== first) {
      throw new UsageError('the two passwords differ; nothing was changed');
    }
    return first;
  }

  private async line(label: string): Promise<string> {
    const { stdin, signal } = this.host;
    while (!this.waiting.includes('\n') && !this.isOver) {
      if (this.waiting.length > MAX_LINE_CHARS) throw new UsageError(`${label}: the line is too long`);
      const chunk = await nextChunk(stdin, signal);
      if (chunk === null) this.isOver = true;
      else this.waiting += chunk;
    }
    const end = this.waiting.indexOf('\n');
    if (end < 0 && this.waiting === '') throw new UsageError(`${label}: give it on standard input, one line each`);
    const text = end < 0 ? this.waiting : this.waiting.slice(0, end);
    this.waiting = end < 0 ? '' : this.waiting.slice(end + 1);
    return text.replace(/\r$/, '');
  }

  /** Reads the keys itself, so that the terminal echoes nothing. */
  private async type(label: string): Promise<string> {
    const stdin = this.host.stdin as ReadStream;
    this.host.stderr.write(`${label}: `);
    stdin.setRawMode(true);
    let text = '';
    try {
      for (;;) {
        const keys = [...(this.waiting || ((await nextChunk(stdin, this.host.signal)) ?? GIVE_UP))];
        this.waiting = '';
        for (const [at, key] of keys.entries()) {
          if (key === GIVE_UP) throw new UsageError('given up; nothing was changed');
          if (ENTER.test(key)) {
            this.waiting = keys.slice(at + 1).join('');
            return text;
          }
          text = typed(text, key);
        }
      }
    } finally {
      stdin.setRawMode(false);
      this.host.stderr.write('\n');
    }
  }
}

function typed(text: string, key: string): string {
  if (BACKSPACES.includes(key)) return [...text].slice(0, -1).join('');
  if (key === CLEAR) return '';
  return key < ' ' || text.length >= MAX_LINE_CHARS ? text : text + key;
}

/** What comes next, or null at the end of input. */
async function nextChunk(stdin: Host['stdin'], signal: AbortSignal): Promise<string | null> {
  stdin.setEncoding('utf8');
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const onReadable = (): void => {
    const chunk = stdin.read() as string | null;
    if (chunk !== null) resolve(chunk);
    else if (stdin.readableEnded || stdin.destroyed) resolve(null);
  };
  const onEnd = (): void => resolve(null);
  stdin.on('readable', onReadable).on('end', onEnd).on('close', onEnd);
  signal.addEventListener('abort', onEnd, { once: true });
  onReadable();
  try {
    return await promise;
  } finally {
    stdin.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
    signal.removeEventListener('abort', onEnd);
  }
}
