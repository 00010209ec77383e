import { type EntryView } from '@sluice/contracts';
import { type LogEntry } from '@sluice/stream-log';
import { entryTimeMs } from '@sluice/wire';

/** Forms in which a payload stands in JSON. */
export const PAYLOAD_FORMATS = ['base64', 'json', 'text'] as const;
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number];

const MAX_DATE_MS = 8.64e15;

/** Time of an id as ISO 8601; beyond what a date can be, the latest there is. */
function isoTime(id: string): string {
  return new Date(Math.min(entryTimeMs(id), MAX_DATE_MS)).toISOString();
}

/** A payload in the form asked for; bytes that are not JSON (or not UTF-8) come as base64 instead. */
export function payloadView(payload: Uint8Array, format: PayloadFormat): Pick<EntryView, 'data' | 'json' | 'text'> {
  const buffer = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (format === 'base64') return { data: buffer.toString('base64') };
  const text = decodeText(payload);
  if (text === null) return { data: buffer.toString('base64') };
  if (format === 'text') return { text };
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return { text };
  }
}

/** One entry as JSON. */
export function entryView({ id, payload }: LogEntry, format: PayloadFormat): EntryView {
  return { id, time: isoTime(id), bytes: payload.length, ...payloadView(payload, format) };
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeText(payload: Uint8Array): string | null {
  try {
    return decoder.decode(payload);
  } catch {
    return null;
  }
}
