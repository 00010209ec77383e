import { defineScript } from './script.js';

/*
 * Makes an empty stream; one that is there stays as it is. A key that holds something else is left alone.
 *
 * KEYS[1] stream
 * Returns 1 when the stream was made, else 0.
 */
export const CREATE_STREAM = defineScript(
  'create-stream',
  `
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind == 'stream' then return 0 end
if kind ~= 'none' then return redis.error_reply('WRONGTYPE the key holds a ' .. kind) end
redis.call('XGROUP', 'CREATE', KEYS[1], 'sluice', '$', 'MKSTREAM')
redis.call('XGROUP', 'DESTROY', KEYS[1], 'sluice')
return 1
`,
);
