import { describe, expect, it } from '@jest/globals';
import { formatBytes, formatDuration, formatRate, formatTable, payloadText, previewPayload } from './format.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('figures', () => {
  it('stay short', () => {
    expect([0, 999, 1000, 12_345, 999_999, 5e9].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '12.3 kB',
      '1000 kB',
      '5.0 GB',
    ]);
    expect([0, 0.25, 9.9, 1234.5].map(formatRate)).toEqual(['0/s', '0.3/s', '9.9/s', '1,235/s']);
    expect([0.5, 15, 1500, 200_000, 10_000_000, 1e9].map(formatDuration)).toEqual([
      '0.50 ms',
      '15 ms',
      '1.5 s',
      '3.3 min',
      '2.8 h',
      '11.6 days',
    ]);
  });
});

describe('a payload on a terminal', () => {
  it('is its text on one line, cut', () => {
    expect(previewPayload(bytes('hello\n  wörld'))).toBe('hello wörld');
    expect(previewPayload(bytes('x'.repeat(500)))).toBe(`${'x'.repeat(160)}…`);
  });

  it('is its first bytes when it is no text', () => {
    expect(previewPayload(Uint8Array.of(0xff, 0xd8, 0xff))).toBe('<3 B: ffd8ff>');
    expect(previewPayload(new Uint8Array(2000))).toBe(`<2.0 kB: ${'00'.repeat(16)}…>`);
  });

  it('never commands the terminal', () => {
    expect(payloadText(bytes('\u001B[2Jgone'))).toBeNull();
    expect(payloadText(bytes('a\u009bb'))).toBeNull();
    expect(payloadText(bytes('tab\tline\r\n'))).toBe('tab\tline\r\n');
    expect(previewPayload(bytes('\u001B]0;title\u0007'))).toMatch(/^<\d+ B: 1b5d/);
  });
});

it('a table has straight columns', () => {
  expect(
    formatTable(
      ['name', 'n'],
      [
        ['a', '1'],
        ['long name', '1,000'],
      ],
    ),
  ).toEqual(['name           n', 'a              1', 'long name  1,000']);
});
