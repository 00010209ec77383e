import { defineScript, type RedisCommands } from '@sluice/stream-log';
import { type Channel } from '../engine/catalogue.js';
import { type ChannelKeys } from './channel-keys.js';
import { type ChannelView, type KeyTick } from './channel-view.js';

/*
 * Keeps the last ticks of a basket's keys, unless newer ones are there.
 *
 * KEYS[1] last ticks · ARGV key, entry id, JSON list, …
 */
const KEEP_LAST = defineScript(
  'keep-last-ticks',
  `
local function is_above(a, b)
  if #a ~= #b then return #a > #b end
  return a > b
end
local function parts(id)
  local ms, seq, index = string.match(id, '^(%d+)-(%d+)/?(%d*)')
  return ms, seq, index
end
local function is_newer(a, b)
  local ams, aseq, aindex = parts(a)
  local bms, bseq, bindex = parts(b)
  if ams ~= bms then return is_above(ams, bms) end
  if aseq ~= bseq then return is_above(aseq, bseq) end
  return is_above(aindex, bindex)
end
for i = 1, #ARGV, 3 do
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  local id = known and string.match(known, '^%S+')
  if not id or is_newer(ARGV[i + 1], id) then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] .. ' ' .. ARGV[i + 2])
  end
end
return 1
`,
);

const KEEP_EVERY_MS = 1_000;
const KEYS_AT_ONCE = 500;

/**
 * A basket's key may have ticked long before everything that the log still holds. So the replica whose modules run keeps the last tick
 * of each key beside the log, once a second; what is newer than that is still in the log.
 */
export class KeySnapshots {
  private timer: NodeJS.Timeout | null = null;
  private keeping: Promise<void> | null = null;
  private views: () => Iterable<ChannelView> = () => [];
  private isOurs: () => boolean = () => false;

  constructor(
    private readonly commands: RedisCommands,
    private readonly keys: ChannelKeys,
  ) {}

  /** @throws SluiceError LOG_UNAVAILABLE */
  async read(channel: Channel): Promise<Map<string, KeyTick>> {
    const command = { name: 'HGETALL', args: [this.keys.last(channel.name)], subject: `last ticks of ${channel.name}` };
    const reply = await this.commands.run(command);
    const flat = Array.isArray(reply)
      ? reply.map(String)
      : Object.entries(reply as object)
          .flat()
          .map(String);
    const ticks = new Map<string, KeyTick>();
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const [key = '', text = ''] = [flat[at], flat[at + 1]];
      const space = text.indexOf(' ');
      if (channel.keys?.has(key)) ticks.set(key, { entryId: text.slice(0, space), json: text.slice(space + 1) });
    }
    return ticks;
  }

  /** @param views all that there are now @param isOurs whether this replica keeps what changes, for the others too */
  start(views: () => Iterable<ChannelView>, isOurs: () => boolean): void {
    this.views = views;
    this.isOurs = isOurs;
    this.timer = setInterval(() => void this.keep(), KEEP_EVERY_MS);
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.keeping;
  }

  /** Keeps what has ticked since the last time, if that is for this replica to do. */
  async keep(): Promise<void> {
    if (!this.isOurs()) return;
    this.keeping ??= this.keepAll().finally(() => (this.keeping = null));
    await this.keeping;
  }

  private async keepAll(): Promise<void> {
    for (const view of this.views()) {
      if (view.channel.keys === null) continue;
      const changed = [...view.takeChanged()];
      for (let at = 0; at < changed.length; at += KEYS_AT_ONCE) {
        const part = changed.slice(at, at + KEYS_AT_ONCE);
        const args = part.flatMap(([key, { entryId, json }]) => [key, entryId, json]);
        const { name } = view.channel;
        await this.commands
          .runScript(KEEP_LAST, [this.keys.last(name)], args, { subject: `last ticks of ${name}` })
          .catch(() => view.keepChanged(part.map(([key]) => key)));
      }
    }
  }
}
