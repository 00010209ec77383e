import { describe, expect, it } from '@jest/globals';
import { parseLoneOffset, parsePushHeader } from './push-header.js';
import { type WireErrorCode } from './wire-error.js';

/** Parts as `sid id start..end`, so that a table stays readable. */
function parts(text: string, blobBytes: number, sids: string[]): string[] {
  return parsePushHeader(text, blobBytes, sids).map(({ sid, id, start, end }) => `${sid} ${id} ${start}..${end}`);
}

describe('a push header of numbers', () => {
  it.each<[string, number, string[], string[]]>([
    ['[100]', 100, ['a'], ['a null 0..100']],
    ['[ 100 ]', 100, ['a'], ['a null 0..100']],
    ['[100.0]', 100, ['a'], ['a null 0..100']],
    ['[10,30]', 30, ['a', 'b'], ['a null 0..10', 'b null 10..30']],
    ['[10, 10]', 10, ['a', 'b'], ['a null 0..10', 'b null 10..10']],
    ['[16777216]', 16777216, ['a'], ['a null 0..16777216']],
  ])('%s of %i bytes holds ends', (text, bytes, sids, expected) => expect(parts(text, bytes, sids)).toEqual(expected));

  it.each<[string, number, string[], string[]]>([
    ['[0]', 100, ['a'], ['a null 0..100']],
    ['[0]', 0, ['a'], ['a null 0..0']],
    ['[0,10]', 30, ['a', 'b'], ['a null 0..10', 'b null 10..30']],
    ['[0,0,5]', 9, ['a', 'b', 'c'], ['a null 0..0', 'b null 0..5', 'c null 5..9']],
  ])('%s of %i bytes holds starts', (text, bytes, sids, expected) =>
    expect(parts(text, bytes, sids)).toEqual(expected),
  );

  it.each<[string, number, string[], string[]]>([
    ['[0,30]', 30, ['a', 'b'], ['a null 0..0', 'b null 0..30']],
    ['[0,0]', 0, ['a', 'b'], ['a null 0..0', 'b null 0..0']],
    ['[0,10,30]', 30, ['a', 'b', 'c'], ['a null 0..0', 'b null 0..10', 'c null 10..30']],
  ])('%s of %i bytes holds ends with an empty first entry', (text, bytes, sids, expected) =>
    expect(parts(text, bytes, sids)).toEqual(expected),
  );
});

describe('a push header of tuples', () => {
  it.each<[string, number, string[]]>([
    ['[["x",10],["y",30]]', 30, ['x null 0..10', 'y null 10..30']],
    ['[["x",0],["y",10]]', 30, ['x null 0..10', 'y null 10..30']],
    ['[["x",5],["x",9]]', 9, ['x null 0..5', 'x null 5..9']],
    ['[["x",null,10]]', 10, ['x null 0..10']],
    ['[["x","*",10]]', 10, ['x null 0..10']],
    ['[["x","1638125133432",10]]', 10, ['x 1638125133432-0 0..10']],
    ['[["x",1638125133432,10]]', 10, ['x 1638125133432-0 0..10']],
    ['[["x","1638125133432-7",10]]', 10, ['x 1638125133432-7 0..10']],
    ['[["x","1638125133432-*",10]]', 10, ['x 1638125133432-* 0..10']],
    ['[["x",null,4],["y","5-1",10]]', 10, ['x null 0..4', 'y 5-1 4..10']],
  ])('%s names its streams itself', (text, bytes, expected) =>
    expect(parts(text, bytes, ['path', 'ignored'])).toEqual(expected),
  );
});

describe('a push header is refused as', () => {
  it.each<[WireErrorCode, string, number, string[]]>([
    ['INVALID_HEADER', '', 5, ['a']],
    ['INVALID_HEADER', 'nonsense', 5, ['a']],
    ['INVALID_HEADER', '[]', 0, ['a']],
    ['INVALID_HEADER', '{"a":5}', 5, ['a']],
    ['INVALID_HEADER', '5', 5, ['a']],
    ['INVALID_HEADER', 'null', 5, ['a']],
    ['INVALID_HEADER', '[5,5]', 5, ['a']],
    ['INVALID_HEADER', '[5]', 5, ['a', 'b']],
    ['INVALID_HEADER', '[0]', 5, ['a', 'b']],
    ['INVALID_HEADER', '[["a"]]', 5, ['a']],
    ['INVALID_HEADER', '[["a",null,null,5]]', 5, ['a']],
    ['INVALID_HEADER', '[["a",5],5]', 5, ['a']],
    ['INVALID_HEADER', '[["a",5],["a",null,5]]', 5, ['a']],
    ['INVALID_HEADER', '[[7,5]]', 5, ['a']],
    ['INVALID_HEADER', '[["",5]]', 5, ['a']],
    ['INVALID_HEADER', `[${'5,'.repeat(600_000)}5]`, 5, ['a']],
    ['INVALID_OFFSETS', '[-1]', 5, ['a']],
    ['INVALID_OFFSETS', '[2.5]', 5, ['a']],
    ['INVALID_OFFSETS', '["5"]', 5, ['a']],
    ['INVALID_OFFSETS', '[null]', 5, ['a']],
    ['INVALID_OFFSETS', '[true]', 5, ['a']],
    ['INVALID_OFFSETS', '[1e300]', 5, ['a']],
    ['INVALID_OFFSETS', '[6]', 5, ['a']],
    ['INVALID_OFFSETS', '[4]', 5, ['a']],
    ['INVALID_OFFSETS', '[3,2]', 5, ['a', 'b']],
    ['INVALID_OFFSETS', '[0,6]', 5, ['a', 'b']],
    ['INVALID_OFFSETS', '[0,3,2]', 5, ['a', 'b', 'c']],
    ['INVALID_OFFSETS', '[["x",2],["y",4]]', 5, ['a']],
    ['INVALID_ID', '[["x","",5]]', 5, ['a']],
    ['INVALID_ID', '[["x","0-0",5]]', 5, ['a']],
    ['INVALID_ID', '[["x",0,5]]', 5, ['a']],
    ['INVALID_ID', '[["x",-1,5]]', 5, ['a']],
    ['INVALID_ID', '[["x",1.5,5]]', 5, ['a']],
    ['INVALID_ID', '[["x","1-2-3",5]]', 5, ['a']],
    ['INVALID_ID', '[["x","99999999999999999999-0",5]]', 5, ['a']],
    ['INVALID_ID', '[["x",9007199254740993,5]]', 5, ['a']],
    ['INVALID_ID', '[["x",{},5]]', 5, ['a']],
  ])('%s: %.60s for %i bytes', (code, text, bytes, sids) => {
    expect(() => parsePushHeader(text, bytes, sids)).toThrow(expect.objectContaining({ name: 'WireError', code }));
  });

  it('bytes that belong to no entry, saying how many', () => {
    expect(() => parsePushHeader('[4]', 5, ['a'])).toThrow('1 bytes after the last end (4 of 5) belong to no entry');
  });
});

describe('parseLoneOffset', () => {
  const read = (text: string): number => parseLoneOffset(new TextEncoder().encode(text));

  it('reads a lone whole number from the bytes', () => {
    expect(['[0]', '[7]', '[100]', '[999999999]'].map(read)).toEqual([0, 7, 100, 999999999]);
  });

  it('leaves everything else to the parser', () => {
    const others = ['', '[', '[]', '[-1]', '[ 1]', '[1,2]', '[01]', '[1.5]', '[9999999999]', '[["a",1]]', '1', '{1}'];
    expect(others.map(read)).toEqual(others.map(() => -1));
  });
});
