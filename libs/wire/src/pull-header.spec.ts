import { describe, expect, it } from '@jest/globals';
import { formatPullHeader, parsePullHeader } from './pull-header.js';

const parts = [
  { sid: 'a', id: '5-0', bytes: 10 },
  { sid: 'a', id: '5-1', bytes: 0 },
  { sid: 'b"ü\n', id: '6-0', bytes: 7 },
];

describe('pull headers', () => {
  it('count ends over the whole message', () => {
    expect(JSON.parse(formatPullHeader(parts))).toEqual([
      ['a', '5-0', 10],
      ['a', '5-1', 10],
      ['b"ü\n', '6-0', 17],
    ]);
  });

  it('are an empty list for an idle message', () => expect(formatPullHeader([])).toBe('[]'));

  it('are plain ASCII on request and mean the same', () => {
    const ascii = formatPullHeader([...parts, { sid: '🎥', id: '7-0', bytes: 1 }], true);
    expect(ascii).toMatch(/^[ -~]*$/);
    expect(JSON.parse(ascii)).toEqual(JSON.parse(formatPullHeader([...parts, { sid: '🎥', id: '7-0', bytes: 1 }])));
  });

  it('are read back as slices of the data', () => {
    expect(parsePullHeader(formatPullHeader(parts), 17)).toEqual([
      { sid: 'a', id: '5-0', start: 0, end: 10 },
      { sid: 'a', id: '5-1', start: 10, end: 10 },
      { sid: 'b"ü\n', id: '6-0', start: 10, end: 17 },
    ]);
    expect(parsePullHeader('[]', 0)).toEqual([]);
  });

  it.each([
    ['INVALID_HEADER', 'x', 0],
    ['INVALID_HEADER', '{}', 0],
    ['INVALID_HEADER', '[5]', 5],
    ['INVALID_HEADER', '[["a","5-0"]]', 5],
    ['INVALID_HEADER', '[[1,"5-0",5]]', 5],
    ['INVALID_ID', '[["a","x",5]]', 5],
    ['INVALID_ID', '[["a",5,5]]', 5],
    ['INVALID_OFFSETS', '[["a","5-0",4]]', 5],
    ['INVALID_OFFSETS', '[["a","5-0",6]]', 5],
    ['INVALID_OFFSETS', '[["a","5-0",4],["a","5-1",3]]', 3],
    ['INVALID_OFFSETS', '[["a","5-0",1.5]]', 5],
    ['INVALID_OFFSETS', '[]', 5],
  ])('that are broken are refused as %s: %s', (code, text, bytes) => {
    expect(() => parsePullHeader(text, bytes)).toThrow(expect.objectContaining({ name: 'WireError', code }));
  });
});
