import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startRedis, type RedisServer } from '@sluice/testing';
import { LoginAttempts } from '../src/access/login-attempts.js';
import { LoginRedis } from '../src/access/login-redis.js';

let redis: RedisServer;
let connection: LoginRedis;
let attempts: LoginAttempts;

beforeAll(async () => {
  redis = await startRedis();
  connection = new LoginRedis({ redisUrl: redis.url });
  attempts = new LoginAttempts(connection);
});
beforeEach(() => redis.command('FLUSHALL'));
afterAll(async () => {
  await connection.onApplicationShutdown();
  await redis.stop();
});

/** As many attempts as asked for, each of another user of this address; how many were let through. */
async function spray(address: string, count: number): Promise<number> {
  const users = Array.from({ length: count }, (_, n) => `user ${n}`);
  const taken = await Promise.allSettled(users.map((user) => attempts.take(user, address)));
  return taken.filter(({ status }) => status === 'fulfilled').length;
}

describe('attempts to log in', () => {
  it('of one user are counted by address: somebody else cannot lock them out', async () => {
    for (let n = 0; n < 10; n++) await attempts.take('alice', '10.0.0.1');
    await expect(attempts.take('alice', '10.0.0.1')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      message: expect.stringContaining('of this user from this address'),
    });
    await attempts.take('alice', '10.0.0.2');
  });

  it('with many names from one address are limited, and those of other addresses go on', async () => {
    expect(await spray('10.0.0.1', 110)).toBe(100);
    expect(await spray('10.0.0.2', 1)).toBe(1);
  });

  it('are limited in total', async () => {
    for (let n = 1; n <= 10; n++) expect(await spray(`10.0.0.${n}`, 100)).toBe(100);
    await expect(attempts.take('alice', '10.0.0.11')).rejects.toMatchObject({
      message: expect.stringContaining('in total: at most 1000 a minute'),
      details: { retryAfterSeconds: expect.any(Number) },
    });
  });

  it('that succeed are given back, and never more than were taken', async () => {
    for (let n = 0; n < 15; n++) {
      await attempts.take('alice', '10.0.0.1');
      await attempts.giveBack('alice', '10.0.0.1');
    }
    for (let n = 0; n < 5; n++) await attempts.giveBack('alice', '10.0.0.1');
    for (let n = 0; n < 10; n++) await attempts.take('alice', '10.0.0.1');
    await expect(attempts.take('alice', '10.0.0.1')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('are forgotten after a minute, and no name is kept', async () => {
    await attempts.take('alice', '10.0.0.1');
    const keys = (await redis.command('KEYS', '*')) as string[];
    expect(keys).toHaveLength(3);
    for (const key of keys) {
      const leftMs = Number(await redis.command('PTTL', key));
      expect(leftMs).toBeGreaterThan(0);
      expect(leftMs).toBeLessThanOrEqual(60_000);
      expect(key).not.toMatch(/alice|10\.0/);
    }
  });
});
