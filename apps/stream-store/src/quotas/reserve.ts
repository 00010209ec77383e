import { defineScript } from '@sluice/stream-log';

/**
 * Enters a stream under the subject that makes it, unless that passes a quota.
 *
 * KEYS[1] owners (hash) · KEYS[2] streams of the subject (set)
 * ARGV[1] stream · ARGV[2] subject · ARGV[3] streams a subject may make · ARGV[4] streams all may make
 * Returns 'ok', or the quota that is used up: 'user' or 'total'
 */
export const RESERVE_STREAM = defineScript(
  'reserve-stream',
  `
local owner = redis.call('HGET', KEYS[1], ARGV[1])
if owner then return 'ok' end
if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[3]) then return 'user' end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 'total' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
return 'ok'
`,
);

/**
 * Forgets who made some streams.
 *
 * KEYS[1] owners (hash) · ARGV[1] what the keys of subjects' sets begin with · ARGV[2…] streams
 * Returns how many were known
 */
export const RELEASE_STREAMS = defineScript(
  'release-streams',
  `
local known = 0
for at = 2, #ARGV do
  local owner = redis.call('HGET', KEYS[1], ARGV[at])
  if owner then
    redis.call('HDEL', KEYS[1], ARGV[at])
    redis.call('SREM', ARGV[1] .. owner, ARGV[at])
    known = known + 1
  end
end
return known
`,
);
