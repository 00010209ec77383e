import { defineScript } from './script.js';

/*
 * Deletes a stream with all that belongs to it; a key that holds something else is left alone.
 *
 * KEYS[1] stream · KEYS[2…] its companion keys
 * Returns 1 when the stream existed, else 0.
 */
export const DELETE_STREAM = defineScript(
  'delete-stream',
  `
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind ~= 'stream' and kind ~= 'none' then
  return redis.error_reply('WRONGTYPE the key holds a ' .. kind)
end
for i = 2, #KEYS do redis.call('UNLINK', KEYS[i]) end
return redis.call('UNLINK', KEYS[1])
`,
);
