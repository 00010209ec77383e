import { type EntryId } from '@sluice/wire';
import { type LogEntry } from '../types.js';

/** Entries that a group handed out, and ids that were pending and whose entries are gone. */
export interface GroupDelivery {
  readonly entries: readonly LogEntry[];
  /** Trimmed or deleted while they were pending; they are not pending any more. */
  readonly lostIds: readonly EntryId[];
}

const NO_PAYLOAD = new Uint8Array(0);

/** Reads `[[id, [field, value, …]], …]` with binary values; entries without field `d` are carried with an empty payload. */
export function parseGroupEntries(reply: unknown): GroupDelivery {
  const entries: LogEntry[] = [];
  const lostIds: EntryId[] = [];
  for (const item of Array.isArray(reply) ? (reply as ([Buffer, Buffer[] | null] | null)[]) : []) {
    if (item === null) continue;
    const id = item[0].toString('latin1');
    if (item[1] === null || item[1].length === 0) lostIds.push(id);
    else entries.push(parseEntry(id, item[1]));
  }
  return { entries, lostIds };
}

function parseEntry(id: EntryId, values: readonly Buffer[]): LogEntry {
  let payload: Uint8Array | null = null;
  const fields: [string, Uint8Array][] = [];
  for (let at = 0; at + 1 < values.length; at += 2) {
    const [name, value] = [values[at]?.toString('utf8') ?? '', values[at + 1] ?? NO_PAYLOAD];
    if (name === 'd' && payload === null) payload = value;
    else fields.push([name, value]);
  }
  return { id, payload: payload ?? NO_PAYLOAD, ...(fields.length > 0 ? { fields } : {}) };
}
