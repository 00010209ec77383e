import { describe, expect, it } from '@jest/globals';
import { keyOfSid, rawSegment, sidOfKey, splitSids, writableKeyOfSid } from './ptg-names.js';

describe('names of the ptg dialect', () => {
  it.each([
    ['main', 'default:main', 'main'],
    ['cam1:video', 'cam1:video', 'cam1:video'],
    ['default:main', 'default:main', 'main'],
    ['event:recipe:id', 'event:recipe:id', 'event:recipe:id'],
    ['default:a:b', 'default:a:b', 'default:a:b'],
    ['default:', 'default:', 'default:'],
    [':event:device.connected', ':event:device.connected', ':event:device.connected'],
    ['päckchen 1', 'default:päckchen 1', 'päckchen 1'],
  ])('%s stands for the key %s and is shown as %s', (sid, key, shown) => {
    expect(keyOfSid(sid, true)).toBe(key);
    expect(sidOfKey(key, true)).toBe(shown);
    expect(keyOfSid(shown, true)).toBe(key);
  });

  it('are the keys themselves where there are no devices', () => {
    expect(keyOfSid('main', false)).toBe('main');
    expect(sidOfKey('default:main', false)).toBe('default:main');
  });

  it('do not reach keys without a device, which are therefore not shown', () => {
    expect(sidOfKey('bare', true)).toBeNull();
  });

  it.each(['', 'sluice:auth', 'sluice:x:y', 'a\u0000b', 'x'.repeat(513)])('refuse %j', (sid) => {
    expect(() => keyOfSid(sid, true)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  });

  it('refuse to write what only Sluice writes', () => {
    expect(() => writableKeyOfSid(':stream:meta:default:x', true)).toThrow(/can only be read/);
    expect(writableKeyOfSid('a:b', true)).toBe('a:b');
  });

  it('are joined by +, and keep one written %2B', () => {
    expect(splitSids('a+b%2Bc+d%20e')).toEqual(['a', 'b+c', 'd e']);
    expect(() => splitSids('a+%ff')).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  });

  it('stand in a segment of the path', () => {
    expect(rawSegment('/ptg/data/a%2Bb+c/pull?x=/y/', 3)).toBe('a%2Bb+c');
    expect(rawSegment('/ptg/data', 3)).toBe('');
  });
});
