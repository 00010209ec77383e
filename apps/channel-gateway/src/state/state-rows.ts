import { createHash } from 'node:crypto';
import { type LogEntry } from '@sluice/stream-log';
import { type StateRow } from './pending.js';
import { type State } from './state-catalogue.js';

const LONGEST_KEY = 200;
const ID_MEMBER = '{"id":"';

/** The rows that an entry of the state's channel gives. */
export function rowsOf(state: State, { id, payload }: Pick<LogEntry, 'id' | 'payload'>): StateRow[] {
  const { channel, key, keyBy } = state;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();
  if (channel.keys === null && isOneRecord(text)) {
    const json = text.slice(1, -1);
    return [{ key: keyInText(json, keyBy) ?? keyOf(JSON.parse(json), keyBy), position: id, item: 0, json }];
  }
  const parsed = JSON.parse(text) as unknown;
  const list = channel.keys === null ? parsed : (parsed as Readonly<Record<string, unknown>>)[key ?? ''];
  if (!Array.isArray(list)) return [];
  return list.map((record, item) => ({
    key: keyOf(record, keyBy),
    position: id,
    item,
    json: JSON.stringify(record),
  }));
}

/** Whether the list certainly holds one record, whose text then stands in it as it is. */
function isOneRecord(text: string): boolean {
  return text.startsWith('[{') && !text.includes('},{');
}

/** The id that a record begins with, as {@link keyOf} has it, without reading the rest; null where it takes more than that. */
function keyInText(json: string, keyBy: readonly string[]): string | null {
  if (keyBy.length !== 1 || keyBy[0] !== 'id' || !json.startsWith(ID_MEMBER)) return null;
  const end = json.indexOf('"', ID_MEMBER.length);
  const id = json.slice(ID_MEMBER.length, end);
  return id.includes('\\') ? null : shortened(`["${id}"]`);
}

/** The values of some paths as one text; what is missing counts as null. */
function keyOf(record: unknown, keyBy: readonly string[]): string {
  return shortened(JSON.stringify(keyBy.map((path) => valueAt(record, path) ?? null)));
}

function shortened(key: string): string {
  return key.length <= LONGEST_KEY ? key : createHash('sha256').update(key).digest('base64');
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
