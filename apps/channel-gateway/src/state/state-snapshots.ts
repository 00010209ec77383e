import { defineScript, type RedisCommands } from '@sluice/stream-log';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { isNewer, type StateRow, type StateWindow } from './pending.js';
import { type State } from './state-catalogue.js';

/*
 * Keeps records of a state, unless newer ones of their keys are there, and forgets the oldest beyond the state's window.
 *
 * KEYS[1] records by key: `<entry id> <place in the tick> <JSON>` · KEYS[2] keys by the time of their records
 * ARGV[1] records to keep · ARGV[2] 1: begin anew · then key, entry id, place, JSON, …
 */
const KEEP_STATE = defineScript(
  'keep-state',
  `
local function is_above(a, b)
  if #a ~= #b then return #a > #b end
  return a > b
end
local function is_newer(a, aitem, b, bitem)
  local ams, aseq, apart = string.match(a, '^(%d+)-(%d+)/?(%d*)')
  local bms, bseq, bpart = string.match(b, '^(%d+)-(%d+)/?(%d*)')
  if ams ~= bms then return is_above(ams, bms) end
  if aseq ~= bseq then return is_above(aseq, bseq) end
  if apart ~= bpart then return is_above(apart, bpart) end
  return is_above(aitem, bitem)
end
if ARGV[2] == '1' then redis.call('DEL', KEYS[1], KEYS[2]) end
for i = 3, #ARGV, 4 do
  local key, id, item = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local known = redis.call('HGET', KEYS[1], key)
  local kid, kitem = string.match(known or '', '^(%S+) (%d+) ')
  if not kid or is_newer(id, item, kid, kitem) then
    redis.call('HSET', KEYS[1], key, id .. ' ' .. item .. ' ' .. ARGV[i + 3])
    redis.call('ZADD', KEYS[2], string.match(id, '^%d+'), key)
  end
end
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[1])
if over > 0 then
  local oldest = redis.call('ZPOPMIN', KEYS[2], over)
  for i = 1, #oldest, 2 do redis.call('HDEL', KEYS[1], oldest[i]) end
end
return 1
`,
);

const KEEP_EVERY_MS = 1_000;
const ROWS_AT_ONCE = 200;
const BYTES_AT_ONCE = 4 * 1024 * 1024;
const SCAN_COUNT = 1_000;
/** A replica that takes over keeps what the one before it may not have kept any more. */
const REMEMBERED_MS = 30_000;

interface Changed {
  readonly row: StateRow;
  readonly atMs: number;
}

/** What changed of one state since it was last kept. */
interface Change {
  readonly state: State;
  readonly rows: Map<string, Changed>;
  isReset: boolean;
}

/**
 * The newest record of a key may have ticked long before everything that the log still holds. So the replica whose modules run
 * keeps what has changed beside the log, once a second; what is newer than that is still in the log.
 */
export class StateSnapshots {
  private readonly changes = new Map<string, Change>();
  private timer: NodeJS.Timeout | null = null;
  private keeping: Promise<void> | null = null;
  private isOurs: () => boolean = () => false;

  constructor(
    private readonly commands: RedisCommands,
    private readonly keys: ChannelKeys,
    private readonly window: StateWindow,
  ) {}

  /** @throws SluiceError LOG_UNAVAILABLE */
  async *read(state: State): AsyncGenerator<StateRow[]> {
    let cursor = '0';
    do {
      const reply = (await this.commands.run({
        name: 'HSCAN',
        args: [this.keys.state(state.name), cursor, 'COUNT', SCAN_COUNT],
        subject: `the state ${state.name}`,
      })) as readonly [unknown, readonly unknown[]];
      cursor = String(reply[0]);
      yield rowsOfReply(reply[1].map(String));
    } while (cursor !== '0');
  }

  note(state: State, row: StateRow): void {
    const { rows } = this.changeOf(state);
    const known = rows.get(row.key);
    if (known !== undefined && isNewer(known.row, row)) return;
    rows.delete(row.key);
    rows.set(row.key, { row, atMs: performance.now() });
    if (rows.size <= this.window.records) return;
    const oldest = rows.keys().next();
    if (oldest.done !== true) rows.delete(oldest.value);
  }

  /** The channel was made anew: what was kept does not count any more. */
  reset(state: State): void {
    const change = this.changeOf(state);
    change.rows.clear();
    change.isReset = true;
  }

  /** The state is kept no more. */
  forget({ name }: State): void {
    this.changes.delete(name);
  }

  start(isOurs: () => boolean): void {
    this.isOurs = isOurs;
    this.timer = setInterval(() => void this.keep(), KEEP_EVERY_MS);
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.keeping;
    await this.keep();
  }

  private async keep(): Promise<void> {
    this.keeping ??= this.keepAll().finally(() => (this.keeping = null));
    await this.keeping;
  }

  private async keepAll(): Promise<void> {
    for (const change of this.changes.values()) {
      if (this.isOurs()) await this.keepState(change);
      else forgetOld(change);
    }
  }

  private async keepState(change: Change): Promise<void> {
    while (change.rows.size > 0 || change.isReset) {
      const { isReset } = change;
      const batch = takeBatch(change.rows);
      change.isReset = false;
      const args = batch.flatMap(({ row }) => [row.key, row.position, row.item, row.json]);
      const { name } = change.state;
      try {
        await this.commands.runScript(
          KEEP_STATE,
          [this.keys.state(name), this.keys.stateOrder(name)],
          [this.window.records, Number(isReset), ...args],
          { subject: `the state ${name}` },
        );
      } catch {
        // Redis does not answer: what is newer meanwhile stays as it is, the rest is kept a second later.
        change.isReset ||= isReset;
        for (const one of batch) if (!change.rows.has(one.row.key)) change.rows.set(one.row.key, one);
        return;
      }
    }
  }

  private changeOf(state: State): Change {
    const known = this.changes.get(state.name);
    if (known !== undefined) return known;
    const made: Change = { state, rows: new Map(), isReset: false };
    this.changes.set(state.name, made);
    return made;
  }
}

function takeBatch(rows: Map<string, Changed>): Changed[] {
  const batch: Changed[] = [];
  let bytes = 0;
  for (const [key, changed] of rows) {
    if (batch.length >= ROWS_AT_ONCE || bytes >= BYTES_AT_ONCE) break;
    batch.push(changed);
    bytes += changed.row.json.length;
    rows.delete(key);
  }
  return batch;
}

function forgetOld(change: Change): void {
  const since = performance.now() - REMEMBERED_MS;
  change.isReset = false;
  for (const [key, { atMs }] of change.rows) {
    if (atMs >= since) return;
    change.rows.delete(key);
  }
}

function rowsOfReply(flat: readonly string[]): StateRow[] {
  const rows: StateRow[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const match = /^(\S+) (\d+) /.exec(flat[at + 1] ?? '');
    if (match === null) continue;
    const [whole, position = '', item = '0'] = match;
    rows.push({ key: flat[at] ?? '', position, item: Number(item), json: (flat[at + 1] ?? '').slice(whole.length) });
  }
  return rows;
}
