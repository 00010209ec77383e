import { defineScript } from '@sluice/stream-log';

/*
 * Adds a field to a hash unless it is there, or the hash is full.
 *
 * KEYS[1] hash · ARGV[1] field · ARGV[2] value, never the same for two calls · ARGV[3] most fields
 * Returns 1 when it is added (also by a call before whose reply was lost), 0 when it was there, -1 when the hash is full.
 */
export const ADD_FIELD = defineScript(
  'access-add-field',
  `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known == ARGV[2] then return 1 end
if known then return 0 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return -1 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`,
);

/*
 * Changes a field of a hash that still holds what the caller has read.
 *
 * KEYS[1] hash · ARGV[1] field · ARGV[2] value read · ARGV[3] value to set
 * Returns 1 when it holds the new value, 0 when it holds another or none.
 */
export const CHANGE_FIELD = defineScript(
  'access-change-field',
  `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known == ARGV[3] then return 1 end
if known ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
`,
);

/*
 * Ends the tokens of a subject: counts its field up, or sets it to a time. Twice does what once does.
 *
 * KEYS[1] hash · ARGV[1] subject · ARGV[2] epoch ms, or empty to count up · ARGV[3] most fields
 * Returns 1, or 0 when the hash is full.
 */
export const END_TOKENS = defineScript(
  'access-end-tokens',
  `
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
if ARGV[2] == '' then redis.call('HINCRBY', KEYS[1], ARGV[1], 1) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return 1
`,
);
