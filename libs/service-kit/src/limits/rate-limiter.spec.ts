import { describe, expect, it } from '@jest/globals';
import { RateLimiter } from './rate-limiter.js';

const WHAT = { limit: 'things per second', setting: 'SOME_SETTING' };

describe('a rate limiter', () => {
  it('lets twice the rate through at once, then the rate, and names limit, setting and time to wait', () => {
    let nowMs = 0;
    const limiter = new RateLimiter(WHAT, 2, () => nowMs);
    const take = (): boolean => limiter.take('a') === null;
    expect([take(), take(), take(), take(), take()]).toEqual([true, true, true, true, false]);
    nowMs = 500;
    expect([take(), take()]).toEqual([true, false]);
    const refusal = limiter.take('a');
    expect(refusal).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterSeconds: 1, limit: WHAT.limit } });
    expect(refusal?.message).toContain('SOME_SETTING');
    nowMs = 60_000;
    expect([take(), take(), take(), take(), take()]).toEqual([true, true, true, true, false]);
  });

  it('counts every client by itself', () => {
    const limiter = new RateLimiter(WHAT, 1, () => 0);
    expect([limiter.take('a'), limiter.take('a'), limiter.take('b')]).toEqual([null, null, null]);
    expect(limiter.take('a')).not.toBeNull();
  });

  it('lets everything through when set to 0', () => {
    const limiter = new RateLimiter(WHAT, 0);
    for (let n = 0; n < 1000; n++) expect(limiter.take('a')).toBeNull();
    expect(limiter.clients).toBe(0);
  });

  it('remembers a bounded number of clients, and the ones still active when there are too many', () => {
    let nowMs = 0;
    const limiter = new RateLimiter(WHAT, 1, () => nowMs);
    limiter.take('busy');
    limiter.take('busy');
    for (let n = 0; n < 30_000; n++) {
      limiter.take(`client ${n}`);
      if (n % 1000 === 0) limiter.take('busy');
    }
    expect(limiter.clients).toBe(10_000);
    expect(limiter.take('busy')).not.toBeNull();
    nowMs = 1;
  });
});
