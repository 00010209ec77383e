import { defineScript } from '@sluice/stream-log';

/*
 * Enters a recording that begins. One of those that run is the current one.
 *
 * KEYS[1] running · ARGV[1] name · ARGV[2] JSON of it · ARGV[3] its run
 * Returns '' when it is entered (also when it was already, by the same run), else the name of the one in its way.
 */
export const ENTER_RECORDING = defineScript(
  'enter-recording',
  `
local mine = cjson.decode(ARGV[2])
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local other = cjson.decode(all[i + 1])
  if all[i] == ARGV[1] then
    if other['run'] == ARGV[3] then return '' end
    return all[i]
  end
  if mine['isCurrent'] and other['isCurrent'] then return all[i] end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return ''
`,
);

/*
 * Takes a recording that ended off the list, or marks it so that its recorder ends it.
 *
 * KEYS[1] running · ARGV[1] name · ARGV[2] its run · ARGV[3] JSON to keep instead, or ''
 * Returns 1 when it ran.
 */
export const CHANGE_RECORDING = defineScript(
  'change-recording',
  `
local found = redis.call('HGET', KEYS[1], ARGV[1])
if not found or cjson.decode(found)['run'] ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1
`,
);

/*
 * Takes a lease that is free, renews one's own, or takes over that of a holder known to be gone.
 *
 * KEYS[1] lease · ARGV[1] holder · ARGV[2] ms it lasts · ARGV[3] holder that is gone, or ''
 * Returns the holder.
 */
export const TAKE_LEASE = defineScript(
  'take-recording-lease',
  `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[3] then return holder end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
`,
);

/*
 * Gives a lease back. KEYS[1] lease · ARGV[1] holder
 */
export const LEAVE_LEASE = defineScript(
  'leave-recording-lease',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`,
);
