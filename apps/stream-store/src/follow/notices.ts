import { type GapNotice, type ResetNotice } from '@sluice/stream-log';
import { textFrame } from '@sluice/service-kit';

/** Text frame that tells a lost range; no payload frame follows it. */
export function gapFrame(sid: string, { after, next, lost }: GapNotice): Uint8Array[] {
  return textFrame(JSON.stringify({ gap: { sid, after, next, lost } }));
}

/** Text frame that tells that a stream was made anew below the reader's position. */
export function resetFrame(sid: string, { after, next }: ResetNotice): Uint8Array[] {
  return textFrame(JSON.stringify({ reset: { sid, after, next } }));
}
