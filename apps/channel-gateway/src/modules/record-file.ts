import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { timestampOf } from '../records/times.js';
import { type GatewayModule, type Selection } from '../sdk/module.js';
import { named } from './named-channels.js';

export interface RecordFileOptions {
  /** Default: `RecordFile[<file>]`. */
  readonly name?: string;
  readonly file: string;
  /** Default: every channel. */
  readonly selection?: Selection;
  /** Begin anew instead of going on behind what the file has. */
  readonly overwrite?: boolean;
}

/** Bytes that may wait for a slow disk. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** The time of the cycle in a line, beside the channels. */
export const CYCLE_TIME = 'csp_engine_timestamp';

/**
 * Writes what ticks into a file of JSON lines: one line for each cycle, with its time and the channels that ticked. `replayFile`
 * reads it again. Ticks that a slow disk has no room for are the module's failure and are told as such.
 */
export function recordFile(options: RecordFileOptions): GatewayModule {
  const { file, selection, overwrite = false, name = `RecordFile[${file}]` } = options;
  let stream: WriteStream | null = null;
  return {
    name,
    requires: [],
    connect: (connector) => {
      const channels = named(connector);
      channels.on(channels.choose(selection), (ticks, { nowMs }) => {
        if (stream === null) return;
        if (stream.errored !== null) throw stream.errored;
        if (stream.writableLength > MAX_WAITING_BYTES)
          throw new Error(`${file}: the disk is too slow, a cycle is lost`);
        stream.write(`${JSON.stringify({ [CYCLE_TIME]: timestampOf(nowMs), ...ticks })}\n`);
      });
    },
    start: () => {
      stream = createWriteStream(file, { flags: overwrite ? 'w' : 'a' });
      // Told with the next tick, as a failure of the module.
      stream.on('error', () => undefined);
    },
    stop: async () => {
      const ending = stream;
      stream = null;
      if (ending === null) return;
      ending.end();
      await finished(ending);
    },
  };
}
