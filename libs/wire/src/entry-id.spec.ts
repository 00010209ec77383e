import { describe, expect, it } from '@jest/globals';
import {
  FIRST_ENTRY_ID,
  LAST_ENTRY_ID,
  compareEntryIds,
  entryTimeMs,
  nextEntryId,
  parseAppendId,
  entryOfPosition,
  parseEntryId,
  parsePosition,
  previousEntryId,
} from './entry-id.js';

const MAX = '18446744073709551615';

describe('parseEntryId', () => {
  it.each([
    ['1638125133432-0', '1638125133432-0'],
    ['1638125133432', '1638125133432-0'],
    ['0', '0-0'],
    ['0-0', '0-0'],
    ['0007-0001', '7-1'],
    ['00000000000000000000007', '7-0'],
    [`${MAX}-${MAX}`, LAST_ENTRY_ID],
  ])('reads %s as %s', (text, id) => expect(parseEntryId(text)).toBe(id));

  it.each([
    '',
    '-',
    '$',
    '+',
    '*',
    '1-',
    '-1',
    '1-2-3',
    ' 1-0',
    '1-0 ',
    '+1-0',
    '1.5-0',
    '1e3-0',
    '1-*',
    '18446744073709551616-0',
    '1-18446744073709551616',
    '١-0',
    '9'.repeat(1000),
  ])('refuses %j', (text) => expect(parseEntryId(text)).toBeNull());
});

describe('parseAppendId', () => {
  it('takes what an entry may be given: a full id, milliseconds, and milliseconds with any sequence', () => {
    expect(['5', '5-1', '5-*', '05-*'].map(parseAppendId)).toEqual(['5-0', '5-1', '5-*', '5-*']);
  });

  it('refuses the one id no entry can have, and what is no id', () => {
    expect(['0', '0-0', '*', '-*', 'a-*', '18446744073709551616-*'].map(parseAppendId)).toEqual(Array(6).fill(null));
  });
});

describe('order', () => {
  const rising = [
    '0-0',
    '0-1',
    '0-9',
    '0-10',
    '1-0',
    '9-5',
    '10-0',
    '9007199254740992-0',
    '9007199254740993-0',
    LAST_ENTRY_ID,
  ];

  it('is numeric, exact over 64 bits, and total', () => {
    for (const [a, left] of rising.entries()) {
      for (const [b, right] of rising.entries()) {
        expect(Math.sign(compareEntryIds(left, right))).toBe(Math.sign(a - b));
      }
    }
  });

  it.each([
    ['0-0', '0-1'],
    ['5-9', '5-10'],
    ['5-9007199254740992', '5-9007199254740993'],
    [`5-${MAX}`, '6-0'],
    [`9007199254740992-${MAX}`, '9007199254740993-0'],
  ])('has nothing between %s and %s', (below, above) => {
    expect(nextEntryId(below)).toBe(above);
    expect(previousEntryId(above)).toBe(below);
  });

  it('ends at both ends', () => {
    expect(previousEntryId(FIRST_ENTRY_ID)).toBeNull();
    expect(nextEntryId(LAST_ENTRY_ID)).toBeNull();
  });

  it('begins with the time', () => expect(entryTimeMs('1638125133432-7')).toBe(1638125133432));
});

describe('a position', () => {
  it('may lie between the parts of a packed entry', () => {
    expect(['5', '5-1', '5-1/0', '5-1/12'].map(parsePosition)).toEqual(['5-0', '5-1', '5-1/0', '5-1/12']);
    expect(['5-1/', '5-1/-1', '5-1/01', '5-1/x', '/1', '5-1/99999999999'].map(parsePosition)).toEqual(
      Array(6).fill(null),
    );
    expect(entryOfPosition('5-1/3')).toBe('5-1');
    expect(entryOfPosition('5-1')).toBe('5-1');
  });

  it('at an entry stands after all of its parts and before the next entry', () => {
    const sorted = ['5-0', '5-1/0', '5-1/9', '5-1/10', '5-1', '5-2/0', '5-10'];
    expect(sorted.toReversed().toSorted(compareEntryIds)).toEqual(sorted);
    expect(compareEntryIds('5-1/3', '5-1/3')).toBe(0);
  });
});
