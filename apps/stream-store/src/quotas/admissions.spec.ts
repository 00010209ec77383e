import { describe, expect, it } from '@jest/globals';
import { Admissions } from './admissions.js';

describe('the memory of admissions', () => {
  it('remembers a stream for at least half a minute and at most a minute', () => {
    let nowMs = 0;
    const admissions = new Admissions(() => nowMs);
    admissions.add('a');
    nowMs = 29_999;
    expect(admissions.has('a')).toBe(true);
    nowMs = 30_000;
    expect(admissions.has('a')).toBe(true);
    nowMs = 60_000;
    expect(admissions.has('a')).toBe(false);
  });

  it('forgets everything after a long silence', () => {
    let nowMs = 0;
    const admissions = new Admissions(() => nowMs);
    admissions.add('a');
    nowMs = 1_000_000;
    expect(admissions.has('a')).toBe(false);
  });

  it('holds a bounded number of streams, and always the newest', () => {
    const admissions = new Admissions(() => 0);
    for (let at = 0; at < 250_000; at++) admissions.add(`s${at}`);
    expect(admissions.has('s249999')).toBe(true);
    expect(admissions.has('s0')).toBe(false);
  });
});
