import { defineScript } from './script.js';
import { FACTS_FUNCTION } from './stream-facts.js';

/*
 * Trims one stream to the retention set for it, if there is one: exactly by age (of the ids, against the server's clock),
 * then to the share of entries that fits the bytes (in whole nodes of the stream, as only those give memory back), then exactly
 * to the number of entries.
 *
 * KEYS[1] stream · KEYS[2] its retention
 * Returns {entries trimmed, facts…}: the facts of stream-facts.ts, after trimming.
 */
export const ENFORCE_RETENTION = defineScript(
  'enforce-retention',
  `${FACTS_FUNCTION}
local key = KEYS[1]
local policy = read_policy(KEYS[2])
local trimmed = 0
if policy[4] and redis.call('EXISTS', key) == 1 then
  if policy[2] then
    local oldest = now_ms() - tonumber(policy[2])
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
end
local result = facts(key, policy)
table.insert(result, 1, trimmed)
return result
`,
);
