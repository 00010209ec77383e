import { defineScript } from '@sluice/stream-log';

/*
 * Changes values of the running session and tells each, all or nothing. For one Redis: the keys are in different slots.
 *
 * KEYS[1] the answer, for when it is asked for again · KEYS[2], KEYS[3], … a value, its event stream, the next value, …
 * ARGV[1] ms the answer is kept · ARGV[2…] for each value: set or delete, the value, the event, events kept
 * Returns {1 or number deleted, id of the event, …} as text · {'wrong', key} (a key holds something else; nothing was changed)
 */
export const CHANGE_STATE = defineScript(
  'change-state',
  `
local known = redis.call('LRANGE', KEYS[1], 0, -1)
if #known > 0 then return known end
for i = 2, #KEYS do
  local kind = redis.call('TYPE', KEYS[i])['ok']
  local due = i % 2 == 0 and 'string' or 'stream'
  if kind ~= 'none' and kind ~= due then return {'wrong', KEYS[i]} end
end
local answer = {}
for i = 2, #KEYS, 2 do
  local at = (i - 2) * 2 + 2
  local id = redis.call('XADD', KEYS[i + 1], 'MAXLEN', '~', ARGV[at + 3], '*', 'd', ARGV[at + 2])
  local count = 1
  if ARGV[at] == 'set' then
    redis.call('SET', KEYS[i], ARGV[at + 1])
  else
    count = redis.call('DEL', KEYS[i])
  end
  answer[#answer + 1] = tostring(count)
  answer[#answer + 1] = id
end
redis.call('RPUSH', KEYS[1], unpack(answer))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return answer
`,
);
