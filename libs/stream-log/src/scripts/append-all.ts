/*
 * Appends several entries to one stream, all or none, in their order; with an idempotency key once only.
 *
 * KEYS[1] stream · KEYS[2] answers given before (hash) · KEYS[3] when each answer expires (zset); KEYS[2] and KEYS[3] only with
 *   an idempotency key
 * ARGV[1] MAXLEN ~ bound, or '' for none · ARGV[2] number of entries
 * ARGV[3] field of the idempotency key, or '' · ARGV[4] digest of the entries · ARGV[5] ms an answer is remembered
 * ARGV[6…] per entry: id (`*`, `<ms>-*` or `<ms>-<seq>`), number of arguments that follow for it, field, value, …
 * Returns {'ok', id, id, …} · {'again', id, id, …} (the answer given before) · {'conflict'} (the idempotency key was used with
 *   other entries) · {'low', index from 0, id, last id} (an id that is not above the last one: nothing was stored)
 *
 * Explicit ids only need to rise: then the first of them is refused, or none. Where they are mixed with ids by Redis a plan is made before
 * anything is written: every id is worked out here, by the server's clock and the stream's last id. So a refusal leaves nothing behind. The first write is an XADD, which
 * Redis refuses when its memory is full. An answer given again also writes (the expiry), so that a WAIT after it waits for the
 * replicas to have what was stored then.
 */
export const APPEND_ALL = `
local stream, count, field = KEYS[1], tonumber(ARGV[2]), ARGV[3]
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)

if field ~= '' and redis.call('EXISTS', stream) == 1 then
  local expires = redis.call('ZSCORE', KEYS[3], field)
  local known = expires and tonumber(expires) > now_ms and redis.call('HGET', KEYS[2], field)
  if known then
    local parts = {}
    for part in string.gmatch(known, '%S+') do parts[#parts + 1] = part end
    if parts[1] ~= ARGV[4] then return {'conflict'} end
    parts[1] = 'again'
    redis.call('PEXPIRE', KEYS[2], ARGV[5])
    redis.call('PEXPIRE', KEYS[3], ARGV[5])
    return parts
  end
end

local function is_above(a, b)
  if #a ~= #b then return #a > #b end
  return a > b
end

local function split(id)
  local dash = string.find(id, '-', 1, true)
  return string.sub(id, 1, dash - 1), string.sub(id, dash + 1)
end

local function last_id()
  if redis.call('EXISTS', stream) == 0 then return '0-0' end
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end

local MAX = '18446744073709551615'
local function add_one(digits)
  local at = #digits
  while at > 0 and string.sub(digits, at, at) == '9' do at = at - 1 end
  local zeros = string.rep('0', #digits - at)
  if at == 0 then return '1' .. zeros end
  return string.sub(digits, 1, at - 1) .. string.char(string.byte(digits, at) + 1) .. zeros
end

local function next_in(ms, last_ms, last_seq)
  if is_above(ms, last_ms) then return ms .. '-0' end
  if ms ~= last_ms or last_seq == MAX then return nil end
  return ms .. '-' .. add_one(last_seq)
end

local function planned(id, last_ms, last_seq)
  if id == '*' then
    local clock = string.format('%.0f', now_ms)
    if is_above(clock, last_ms) then return clock .. '-0' end
    if last_seq ~= MAX then return last_ms .. '-' .. add_one(last_seq) end
    return last_ms ~= MAX and add_one(last_ms) .. '-0' or nil
  end
  local ms, seq = split(id)
  if seq == '*' then return next_in(ms, last_ms, last_seq) end
  if is_above(ms, last_ms) or (ms == last_ms and is_above(seq, last_seq)) then return id end
  return nil
end

local ids, starts, at = {}, {}, 6
local has_open, needs_plan = false, false
for i = 1, count do
  ids[i], starts[i] = ARGV[at], at + 1
  local is_open = string.sub(ids[i], -1) == '*'
  if i > 1 and ids[i] ~= '*' then
    if has_open or is_open then
      needs_plan = true
    elseif not planned(ids[i], split(ids[i - 1])) then
      return {'low', i - 1, ids[i], ids[i - 1]}
    end
  end
  has_open = has_open or is_open
  at = at + 2 + tonumber(ARGV[at + 1])
end

if needs_plan then
  local last = last_id()
  for i = 1, count do
    local id = planned(ids[i], split(last))
    if not id then return {'low', i - 1, ids[i], last} end
    ids[i], last = id, id
  end
end

local answer = {'ok'}
for i = 1, count do
  local command = {'XADD', stream}
  if ARGV[1] ~= '' and i == count then
    command[3], command[4], command[5] = 'MAXLEN', '~', ARGV[1]
  end
  command[#command + 1] = ids[i]
  local size = tonumber(ARGV[starts[i]])
  for j = 1, size do command[#command + 1] = ARGV[starts[i] + j] end
  local reply = redis.pcall(unpack(command))
  if type(reply) == 'table' and reply.err then
    local is_low = string.find(reply.err, 'equal or smaller', 1, true) or string.find(reply.err, 'greater than 0-0', 1, true)
    if i == 1 and is_low then return {'low', 0, ids[1], last_id()} end
    return reply
  end
  answer[i + 1] = reply
end

if field ~= '' then
  redis.call('HSET', KEYS[2], field, ARGV[4] .. ' ' .. table.concat(answer, ' ', 2))
  redis.call('ZADD', KEYS[3], string.format('%.0f', now_ms + tonumber(ARGV[5])), field)
  local expired = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', string.format('%.0f', now_ms), 'LIMIT', 0, 100)
  if #expired > 0 then
    redis.call('HDEL', KEYS[2], unpack(expired))
    redis.call('ZREM', KEYS[3], unpack(expired))
  end
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
  redis.call('PEXPIRE', KEYS[3], ARGV[5])
end
return answer
`;
