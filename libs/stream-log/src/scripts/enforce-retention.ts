import { defineScript } from './script.js';

/*
 * Trims one stream to the retention set for it, if there is one: exactly by age (of the ids, against the server's clock),
 * then to the share of entries that fits the bytes (in whole nodes of the stream, as only those give memory back), then exactly
 * to the number of entries.
 *
 * KEYS[1] stream · KEYS[2] its retention
 * Returns {retention set 0|1, entries trimmed}.
 */
export const ENFORCE_RETENTION = defineScript(
  'enforce-retention',
  `
local key = KEYS[1]
local policy = redis.call('HMGET', KEYS[2], 'maxEntries', 'maxAgeMs', 'maxBytes', 'setAt')
if not policy[4] then return {0, 0} end
if redis.call('EXISTS', key) == 0 then return {1, 0} end
local trimmed = 0
if policy[2] then
  local time = redis.call('TIME')
  local oldest = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - tonumber(policy[2])
  if oldest > 0 then
    trimmed = trimmed + redis.call('XTRIM', key, 'MINID', '=', string.format('%.0f', oldest))
  end
end
if policy[3] then
  local bytes, limit = redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 5) or 0, tonumber(policy[3])
  if bytes > limit then
    local keep = math.max(1, math.floor(redis.call('XLEN', key) * limit / bytes))
    trimmed = trimmed + redis.call('XTRIM', key, 'MAXLEN', '~', string.format('%.0f', keep), 'LIMIT', 0)
  end
end
if policy[1] then
  trimmed = trimmed + redis.call('XTRIM', key, 'MAXLEN', '=', policy[1])
end
return {1, trimmed}
`,
);
