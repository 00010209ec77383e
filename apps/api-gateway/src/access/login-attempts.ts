import { Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { defineScript } from '@sluice/stream-log';
import { attemptKeys } from './login-keys.js';
import { LoginRedis } from './login-redis.js';

const WINDOW_MS = 60_000;
/** Failed log-ins a minute of one user from one address, from one address, and of everybody together. */
const ATTEMPT_LIMITS = { pair: 10, address: 100, total: 1000 } as const;

const LIMITED = ['of this user from this address', 'from this address', 'in total'] as const;

/** Counts an attempt in every counter, or in none when one of them is full. */
const TAKE = defineScript(
  'take-login-attempt',
  `
for index, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[index]) then
    return {index, redis.call('PTTL', key)}
  end
end
for _, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[#KEYS + 1]) end
end
return {0, 0}
`,
);

/** Takes an attempt back; a counter that has ended meanwhile stays ended. */
const GIVE_BACK = defineScript(
  'give-back-login-attempt',
  `
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end
return 0
`,
);

/**
 * Failed log-ins of the last minute, of all gateways together. An attempt counts from its start, so that many at a time
 * cannot pass the limit, and is given back when it succeeds.
 */
@Injectable()
export class LoginAttempts {
  constructor(private readonly redis: LoginRedis) {}

  /** @throws SluiceError `RATE_LIMITED` when too many failed, `LOG_UNAVAILABLE` */
  async take(user: string, address: string): Promise<void> {
    const limits = [ATTEMPT_LIMITS.pair, ATTEMPT_LIMITS.address, ATTEMPT_LIMITS.total];
    const redis = await this.redis.commands();
    const reply = await redis.runScript(TAKE, attemptKeys(user, address), [...limits, WINDOW_MS], SUBJECT);
    const [full, leftMs] = reply as [number, number];
    if (full === 0) return;
    const retryAfterSeconds = Math.max(1, Math.ceil(leftMs / 1000));
    throw new SluiceError(
      'RATE_LIMITED',
      `Too many failed log-ins ${LIMITED[full - 1]}: at most ${limits[full - 1]} a minute; try again in ${retryAfterSeconds} s`,
      { details: { retryAfterSeconds } },
    );
  }

  /** Forgets an attempt that was no failure. */
  async giveBack(user: string, address: string): Promise<void> {
    const redis = await this.redis.commands();
    await redis.runScript(GIVE_BACK, attemptKeys(user, address), [], SUBJECT);
  }
}

const SUBJECT = { subject: 'log-in attempts' };
