import { formatBytes, formatCount, formatDuration, formatRate } from './format.js';
import { type Terminal } from './host.js';

const TERMINAL_PERIOD_MS = 250;
const LOG_PERIOD_MS = 10_000;

/** Counts of long work, shown on standard error while it goes on: in place on a terminal, now and then in a log. */
export class Progress {
  private entries = 0;
  private bytes = 0;
  private shownEntries = 0;
  private shownBytes = 0;
  private readonly startedAt = performance.now();
  private shownAt = this.startedAt;
  private readonly timer: ReturnType<typeof setInterval> | null;

  constructor(
    private readonly stream: Terminal,
    private readonly verb: string,
    isQuiet: boolean,
  ) {
    const periodMs = stream.isTTY === true ? TERMINAL_PERIOD_MS : LOG_PERIOD_MS;
    this.timer = isQuiet ? null : setInterval(() => this.show(), periodMs);
    this.timer?.unref();
  }

  add(entryCount: number, byteCount: number): void {
    this.entries += entryCount;
    this.bytes += byteCount;
  }

  get entryCount(): number {
    return this.entries;
  }

  /** Ends it with a line about the whole. */
  end(): void {
    if (this.timer === null) return;
    clearInterval(this.timer);
    const elapsedMs = performance.now() - this.startedAt;
    this.print(`${this.summary(this.entries, this.bytes, elapsedMs)} in ${formatDuration(elapsedMs)}`, '\n');
  }

  private show(): void {
    const now = performance.now();
    const text = this.summary(this.entries - this.shownEntries, this.bytes - this.shownBytes, now - this.shownAt);
    this.shownAt = now;
    this.shownEntries = this.entries;
    this.shownBytes = this.bytes;
    this.print(text, this.stream.isTTY === true ? '' : '\n');
  }

  private summary(entries: number, bytes: number, elapsedMs: number): string {
    const seconds = Math.max(elapsedMs, 1) / 1000;
    const total = `${this.verb} ${formatCount(this.entries)} ${this.entries === 1 ? 'entry' : 'entries'}, ${formatBytes(this.bytes)}`;
    return `${total}, ${formatRate(entries / seconds)}, ${formatBytes(bytes / seconds)}/s`;
  }

  private print(text: string, end: string): void {
    this.stream.write(this.stream.isTTY === true ? `\r${text}\u001B[K${end}` : `${text}\n`);
  }
}
