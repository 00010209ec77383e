import { describe, expect, it } from '@jest/globals';
import { clearedCookie, loginCookie } from './login-cookie.js';

const DAYS_30 = 30 * 24 * 3600;

describe('the cookie of a log-in', () => {
  it.each([
    [null, 2_591_940],
    [3600, 3600],
    [2_591_940, 2_591_940],
    [2_591_941, 2_591_940],
    [Number.MAX_SAFE_INTEGER, 2_591_940],
    [0, 0],
    [-5, 0],
  ])('asked for %p seconds lives for %i', (askedSeconds, maxAge) => {
    expect(loginCookie('a.b.c', { lifetimeSeconds: DAYS_30, askedSeconds, isSecure: false })).toBe(
      `authorization="Bearer a.b.c"; HttpOnly; Max-Age=${maxAge}; Path=/; SameSite=lax`,
    );
  });

  it('goes over TLS only when it came over TLS, and is forgotten with the same attributes', () => {
    expect(loginCookie('x', { lifetimeSeconds: 61, askedSeconds: null, isSecure: true })).toBe(
      'authorization="Bearer x"; HttpOnly; Max-Age=1; Path=/; SameSite=lax; Secure',
    );
    expect(clearedCookie(true)).toBe('authorization=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure');
    expect(clearedCookie(false)).toBe('authorization=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax');
  });
});
