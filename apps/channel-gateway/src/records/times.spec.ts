import { describe, expect, it } from '@jest/globals';
import { readDate, readDateTime, readDuration, readTime, timestampOf } from './times.js';

describe('times of records', () => {
  it.each([
    ['2026-11-21T04:36:09.889198', '2026-11-21T04:36:09.889198'],
    ['2026-11-21T04:36:09', '2026-11-21T04:36:09'],
    ['2026-11-21 04:36', '2026-11-21T04:36:00'],
    ['2026-01-01T12:00:00+02:00', '2026-01-01T10:00:00'],
    ['2026-01-01T00:30:00.5-0130', '2026-01-01T02:00:00.500000'],
    ['2026-01-01T12:00:00Z', '2026-01-01T12:00:00'],
    ['2026-01-01', '2026-01-01T00:00:00'],
    ['2024-02-29T00:00:00', '2024-02-29T00:00:00'],
    [0, '1970-01-01T00:00:00'],
    [1_700_000_000.25, '2023-11-14T22:13:20.250000'],
    [1_700_000_000_250, '2023-11-14T22:13:20.250000'],
    ['1700000000', '2023-11-14T22:13:20'],
  ])('%s is %s in UTC and without a zone', (input, text) => {
    expect(readDateTime(input, false)).toBe(text);
  });

  it('keeps that a time has a zone, where it is asked to', () => {
    expect(readDateTime('2026-01-01T12:00:00+02:00', true)).toBe('2026-01-01T10:00:00Z');
    expect(readDateTime('2026-01-01T12:00:00', true)).toBe('2026-01-01T12:00:00');
  });

  it.each([
    '2023-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-01-01T24:00:00',
    '2026-01-01T10:61',
    '2026-01-01T10:00:00+25:00',
    'yesterday',
    '',
    '1e400',
    Number.NaN,
    Infinity,
    1e300,
    true,
    null,
    {},
  ])('refuses %s as a date-time', (input) => {
    expect(readDateTime(input, false)).toBeNull();
  });

  it('reads dates, times of day and durations', () => {
    expect(readDate('2024-02-03')).toBe('2024-02-03');
    expect(readDate('2024-02-03T00:00:00')).toBe('2024-02-03');
    expect(readDate('2024-02-03T10:00:00')).toBeNull();
    expect(readTime('10:11:12')).toBe('10:11:12');
    expect(readTime('10:11:12.5')).toBe('10:11:12.500000');
    expect(readTime('25:00')).toBeNull();
    expect(readDuration('PT1M')).toBe(60);
    expect(readDuration('P1DT2H')).toBe(93_600);
    expect(readDuration('-PT0.5S')).toBe(-0.5);
    expect(readDuration(1.5)).toBe(1.5);
    expect(readDuration('P')).toBeNull();
    expect(readDuration('soon')).toBeNull();
  });

  it('leaves microseconds out when there are none', () => {
    expect(timestampOf(Date.UTC(2026, 0, 2, 3, 4, 5))).toBe('2026-01-02T03:04:05');
    expect(timestampOf(Date.UTC(2026, 0, 2, 3, 4, 5, 6))).toBe('2026-01-02T03:04:05.006000');
  });
});
