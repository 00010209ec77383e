import { defineScript } from './script.js';

/*
 * Takes a lease that is free, or renews one's own. The DEL lets the SET pass when Redis has no memory left (a script that has begun
 * to write is let finish): trimming is needed then more than ever.
 *
 * KEYS[1] lease · ARGV[1] holder · ARGV[2] ms it lasts
 * Returns 1 when the holder has it, else 0.
 */
export const HOLD_LEASE = defineScript(
  'hold-lease',
  `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`,
);

/*
 * Gives a lease back.
 *
 * KEYS[1] lease · ARGV[1] holder
 * Returns 1 when it was the holder's, else 0.
 */
export const RELEASE_LEASE = defineScript(
  'release-lease',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`,
);
