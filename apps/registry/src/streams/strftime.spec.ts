import { describe, expect, it } from '@jest/globals';
import { strftime } from './strftime.js';

const date = new Date('2026-03-05T14:07:09.042Z');

describe('strftime', () => {
  it.each([
    ['%Y-%m-%d %H:%M:%S.%f', '2026-03-05 14:07:09.042000'],
    ['%c', 'Thu Mar  5 14:07:09 2026'],
    ['%I %p, day %j, %A %B', '02 PM, day 064, Thursday March'],
    ['%F %T %z %Z', '2026-03-05 14:07:09 +0000 UTC'],
    ['100%% %Q %', '100% %Q %'],
    ['%s', '1772719629'],
  ])('writes %s as C does', (format, text) => {
    expect(strftime(date, format)).toBe(text);
  });
});
