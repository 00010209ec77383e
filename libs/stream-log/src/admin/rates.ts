import { entryTimeMs } from '@sluice/wire';
import { averageBytes, type StreamFacts } from './facts.js';

/** What a stream takes in, per second. */
export interface StreamRate {
  readonly ratePerSecond: number;
  readonly bytesPerSecond: number;
}

interface Reading {
  readonly timeMs: number;
  readonly entriesAdded: number;
}

/** Readings closer together than this say little: the older one is kept. */
const MIN_APART_MS = 250;
/** A rate is taken over the last readings of at most this span. */
const SPAN_MS = 5_000;
const MAX_STREAMS = 20_000;

/**
 * Rates of the streams that are being looked at, from one look to the next: over the last five seconds, by the server's clock. Nothing is
 * measured for streams that nobody looks at; of the others the least recently seen are forgotten first.
 */
export class RateMeter {
  private readonly readings = new Map<string, Reading[]>();

  /** Takes a reading, and gives the rate up to it. At the first look it is the mean over the entries in the log. */
  measure(key: string, facts: StreamFacts): StreamRate {
    const kept = (this.readings.get(key) ?? []).filter(({ timeMs }) => facts.timeMs - timeMs <= SPAN_MS);
    const isReset = kept.some(({ entriesAdded }) => entriesAdded > facts.entriesAdded);
    const readings = isReset ? [] : kept;
    const first = readings[0];
    const ratePerSecond =
      first === undefined || facts.timeMs - first.timeMs < MIN_APART_MS
        ? meanOverLog(facts)
        : ((facts.entriesAdded - first.entriesAdded) * 1_000) / (facts.timeMs - first.timeMs);
    const last = readings.at(-1);
    if (last === undefined || facts.timeMs - last.timeMs >= MIN_APART_MS) {
      readings.push({ timeMs: facts.timeMs, entriesAdded: facts.entriesAdded });
    }
    this.keep(key, readings);
    return { ratePerSecond: round(ratePerSecond), bytesPerSecond: Math.round(ratePerSecond * averageBytes(facts)) };
  }

  private keep(key: string, readings: Reading[]): void {
    this.readings.delete(key);
    this.readings.set(key, readings);
    if (this.readings.size <= MAX_STREAMS) return;
    const oldest = this.readings.keys().next();
    if (oldest.done !== true) this.readings.delete(oldest.value);
  }
}

/** The mean over what the log holds, when its last entry is recent; 0 when the stream has gone quiet. */
function meanOverLog({ firstEntryId, lastEntryId, length, timeMs }: StreamFacts): number {
  if (firstEntryId === null || lastEntryId === null) return 0;
  if (timeMs - entryTimeMs(lastEntryId) > SPAN_MS) return 0;
  const spanMs = Math.max(1_000, timeMs - entryTimeMs(firstEntryId));
  return (length * 1_000) / spanMs;
}

function round(rate: number): number {
  return Math.round(rate * 100) / 100;
}
