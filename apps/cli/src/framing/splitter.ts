import { LengthPrefixedReader } from '@sluice/wire';
import { LineSplitter } from './lines.js';
import { MjpegSplitter } from './mjpeg.js';

/** Cuts a stream of bytes into entries. */
export interface Splitter {
  /** Takes a chunk and returns the entries that it completes. */
  push(chunk: Uint8Array): Uint8Array[];
  /**
   * Says that no chunk follows; returns what is left, if it is an entry.
   * @throws Error when the input ends within an entry
   */
  end(): Uint8Array[];
}

/** Longest entry a server takes. */
export const MAX_ENTRY_BYTES = 16 * 1024 * 1024;

/** How standard input can be cut. */
export const FRAMINGS = ['lines', 'length', 'mjpeg'] as const;
/** How standard input can be cut. */
export type Framing = (typeof FRAMINGS)[number];

/** The splitter of a framing. */
export function makeSplitter(framing: Framing): Splitter {
  if (framing === 'lines') return new LineSplitter(MAX_ENTRY_BYTES);
  if (framing === 'mjpeg') return new MjpegSplitter(MAX_ENTRY_BYTES);
  const reader = new LengthPrefixedReader(MAX_ENTRY_BYTES);
  return {
    push: (chunk) => reader.push(chunk),
    end: () => {
      reader.end();
      return [];
    },
  };
}
