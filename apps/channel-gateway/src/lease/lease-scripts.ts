import { defineScript } from '@sluice/stream-log';

/*
 * Takes the lease where it is free, or renews one's own. Each new holder gets a higher epoch, by which writes of an earlier one are
 * told apart.
 *
 * KEYS[1] lease · KEYS[2] epoch · ARGV[1] holder · ARGV[2] ms it lasts
 * Returns the holder's epoch, or 0 when another one has it.
 */
export const HOLD_LEASE = defineScript(
  'hold-channel-lease',
  `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if not holder then redis.call('INCR', KEYS[2]) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return tonumber(redis.call('GET', KEYS[2]))
`,
);

/*
 * Gives the lease back.
 *
 * KEYS[1] lease · ARGV[1] holder
 */
export const RELEASE_LEASE = defineScript(
  'release-channel-lease',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`,
);

/*
 * Appends what modules ticked, all or nothing, and notes how far they have read; nothing when another replica has taken over.
 * Asked again with the same number it changes nothing.
 *
 * KEYS[1] epoch · KEYS[2] progress · KEYS[3…] streams
 * ARGV[1] epoch of the writer · ARGV[2] number of the commit · ARGV[3] how many positions follow · field, position or '' for none, …
 * then for each entry: index of its stream among KEYS[3…] from 1, MAXLEN ~ bound or '', payload
 * Returns 1, or 0 when the epoch is over.
 */
export const COMMIT_CYCLES = defineScript(
  'commit-cycles',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local commit = ARGV[1] .. ':' .. ARGV[2]
if redis.call('HGET', KEYS[2], ':commit') == commit then return 1 end
local positions = tonumber(ARGV[3])
local at = 4 + 2 * positions
while at <= #ARGV do
  local stream, bound, payload = KEYS[2 + tonumber(ARGV[at])], ARGV[at + 1], ARGV[at + 2]
  if bound == '' then
    redis.call('XADD', stream, '*', 'd', payload, 'e', ARGV[1])
  else
    redis.call('XADD', stream, 'MAXLEN', '~', bound, '*', 'd', payload, 'e', ARGV[1])
  end
  at = at + 3
end
redis.call('HSET', KEYS[2], ':commit', commit)
for i = 1, positions do
  local field, position = ARGV[2 + 2 * i], ARGV[3 + 2 * i]
  if position == '' then redis.call('HDEL', KEYS[2], field) else redis.call('HSET', KEYS[2], field, position) end
end
return 1
`,
);
