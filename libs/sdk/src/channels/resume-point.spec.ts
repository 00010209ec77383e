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

  it('goes on where it began when nothing has come', () => {
    const point = new ResumePoint(null);
    point.begin('7-0');
    expect(point.since).toBe('7-0');
    point.note('8-0', null);
    point.begin('7-0');
    expect(point.since).toBe('8-0');
  });

  it('leaves out what comes again because another key is asked for, and takes what that one has', () => {
    const point = new ResumePoint('1-0');
    expect([point.note('2-0', 'a'), point.note('4-0', 'a')]).toEqual([true, true]);
    expect([point.note('2-0', 'a'), point.note('3-0', 'b'), point.note('4-0', 'a')]).toEqual([false, true, false]);
    expect([point.note('5-0', 'a'), point.note('5-0', 'b')]).toEqual([true, true]);
  });

  it('takes the same ids again when the channel was made anew', () => {
    const point = new ResumePoint(null);
    point.note('9-0', null);
    point.reset();
    expect(point.note('3-0', null)).toBe(true);
  });
});
