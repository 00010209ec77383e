import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { defineScript, type RedisCommands } from '@sluice/stream-log';
import { type ChannelKeys } from '../channels/channel-keys.js';

/*
 * Changes one declaration, unless others were changed since they were read. Nothing is left of what the channel held before: of an
 * earlier one of its name neither. Asked again with the same change it does nothing.
 *
 * KEYS[1] declarations · KEYS[2] stream of changes · KEYS[3…] what the channel holds
 * ARGV[1] newest change that was read · ARGV[2] this change · ARGV[3] channel · ARGV[4] its declaration; '' removes it ·
 * ARGV[5] how long ago a channel of that name must have been removed, in ms: until then a replica may still tick it
 * Returns 'done'; 'outdated' when the declarations are others by now; 'recent' when it was removed only now.
 */
const CHANGE_DECLARATION = defineScript(
  'change-declaration',
  `
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
if newest and newest[2][4] == ARGV[2] then return 'done' end
if (newest and newest[1] or '') ~= ARGV[1] then return 'outdated' end
if ARGV[4] ~= '' then
  local time = redis.call('TIME')
  local since = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - tonumber(ARGV[5])
  for _, entry in ipairs(redis.call('XRANGE', KEYS[2], string.format('%.0f', since), '+')) do
    if entry[2][2] == ARGV[3] then return 'recent' end
  end
end
if #KEYS > 2 then redis.call('UNLINK', unpack(KEYS, 3)) end
if ARGV[4] == '' then
  redis.call('HDEL', KEYS[1], ARGV[3])
else
  redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1000, '*', 'd', ARGV[3], 'c', ARGV[2])
return 'done'
`,
);

/*
 * KEYS[1] declarations · KEYS[2] stream of changes
 * Returns the id of the newest change, and name, declaration, …
 */
const READ_DECLARATIONS = defineScript(
  'read-declarations',
  `
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
return { newest and newest[1] or '', unpack(redis.call('HGETALL', KEYS[1])) }
`,
);

/*
 * KEYS[1] declarations · KEYS[2…] what the channel held · ARGV[1] channel
 * Returns how much of it was still there; 0 when the channel was declared anew.
 */
const SWEEP_CHANNEL = defineScript(
  'sweep-channel',
  `
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
return redis.call('UNLINK', unpack(KEYS, 2))
`,
);

const SETTLE_MS = 250;
const SUBJECT = 'declarations of channels';

/** All declarations as they were at one moment. */
export interface Declarations {
  /** Id of the newest change; empty when there was none. */
  readonly version: string;
  /** JSON by the channel's name. */
  readonly byName: ReadonlyMap<string, string>;
}

/** The declarations in Redis: every replica reads and changes the same ones, and they outlive all of them. */
export class DeclarationStore {
  constructor(
    private readonly commands: RedisCommands,
    private readonly keys: ChannelKeys,
  ) {}

  /** @throws SluiceError LOG_UNAVAILABLE */
  async read(): Promise<Declarations> {
    const { declared, declarations } = this.keys;
    const reply = await this.commands.runScript(READ_DECLARATIONS, [declared, declarations], [], { subject: SUBJECT });
    const [version = '', ...flat] = (reply as readonly unknown[]).map(String);
    const byName = new Map<string, string>();
    for (let at = 0; at + 1 < flat.length; at += 2) byName.set(flat[at] ?? '', flat[at + 1] ?? '');
    return { version, byName };
  }

  /** Id of the newest change; empty when there is none. @throws SluiceError LOG_UNAVAILABLE */
  async version(): Promise<string> {
    const args = [this.keys.declarations, '+', '-', 'COUNT', 1];
    const [newest] = (await this.commands.run({ name: 'XREVRANGE', args, subject: SUBJECT })) as readonly unknown[][];
    return newest === undefined ? '' : String(newest[0]);
  }

  /**
   * Declares a channel, or removes it, together with everything in `holds`.
   * @param json null: removes it
   * @returns whether it is done; if not, because the declarations are not those of that version any more, or because a channel of
   * that name was removed only now @throws SluiceError LOG_UNAVAILABLE
   */
  async change(version: string, name: string, json: string | null, holds: readonly string[]): Promise<boolean> {
    const { declared, declarations } = this.keys;
    const args = [version, randomUUID(), name, json ?? '', SETTLE_MS];
    const reply = await this.commands.runScript(CHANGE_DECLARATION, [declared, declarations, ...holds], args, {
      subject: SUBJECT,
    });
    if (String(reply) === 'recent') await delay(SETTLE_MS / 5);
    return String(reply) === 'done';
  }

  /** Removes what a replica may still have written of a channel that was removed, unless there is a new one. @throws SluiceError LOG_UNAVAILABLE */
  async sweep(name: string, holds: readonly string[]): Promise<void> {
    await this.commands.runScript(SWEEP_CHANNEL, [this.keys.declared, ...holds], [name], { subject: SUBJECT });
  }

  /** Everything that a channel holds in Redis. */
  holdsOf(name: string, states: readonly string[]): string[] {
    const { keys } = this;
    return [
      keys.stream(name),
      keys.last(name),
      keys.stage(name),
      ...states.flatMap((state) => [keys.state(state), keys.stateOrder(state)]),
    ];
  }
}
