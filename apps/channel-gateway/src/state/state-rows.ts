import { createHash } from 'node:crypto';
import { type LogEntry } from '@sluice/stream-log';
import { type StateRow } from './pending.js';
import { type State } from './state-catalogue.js';

const LONGEST_KEY = 200;

/** The rows that an entry of the state's channel gives. */
export function rowsOf({ channel, key, keyBy }: State, { id, payload }: LogEntry): StateRow[] {
  const parsed = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()) as unknown;
  const list = channel.keys === null ? parsed : (parsed as Readonly<Record<string, unknown>>)[key ?? ''];
  if (!Array.isArray(list)) return [];
  return list.map((record, item) => ({
    key: keyOf(record, keyBy),
    position: id,
    item,
    json: JSON.stringify(record),
  }));
}

/** The values of some paths as one text; what is missing counts as null. */
function keyOf(record: unknown, keyBy: readonly string[]): string {
  const text = JSON.stringify(keyBy.map((path) => valueAt(record, path) ?? null));
  return text.length <= LONGEST_KEY ? text : createHash('sha256').update(text).digest('base64');
}

/** What a path leads to; undefined where it leads nowhere. */
export function valueAt(record: unknown, path: string): unknown {
  let value: unknown = record;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return value;
}
