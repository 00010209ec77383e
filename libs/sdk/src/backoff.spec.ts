import { expect, it } from '@jest/globals';
import { Backoff } from './backoff.js';

it('waits double up to the longest, each shortened by up to a half', () => {
  const backoff = new Backoff({ firstDelayMs: 100, maxDelayMs: 1000 });
  for (const longest of [100, 200, 400, 800, 1000, 1000]) {
    const wait = backoff.next();
    expect(wait).toBeGreaterThanOrEqual(longest / 2);
    expect(wait).toBeLessThanOrEqual(longest);
  }
  expect(backoff.attempts).toBe(6);
});

it('begins anew after a good connection, and stays finite after very many bad ones', () => {
  const backoff = new Backoff();
  for (let attempt = 0; attempt < 2000; attempt++) expect(backoff.next()).toBeLessThanOrEqual(10_000);
  backoff.reset();
  expect(backoff.next()).toBeLessThanOrEqual(100);
});
