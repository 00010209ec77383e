import { SluiceError } from '@sluice/contracts';
import { defineScript, type RedisCommands } from '@sluice/stream-log';
import { type ChannelKeys } from './channel-keys.js';

/*
 * Gives out the next block of a million ids. Blocks are numbered by milliseconds since 1970, so that none is given out again
 * even if Redis has lost the number.
 *
 * KEYS[1] number of the last block
 * Returns the number of the new one.
 */
const NEXT_BLOCK = defineScript(
  'next-id-block',
  `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
local block = math.max(now, last + 1)
redis.call('SET', KEYS[1], string.format('%.0f', block))
return string.format('%.0f', block)
`,
);

const BLOCK_DIGITS = 6;
const BLOCK_SIZE = 10 ** BLOCK_DIGITS;
/** The next block is asked for when so many ids of the current one are given out. */
const ASK_AT = BLOCK_SIZE / 2;

/** Ids of records: decimal texts of 19 digits that rise within one process and that no other process or restart repeats. */
export class RecordIds {
  private block: string;
  private nextBlock: string | null = null;
  private used = 0;
  private isAsking = false;

  private constructor(
    private readonly commands: RedisCommands,
    private readonly keys: ChannelKeys,
    first: string,
  ) {
    this.block = first;
  }

  /** @throws SluiceError LOG_UNAVAILABLE */
  static async open(commands: RedisCommands, keys: ChannelKeys): Promise<RecordIds> {
    return new RecordIds(commands, keys, await takeBlock(commands, keys));
  }

  /** @throws SluiceError LOG_UNAVAILABLE when Redis has not answered for half a million ids */
  next(): string {
    if (this.used >= BLOCK_SIZE) this.turnOver();
    if (this.used >= ASK_AT) this.askAhead();
    const id = this.block + String(this.used).padStart(BLOCK_DIGITS, '0');
    this.used += 1;
    return id;
  }

  private turnOver(): void {
    if (this.nextBlock === null)
      throw new SluiceError('LOG_UNAVAILABLE', 'no ids for new records: Redis does not answer');
    this.block = this.nextBlock;
    this.nextBlock = null;
    this.used = 0;
  }

  private askAhead(): void {
    if (this.isAsking || this.nextBlock !== null) return;
    this.isAsking = true;
    void takeBlock(this.commands, this.keys)
      .then(
        (block) => (this.nextBlock = block),
        () => undefined,
      )
      .finally(() => (this.isAsking = false));
  }
}

async function takeBlock(commands: RedisCommands, keys: ChannelKeys): Promise<string> {
  return String(await commands.runScript(NEXT_BLOCK, [keys.ids], [], { subject: 'ids of records' }));
}
