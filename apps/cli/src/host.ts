import { type Readable, type Writable } from 'node:stream';
import { type CliConfig } from './config.js';

/** A stream that may be a terminal. */
export type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/** What a run touches of its process, so that tests can give it other streams. */
export interface Host {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly config: CliConfig;
  /** Aborted when the run shall come to its end; the reason is the signal's name. */
  readonly signal: AbortSignal;
}
