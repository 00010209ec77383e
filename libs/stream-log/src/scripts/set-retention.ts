import { defineScript } from './script.js';

/*
 * Replaces the retention of a stream.
 *
 * KEYS[1] its key · ARGV field, value, field, value, …
 * Returns 1.
 */
export const SET_RETENTION = defineScript(
  'set-retention',
  `
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
`,
  true,
);
