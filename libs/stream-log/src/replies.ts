import { SluiceError } from '@sluice/contracts';
import { type EntryId, compareEntryIds, packedCount, packedPartId, unpackPayloads } from '@sluice/wire';
import { type Reply, ReplyError } from './resp/parser.js';
import { type LogEntry, type StoredEntry } from './types.js';

/** Error replies after which the same command, sent to the right node or a little later, may well succeed. */
export function isTransient(error: ReplyError): boolean {
  return ['TRYAGAIN', 'CLUSTERDOWN', 'LOADING', 'MASTERDOWN', 'READONLY', 'BUSY'].includes(error.code);
}

/** Turns an error reply of Redis about one key into the error that callers see. */
export function toSluiceError(error: ReplyError, key: string): SluiceError {
  const { code, message } = error;
  if (code === 'OOM') return new SluiceError('LOG_FULL', `Redis has no memory left for "${key}"; nothing was written`);
  if (code === 'WRONGTYPE') return new SluiceError('WRONG_KEY_TYPE', `the key "${key}" exists and is not a stream`);
  if (message.includes('equal or smaller') || message.includes('must be greater than 0-0')) {
    return new SluiceError('ID_NOT_ABOVE_LAST', `the entry id is not above the last id of "${key}"`);
  }
  if (message.includes('exhausted the last possible ID')) {
    return new SluiceError('ID_NOT_ABOVE_LAST', `no id is left above the last one of "${key}": delete it to go on`);
  }
  if (message.includes('Invalid stream ID')) return new SluiceError('INVALID_ID', `invalid entry id for "${key}"`);
  if (isTransient(error) || code === 'NOREPLICAS' || code === 'MISCONF' || code === 'MOVED' || code === 'ASK') {
    return new SluiceError('LOG_UNAVAILABLE', `Redis does not take writes for "${key}" now: ${message}`);
  }
  if (code === 'NOAUTH' || code === 'NOPERM' || code === 'WRONGPASS') {
    return new SluiceError('LOG_UNAVAILABLE', `Redis refuses this service: ${message}`);
  }
  return new SluiceError('INTERNAL', `Redis refused a command for "${key}"`, { cause: new Error(message) });
}

/** What XRANGE and the inner list of XREAD hold, with entries of other tools left in place. */
export interface ParsedEntries {
  /** Entries that have a field `d` or, packed, a field `p`. */
  readonly entries: StoredEntry[];
  /** Id of the last entry, with such a field or without; null when there was none. */
  readonly last: EntryId | null;
  readonly first: EntryId | null;
  /** All entries of Redis, ours or not. */
  readonly count: number;
  readonly bytes: number;
}

const NONE: ParsedEntries = { entries: [], last: null, first: null, count: 0, bytes: 0 };

export function parseEntries(reply: Reply | undefined): ParsedEntries {
  if (!Array.isArray(reply) || reply.length === 0) return NONE;
  const entries: StoredEntry[] = [];
  let bytes = 0;
  for (const item of reply) {
    if (!Array.isArray(item)) continue;
    const entry = parseEntry(text(item[0]), item[1]);
    if (!entry) continue;
    entries.push(entry);
    bytes += entry.payload.byteLength;
  }
  return { entries, first: idOf(reply[0]), last: idOf(reply.at(-1)), count: reply.length, bytes };
}

/** The entries of the only stream in an XREAD reply (RESP3 map or RESP2 list). */
export function parseSingleRead(reply: Reply | undefined): ParsedEntries {
  if (!Array.isArray(reply) || reply.length === 0) return NONE;
  return Array.isArray(reply[0]) ? parseEntries(reply[0][1]) : parseEntries(reply[1]);
}

export function text(value: Reply | undefined): string {
  if (value instanceof Uint8Array) return (value as Buffer).toString('latin1');
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : '';
}

function idOf(item: Reply | undefined): EntryId | null {
  return Array.isArray(item) ? text(item[0]) : null;
}

/** Single entries only: the parts of packed ones, `<id>/<index>`, in their place. What is no packed entry after all is left out. */
export function unpackEntries(stored: readonly StoredEntry[]): readonly LogEntry[] {
  if (!stored.some((entry) => entry.packedCount)) return stored;
  return stored.flatMap((entry): LogEntry[] => {
    if (!entry.packedCount) return [entry];
    try {
      return unpackPayloads(entry.payload).map((payload, index) => ({ id: packedPartId(entry.id, index), payload }));
    } catch {
      // Another tool's field of the same name.
      return [];
    }
  });
}

/** The entries after a position that may lie within a packed entry. */
export function entriesAfter(entries: readonly LogEntry[], position: EntryId): readonly LogEntry[] {
  const first = entries.findIndex((entry) => compareEntryIds(entry.id, position) > 0);
  return first <= 0 ? (first < 0 ? [] : entries) : entries.slice(first);
}

/** Null when the entry was made by another tool and has no field `d` or `p`; such entries are passed over. */
function parseEntry(id: EntryId, fields: Reply | undefined): StoredEntry | null {
  if (!Array.isArray(fields)) return null;
  const [name, value] = fields;
  if (fields.length === 2) {
    if (!(value instanceof Uint8Array)) return null;
    if (isPayloadName(name)) return { id, payload: value };
    return isPackedName(name) ? parsePacked(id, value) : null;
  }
  let payload: Uint8Array | null = null;
  const others: [string, Uint8Array][] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const fieldName = fields[index];
    const fieldValue = fields[index + 1];
    if (!(fieldName instanceof Uint8Array) || !(fieldValue instanceof Uint8Array)) continue;
    if (payload === null && isPayloadName(fieldName)) payload = fieldValue;
    else others.push([(fieldName as Buffer).toString('utf8'), fieldValue]);
  }
  return payload === null ? null : { id, payload, fields: others };
}

function isPayloadName(name: Reply | undefined): boolean {
  return name instanceof Uint8Array && name.length === 1 && name[0] === 0x64;
}

function isPackedName(name: Reply | undefined): boolean {
  return name instanceof Uint8Array && name.length === 1 && name[0] === 0x70;
}

function parsePacked(id: EntryId, payload: Uint8Array): StoredEntry | null {
  const count = packedCount(payload);
  return count === 0 || count > payload.byteLength ? null : { id, payload, packedCount: count };
}
