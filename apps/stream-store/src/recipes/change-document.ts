import { defineScript } from '@sluice/stream-log';

/*
 * Changes one document and tells it, both or neither. Values are JSON texts that are only put together here: the JSON of Lua
 * knows no difference between [] and {}.
 *
 * KEYS[1] document · KEYS[2] order · KEYS[3] event stream · KEYS[4] the answer, for when it is asked for again
 * ARGV[1] new, update or delete · ARGV[2] id · ARGV[3] id as JSON · ARGV[4] most documents · ARGV[5] events kept
 * ARGV[6] ms the answer is kept · ARGV[7] number of fields · ARGV[8…] their names · then field, JSON, field, JSON, …
 * Returns {'ok', JSON of the document} · {'exists'} · {'missing'} · {'full'} · {'wrong'} (the event stream's key holds something
 *   else). Only 'ok' has changed anything.
 */
export const CHANGE_DOCUMENT = defineScript(
  'change-document',
  `
local document, order, events, done = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local what, id = ARGV[1], ARGV[2]
local known = redis.call('LRANGE', done, 0, -1)
if #known > 0 then return known end
local kind = redis.call('TYPE', events)['ok']
if kind ~= 'stream' and kind ~= 'none' then return {'wrong'} end
local exists = redis.call('EXISTS', document) == 1
if what == 'new' then
  if exists then return {'exists'} end
  if redis.call('ZCARD', order) >= tonumber(ARGV[4]) then return {'full'} end
elseif not exists then
  return {'missing'}
end

local field_count = tonumber(ARGV[7])
local values = {}
local stored = redis.call('HGETALL', document)
for i = 1, #stored, 2 do values[stored[i]] = stored[i + 1] end
local changes = {}
for i = 8 + field_count, #ARGV do changes[#changes + 1] = ARGV[i] end
for i = 1, #changes, 2 do values[changes[i]] = changes[i + 1] end
local json = '{"_id":' .. ARGV[3]
for i = 8, 7 + field_count do
  local value = values[ARGV[i]]
  if value then json = json .. ',"' .. ARGV[i] .. '":' .. value end
end
json = json .. '}'

local data = what == 'delete' and 'null' or json
local event = '{"event":"' .. what .. '","id":' .. ARGV[3] .. ',"data":' .. data .. '}'
redis.call('XADD', events, 'MAXLEN', '~', ARGV[5], '*', 'd', event)
if what == 'delete' then
  redis.call('DEL', document)
  redis.call('ZREM', order, id)
else
  if #changes > 0 then redis.call('HSET', document, unpack(changes)) end
  if what == 'new' then
    local last = redis.call('ZREVRANGE', order, 0, 0, 'WITHSCORES')[2]
    redis.call('ZADD', order, (tonumber(last) or 0) + 1, id)
  end
end
redis.call('RPUSH', done, 'ok', json)
redis.call('PEXPIRE', done, ARGV[6])
return {'ok', json}
`,
);
