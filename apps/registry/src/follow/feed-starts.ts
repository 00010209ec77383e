import { SluiceError } from '@sluice/contracts';
import { type StreamLog } from '@sluice/stream-log';
import { DEFAULT_DEVICE, FIRST_ENTRY_ID, assertStreamKey, parsePosition } from '@sluice/wire';
import { type FeedStart } from './entry-feed.js';

/** Streams of one subscription. */
const MAX_STREAMS = 1_000;

/** A stream named by a subscription, and the position given for it. */
export interface NamedStart {
  readonly key: string;
  readonly position: string;
}

/**
 * Reads `streamIds`: a list of names, each from now on, or an object of names and the ids after which to begin.
 * @param device `null` or absent: the usual one; empty: none, which leads to the event streams
 * @throws SluiceError INVALID_PARAMETER, WireError INVALID_NAME
 */
export function readStarts(streamIds: unknown, device: string | null | undefined, hasDevices: boolean): NamedStart[] {
  const pairs = pairsOf(streamIds);
  if (pairs.length === 0) throw invalid('names no stream');
  if (pairs.length > MAX_STREAMS) throw invalid(`names ${pairs.length} streams, more than ${MAX_STREAMS}`);
  const prefix = device === null || device === undefined ? (hasDevices ? `${DEFAULT_DEVICE}:` : '') : `${device}:`;
  const starts = new Map(pairs.map(([sid, position]) => [prefix + sid, position]));
  for (const key of starts.keys()) assertStreamKey(key);
  return [...starts].map(([key, position]) => ({ key, position }));
}

/** Turns "from now" into ids, so that nothing is missed that comes after. @throws SluiceError INVALID_ID, LOG_UNAVAILABLE */
export async function resolveStarts(log: StreamLog, starts: readonly NamedStart[]): Promise<FeedStart[]> {
  return Promise.all(
    starts.map(async ({ key, position }) => {
      if (position === '$') return { key, after: await log.reader.lastGeneratedId(key) };
      if (position === '-') return { key, after: FIRST_ENTRY_ID };
      const after = parsePosition(position);
      if (after !== null) return { key, after };
      const shown = JSON.stringify(position.slice(0, 100));
      throw new SluiceError('INVALID_ID', `stream ${JSON.stringify(key)}: ${shown} is no entry id, nor $ or -`);
    }),
  );
}

function pairsOf(streamIds: unknown): [sid: string, position: string][] {
  if (typeof streamIds === 'string') return [[streamIds, '$']];
  if (Array.isArray(streamIds)) {
    return streamIds.map((sid: unknown): [string, string] => {
      if (typeof sid !== 'string' || sid === '') throw invalid('has a member that is no name');
      return [sid, '$'];
    });
  }
  if (typeof streamIds !== 'object' || streamIds === null) throw invalid('is neither a list of names nor an object');
  return Object.entries(streamIds).map(([sid, position]: [string, unknown]): [string, string] => {
    if (typeof position === 'string') return [sid, position];
    if (typeof position === 'number' && Number.isSafeInteger(position) && position >= 0) return [sid, String(position)];
    throw invalid(`has no entry id for ${JSON.stringify(sid.slice(0, 100))}`);
  });
}

function invalid(what: string): SluiceError {
  return new SluiceError('INVALID_PARAMETER', `streamIds ${what}`);
}
