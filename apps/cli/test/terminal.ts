import { PassThrough } from 'node:stream';
import { temporaryDirectory } from '@sluice/testing';
import { type Host } from '../src/host.js';
import { readConfig } from '../src/config.js';
import { runCli } from '../src/program.js';

/** What one run of the command line left behind. */
export interface Outcome {
  readonly code: number;
  readonly out: Buffer;
  readonly err: string;
}

/** A run that goes on. */
export interface Running {
  readonly stdin: PassThrough;
  /** Standard output so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** As Ctrl-C (SIGINT) or `kill` (SIGTERM) does once. */
  interrupt(signal?: 'SIGINT' | 'SIGTERM'): void;
  readonly done: Promise<Outcome>;
}

/** Where runs keep what `login` gave them: not in the home of whoever runs the tests. */
export const CONFIG_FOLDER = temporaryDirectory('cli-config');

/** Starts the command line as a terminal or a script does, in this process. */
export function start(args: readonly string[], url: string, terminal?: { columns: number; rows: number }): Running {
  const ending = new AbortController();
  const stdin = new PassThrough();
  const stdout = Object.assign(new PassThrough({ highWaterMark: 1 << 24 }), {
    isTTY: terminal !== undefined,
    ...terminal,
  });
  const stderr = new PassThrough();
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  stdout.on('data', (chunk: Buffer) => out.push(chunk));
  stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const host: Host = {
    stdin,
    stdout,
    stderr,
    config: readConfig({ SLUICE_URL: url, XDG_CONFIG_HOME: CONFIG_FOLDER }),
    signal: ending.signal,
  };
  const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString();
  const done = runCli(args, host).then((code) => ({ code, out: Buffer.concat(out), err: text(err) }));
  return {
    stdin,
    out: () => text(out),
    err: () => text(err),
    interrupt: (signal = 'SIGINT') => ending.abort(signal),
    done,
  };
}

/** Runs one command line to its end. */
export function run(args: readonly string[], url: string, input: string | Uint8Array = ''): Promise<Outcome> {
  const running = start(args, url);
  running.stdin.end(input);
  return running.done;
}
