import { defineScript } from './script.js';

/*
 * Replaces the retention of a stream. The DEL also lets the HSET pass when Redis has no memory left (a script that has begun to write is
 * let finish): a lower bound is what makes room.
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
);

/*
 * Puts a stream on the list of those with a retention of their own; the SREM as above.
 *
 * KEYS[1] the list · ARGV[1] stream
 * Returns 1.
 */
export const LIST_RETENTION = defineScript(
  'list-retention',
  `
redis.call('SREM', KEYS[1], ARGV[1])
return redis.call('SADD', KEYS[1], ARGV[1])
`,
);
