import { defineScript } from './script.js';

/*
 * Shared by the scripts of this folder: what is known of one stream, without its payloads.
 * facts(key, policy) returns
 *   {exists 0|1, length, entries-added, last-generated-id, first entry's id or '', last entry's id or '', groups,
 *    estimated bytes in memory, server's time in ms, maxEntries, maxAgeMs, maxBytes (each '' for no bound), policy set 0|1}
 */
export const FACTS_FUNCTION = `
local function now_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local function read_policy(key)
  return redis.call('HMGET', key, 'maxEntries', 'maxAgeMs', 'maxBytes', 'setAt')
end
local function facts(key, policy)
  local now = string.format('%.0f', now_ms())
  local p1, p2, p3, p4 = policy[1] or '', policy[2] or '', policy[3] or '', policy[4] and 1 or 0
  if redis.call('EXISTS', key) == 0 then return {0, 0, 0, '0-0', '', '', 0, 0, now, p1, p2, p3, p4} end
  local info = redis.call('XINFO', 'STREAM', key)
  local f = {}
  for i = 1, #info, 2 do f[info[i]] = info[i + 1] end
  local first, last = f['first-entry'], f['last-entry']
  local bytes = redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 5)
  return {1, f['length'], f['entries-added'] or 0, f['last-generated-id'], first and first[1] or '', last and last[1] or '',
    f['groups'], bytes or 0, now, p1, p2, p3, p4}
end
`;

/*
 * KEYS[1] stream · KEYS[2] its retention
 * Returns facts(KEYS[1], …) as above. Reads only.
 */
export const STREAM_FACTS = defineScript(
  'stream-facts',
  `${FACTS_FUNCTION}return facts(KEYS[1], read_policy(KEYS[2]))`,
);
