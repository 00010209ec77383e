import { describe, expect, it } from '@jest/globals';
import { parsePtgPushHeader } from './ptg-push-header.js';

const parts = (
  text: string,
  bytes: number,
  sids: readonly string[] | null,
): [string, string | null, number, number][] =>
  parsePtgPushHeader(text, bytes, sids).parts.map(({ sid, id, start, end }) => [sid, id, start, end]);

describe('the header of a batch of the ptg dialect', () => {
  it.each<[string, number, readonly string[] | null, [string, string | null, number, number][]]>([
    ['[4]', 4, ['a'], [['a', null, 0, 4]]],
    ['[0]', 4, ['a'], [['a', null, 0, 4]]],
    [
      '[1,3,4]',
      4,
      ['a'],
      [
        ['a', null, 0, 1],
        ['a', null, 1, 3],
        ['a', null, 3, 4],
      ],
    ],
    [
      '[0,1,3]',
      4,
      ['a'],
      [
        ['a', null, 0, 1],
        ['a', null, 1, 3],
        ['a', null, 3, 4],
      ],
    ],
    [
      '[1,4]',
      4,
      ['a', 'b'],
      [
        ['a', null, 0, 1],
        ['b', null, 1, 4],
      ],
    ],
    [
      '[0,4]',
      4,
      ['a', 'b'],
      [
        ['a', null, 0, 0],
        ['b', null, 0, 4],
      ],
    ],
    [
      '[2,4]',
      4,
      ['a', 'a'],
      [
        ['a', null, 0, 2],
        ['a', null, 2, 4],
      ],
    ],
    ['[["x",4]]', 4, null, [['x', null, 0, 4]]],
    ['[["x",0]]', 4, null, [['x', null, 0, 4]]],
    [
      '[["x",0],["y",1],["x",3]]',
      4,
      ['a'],
      [
        ['x', null, 0, 1],
        ['y', null, 1, 3],
        ['x', null, 3, 4],
      ],
    ],
    [
      '[["x",null,1],["x","7-*",2],["y",9,4]]',
      4,
      null,
      [
        ['x', null, 0, 1],
        ['x', '7-*', 1, 2],
        ['y', '9-0', 2, 4],
      ],
    ],
    ['[]', 0, null, []],
    [' [ ] ', 0, ['a'], []],
  ])('%s of %d bytes, for %j', (text, bytes, sids, expected) => {
    expect(parts(text, bytes, sids)).toEqual(expected);
  });

  it('says which streams it names, which a later one of numbers means too', () => {
    const { sids } = parsePtgPushHeader('[["x",1],["y",2]]', 2, null);
    expect(sids).toEqual(['x', 'y']);
    expect(parts('[1,3]', 3, sids)).toEqual([
      ['x', null, 0, 1],
      ['y', null, 1, 3],
    ]);
    expect(parsePtgPushHeader('[1,3]', 3, sids).sids).toBeNull();
  });

  it.each<[string, number, readonly string[] | null, string]>([
    ['', 4, ['a'], 'INVALID_HEADER'],
    ['4', 4, ['a'], 'INVALID_HEADER'],
    ['{"a":4}', 4, ['a'], 'INVALID_HEADER'],
    ['null', 4, ['a'], 'INVALID_HEADER'],
    ['[4]', 4, null, 'INVALID_HEADER'],
    ['[1,2,4]', 4, ['a', 'b'], 'INVALID_HEADER'],
    ['[4]', 4, ['a', 'b'], 'INVALID_HEADER'],
    ['[["a"]]', 4, ['a'], 'INVALID_HEADER'],
    ['[["a",1,2,3]]', 4, ['a'], 'INVALID_HEADER'],
    ['[["a",1],["b",null,4]]', 4, ['a'], 'INVALID_HEADER'],
    ['[["",4]]', 4, ['a'], 'INVALID_HEADER'],
    ['[["a","x",4]]', 4, ['a'], 'INVALID_ID'],
    ['[]', 4, ['a'], 'INVALID_OFFSETS'],
    ['[3]', 4, ['a'], 'INVALID_OFFSETS'],
    ['[5]', 4, ['a'], 'INVALID_OFFSETS'],
    ['[3,2,4]', 4, ['a'], 'INVALID_OFFSETS'],
    ['[-1,4]', 4, ['a'], 'INVALID_OFFSETS'],
    ['[1.5,4]', 4, ['a'], 'INVALID_OFFSETS'],
    ['["4"]', 4, ['a'], 'INVALID_OFFSETS'],
    ['[1e99]', 4, ['a'], 'INVALID_OFFSETS'],
  ])('refuses %s of %d bytes, for %j, with %s', (text, bytes, sids, code) => {
    expect(() => parsePtgPushHeader(text, bytes, sids)).toThrow(expect.objectContaining({ code }));
  });

  it('names 40,000 entries at most', () => {
    const offsets = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, n) => n + 1));
    expect(parsePtgPushHeader(offsets(40_000), 40_000, ['a']).parts).toHaveLength(40_000);
    expect(() => parsePtgPushHeader(offsets(40_001), 40_001, ['a'])).toThrow(/more than 40000/);
  });
});
