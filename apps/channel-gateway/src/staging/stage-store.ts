import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '@sluice/contracts';
import { defineScript, type RedisCommands } from '@sluice/stream-log';
import { compareEntryIds, type EntryId } from '@sluice/wire';
import { type Area, type Staged } from './areas.js';

/*
 * Puts the areas of a channel into their new form and ticks what they release, all or nothing, unless somebody else has changed them
 * since they were read. Asked again with the same change it does nothing.
 *
 * KEYS[1] areas · KEYS[2…] streams
 * ARGV[1] change that was read · ARGV[2] this change · ARGV[3] areas given a number so far · ARGV[4] request of a module that this meets, or '' ·
 * ARGV[5] how many are deleted · ids …
 * · how many are put · id, value, … · then for each entry: index of its stream among KEYS[2…] from 1, MAXLEN ~ bound or '', payload
 * Returns 1, or 0 when the areas are others by now.
 */
const CHANGE_STAGE = defineScript(
  'change-stage',
  `
local now = redis.call('HGET', KEYS[1], 'change') or ''
if now == ARGV[2] then return 1 end
if now ~= ARGV[1] then return 0 end
local at = 6
for i = 1, tonumber(ARGV[5]) do
  redis.call('HDEL', KEYS[1], ARGV[at])
  at = at + 1
end
local puts = tonumber(ARGV[at])
at = at + 1
for i = 1, puts do
  redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  at = at + 2
end
redis.call('HSET', KEYS[1], 'change', ARGV[2], 'count', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'met', ARGV[4]) end
while at <= #ARGV do
  local stream, bound, payload = KEYS[1 + tonumber(ARGV[at])], ARGV[at + 1], ARGV[at + 2]
  if bound == '' then
    redis.call('XADD', stream, '*', 'd', payload)
  else
    redis.call('XADD', stream, 'MAXLEN', '~', bound, '*', 'd', payload)
  end
  at = at + 3
end
return 1
`,
);

const ATTEMPTS = 100;
const SUBJECT = 'staging areas';

/** The areas of a channel as they were read. */
export interface StageSnapshot {
  /** Oldest first. */
  readonly areas: readonly Area[];
  readonly change: string;
  readonly count: number;
  /** Position of the newest request of a module that was met; empty when there was none. */
  readonly met: string;
  readonly numbers: ReadonlyMap<string, number>;
}

/** An entry that a change puts into a stream of the same slot. */
export interface StageEntry {
  readonly stream: string;
  /** -1: no bound. */
  readonly maxLen: number;
  readonly payload: Buffer;
}

/** What a change comes to. */
export interface StageWrite<T> {
  readonly areas: readonly Area[];
  readonly entries: readonly StageEntry[];
  readonly answer: T;
}

/** The areas of channels in Redis: every replica reads and changes the same ones, and they outlive all of them. */
export class StageStore {
  constructor(private readonly commands: RedisCommands) {}

  /** @throws SluiceError LOG_UNAVAILABLE */
  async read(key: string): Promise<StageSnapshot> {
    const reply = await this.commands.run({ name: 'HGETALL', args: [key], subject: SUBJECT });
    const fields = new Map(pairsOf(reply));
    const change = fields.get('change') ?? '';
    const count = Number(fields.get('count') ?? 0);
    const met = fields.get('met') ?? '';
    fields.delete('met');
    fields.delete('change');
    fields.delete('count');
    const numbers = new Map([...fields].map(([id, text]) => [id, Number(text.slice(0, text.indexOf(' ')))]));
    const areas = [...fields]
      .map(([id, text]): Area => ({ id, records: recordsOf(text.slice(text.indexOf(' ') + 1)) }))
      .toSorted((one, other) => (numbers.get(one.id) ?? 0) - (numbers.get(other.id) ?? 0));
    return { areas, change, count, met, numbers };
  }

  /**
   * Changes the areas of a channel; `decide` is asked again when another replica came first.
   * @param position of the request of a module that this meets; nothing is done when it was met before
   * @returns null for such a one
   * @throws SluiceError LOG_UNAVAILABLE, and what `decide` throws
   */
  async change<T>(
    key: string,
    decide: (areas: readonly Area[]) => StageWrite<T>,
    position: EntryId | null = null,
  ): Promise<T | null> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const known = await this.read(key);
      if (position !== null && known.met !== '' && compareEntryIds(position, known.met) <= 0) return null;
      const write = decide(known.areas);
      if (await this.write(key, known, write, position)) return write.answer;
      await delay(Math.random() * Math.min(50, 2 ** attempt));
    }
    throw new SluiceError('SERVICE_UNAVAILABLE', 'the staging areas are being changed by too many at once');
  }

  private async write(
    key: string,
    known: StageSnapshot,
    { areas, entries }: StageWrite<unknown>,
    position: EntryId | null,
  ): Promise<boolean> {
    const before = new Map(known.areas.map((area) => [area.id, area]));
    const left = new Set(areas.map(({ id }) => id));
    const deleted = [...before.keys()].filter((id) => !left.has(id));
    let { count } = known;
    const puts = areas.flatMap((area): [string, string][] => {
      if (before.get(area.id) === area) return [];
      const number = known.numbers.get(area.id) ?? (count += 1);
      return [[area.id, `${number} [${area.records.map(({ json }) => json).join(',')}]`]];
    });
    if (position === null && deleted.length === 0 && puts.length === 0 && entries.length === 0) return true;
    const streams = [...new Set(entries.map(({ stream }) => stream))];
    const flat = entries.flatMap(({ stream, maxLen, payload }) => {
      return [streams.indexOf(stream) + 1, maxLen < 0 ? '' : maxLen, payload];
    });
    const head = [known.change, randomUUID(), count, position ?? ''];
    const args = [...head, deleted.length, ...deleted, puts.length, ...puts.flat(), ...flat];
    return Number(await this.commands.runScript(CHANGE_STAGE, [key, ...streams], args, { subject: SUBJECT })) === 1;
  }
}

function recordsOf(json: string): Staged[] {
  return (JSON.parse(json) as readonly { readonly id: string }[]).map((record) => {
    return { id: record.id, json: JSON.stringify(record) };
  });
}

function pairsOf(reply: unknown): [string, string][] {
  const flat = Array.isArray(reply)
    ? reply.map(String)
    : Object.entries(reply as object)
        .flat()
        .map(String);
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at] ?? '', flat[at + 1] ?? '']);
  return pairs;
}
