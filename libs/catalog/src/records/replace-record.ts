import { defineScript } from '@sluice/stream-log';

/*
 * Replaces metadata if it still is what the writer has read. Merging itself is not done here: the JSON of Lua
 * knows no difference between [] and {} and rounds large numbers.
 *
 * KEYS[1] metadata · ARGV[1] what was read, '' for nothing · ARGV[2] what is to be written
 * Returns 1 when ARGV[2] is what is stored now (also by an earlier run of which the reply was lost), else 0.
 */
export const REPLACE_RECORD = defineScript(
  'replace-record',
  `
local kind = redis.call('TYPE', KEYS[1])['ok']
local stored = ''
if kind == 'string' then stored = redis.call('GET', KEYS[1]) end
if stored == ARGV[2] then return 1 end
if stored ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`,
);
