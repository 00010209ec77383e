import { describe, expect, it } from '@jest/globals';
import { ResumePoint } from './resume-point.js';

describe('ResumePoint', () => {
  it('goes on behind the last entry of a channel', () => {
    const point = new ResumePoint(null);
    expect(point.since).toBeNull();
    expect(point.note('5-1', null)).toBe(true);
    expect(point.since).toBe('5-1');
  });

  it('asks for an entry of a basket again, and leaves out the keys that had come', () => {
    const point = new ResumePoint('4-0');
    expect([point.note('5-0', 'a'), point.note('5-0', 'b')]).toEqual([true, true]);
    expect(point.since).toBe('4-18446744073709551615');
    expect([point.note('5-0', 'a'), point.note('5-0', 'b'), point.note('5-0', 'c')]).toEqual([false, false, true]);
    expect(point.note('5-3', 'a')).toBe(true);
    expect(point.since).toBe('5-2');
  });
});
