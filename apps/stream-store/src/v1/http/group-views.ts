import { type EntryView } from '@sluice/contracts';
import { type GroupDelivery, type LogEntry } from '@sluice/stream-log';
import { PACKED_FIELD, packedPartId, unpackPayloads } from '@sluice/wire';
import { entryView } from './entry-views.js';

/** Entries that a group handed out, and ids that were trimmed while they were pending. */
export interface DeliveryView {
  readonly entries: readonly EntryView[];
  readonly lostIds: readonly string[];
}

/** A delivery as JSON; packed entries as their parts, which are acknowledged by the id before the `/`. */
export function deliveryView({ entries, lostIds }: GroupDelivery): DeliveryView {
  return { entries: entries.flatMap(unpack).map((entry) => entryView(entry, 'base64')), lostIds };
}

function unpack(entry: LogEntry): LogEntry[] {
  const packed = entry.fields?.find(([name]) => name === PACKED_FIELD)?.[1];
  if (packed === undefined || entry.payload.length > 0) return [entry];
  return unpackPayloads(packed).map((payload, index) => ({ id: packedPartId(entry.id, index), payload }));
}
