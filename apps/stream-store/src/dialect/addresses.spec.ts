import { describe, expect, it } from '@jest/globals';
import { globMatcher } from '@sluice/stream-log';
import { addressOf, isWild, patternOf, readAddressing, splitRawNames, type Addressing } from './addresses.js';
import { QueryReader } from './parameters.js';

function addressing(query: Record<string, string>, hasDevices = true): Addressing {
  return readAddressing(new QueryReader(query), hasDevices);
}

describe('names of the dialect', () => {
  it.each<[Record<string, string>, string, string]>([
    [{}, 'default:s', 's'],
    [{ device_id: '' }, 'default:s', 's'],
    [{ device_id: 'cam1' }, 'cam1:s', 's'],
    [{ device_id: 'cam1', prefix: 'left.' }, 'cam1:left.s', 's'],
    [{ device_id: 'a:b' }, 'a:b:s', 's'],
    [{ device_id: 'cam1', keep_device_id_in_stream_id: 'true' }, 'cam1:s', 'cam1:s'],
    [{ keep_device_id_in_stream_id: '0' }, 'default:s', 's'],
  ])('%j make the key %s, shown as %s', (query, key, label) => {
    expect(addressOf('s', addressing(query))).toEqual({ key, label });
  });

  it('stand as they are without devices, and keep their prefix', () => {
    expect(addressOf('s', addressing({ device_id: 'cam1', prefix: 'p.' }, false))).toEqual({
      key: 'p.s',
      label: 'p.s',
    });
  });

  it.each(['', 'a\u0000', 'x'.repeat(600)])('like %j are refused', (sid) => {
    expect(() => addressOf(sid, addressing({}))).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  });

  it('of a raw path part at plus signs, and only there', () => {
    expect(splitRawNames('a+b%2Bc+%C3%B6')).toEqual(['a', 'b+c', 'ö']);
  });
});

describe('patterns of the dialect', () => {
  it.each<[Record<string, string>, string[], boolean]>([
    [{}, ['s'], false],
    [{}, ['s?[x]'], false],
    [{}, ['a', 'b*'], true],
    [{ device_id: '*' }, ['s'], true],
    [{ device_id: 'cam[1]' }, ['s'], false],
  ])('%j with %j: %s', (query, sids, wild) => {
    expect(isWild(sids, addressing(query))).toBe(wild);
  });

  it.each<[Record<string, string>, string[], string[], string[]]>([
    [{ device_id: '*' }, ['s'], ['a:s', 'default:s'], ['a:t', 's']],
    [{}, ['s*'], ['default:s', 'default:sub'], ['other:s']],
    [{ device_id: 'cam?*' }, ['a', 'b'], ['cam1:a', 'cam22:b'], ['cam:a', 'cam1:c']],
    [{ device_id: 'x[1]' }, ['*'], ['x[1]:a'], ['x1:a']],
    [{ device_id: 'a*b' }, ['q?'], ['a-b:q?'], ['a-b:qq']],
  ])('%j with %j match %j and not %j', (query, sids, matching, others) => {
    const tests = patternOf(sids, addressing(query)).globs.map(globMatcher);
    const matches = (key: string): boolean => tests.some((test) => test(key));
    expect(matching.filter((key) => !matches(key))).toEqual([]);
    expect(others.filter(matches)).toEqual([]);
  });

  it('show whole keys where the device is the pattern, bare names where it is not, unless told', () => {
    expect(patternOf(['s'], addressing({ device_id: '*' })).label('cam1:s')).toBe('cam1:s');
    expect(patternOf(['s*'], addressing({ prefix: 'p.' })).label('default:p.s1')).toBe('s1');
    const bare = addressing({ device_id: '*', prefix: 'p.', keep_device_id_in_stream_id: 'no' });
    expect(patternOf(['s'], bare).label('cam1:p.s')).toBe('s');
  });
});
