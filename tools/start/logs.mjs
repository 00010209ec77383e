import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { stateFolder } from '../setup/paths.mjs';

/**
 * A log file in `.sluice/logs` that never grows past `maxBytes`: a full one is kept as `<name>.1.log`, the one before that
 * is dropped.
 */
export class LogFile {
  #path;
  #older;
  #fd;
  #bytes;
  #maxBytes;

  constructor(name, { folder = stateFolder('logs'), maxBytes = 10_000_000 } = {}) {
    this.#path = join(folder, `${name}.log`);
    this.#older = join(folder, `${name}.1.log`);
    this.#maxBytes = maxBytes;
    this.#open();
    if (this.#bytes > maxBytes / 2) this.#rotate();
  }

  write(line) {
    if (this.#fd === undefined) return;
    try {
      this.#bytes += writeSync(this.#fd, `${line}\n`);
      if (this.#bytes > this.#maxBytes) this.#rotate();
    } catch {
      // A full disk must not stop what is being logged.
    }
  }

  close() {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open() {
    this.#fd = openSync(this.#path, 'a');
    this.#bytes = statSync(this.#path).size;
  }

  #rotate() {
    this.close();
    renameSync(this.#path, this.#older);
    this.#open();
  }
}

const levels = { warn: 'warning', error: 'error', fatal: 'fatal' };

/**
 * What a line of an app says to somebody at the terminal: `{ level, text }` of a warning or an error, or `null` for
 * everything else. Lines are pino's JSON with the level by name; any other line counts only when it came from stderr.
 */
export function noteworthy(line, isStderr) {
  const entry = line.startsWith('{') ? parse(line) : null;
  if (!entry) return isStderr ? { level: 'stderr', text: line } : null;
  const level = levels[entry.level];
  if (!level) return null;
  const reason = entry.err?.message;
  return { level, text: reason && !String(entry.msg).includes(reason) ? `${entry.msg}: ${reason}` : String(entry.msg) };
}

function parse(line) {
  try {
    const value = JSON.parse(line);
    return typeof value.level === 'string' && 'msg' in value ? value : null;
  } catch {
    return null;
  }
}
