import { describe, expect, it } from '@jest/globals';
import { MAX_NAME_BYTES, assertName, isReservedKey, parseStreamName, streamKey } from './stream-name.js';

const invalidName = expect.objectContaining({ name: 'WireError', code: 'INVALID_NAME' });

describe('names', () => {
  it.each([
    'a',
    'x'.repeat(MAX_NAME_BYTES),
    'ü'.repeat(256),
    '🎥'.repeat(128),
    'a b',
    '日本',
    '*',
    'a/b',
    '{a}b',
    'a\'"\\b',
  ])('may be %j', (name) => expect(() => assertName(name)).not.toThrow());

  it.each([
    '',
    'x'.repeat(MAX_NAME_BYTES + 1),
    'ü'.repeat(257),
    '🎥'.repeat(129),
    'x'.repeat(1_000_000),
    'a\nb',
    '\u0000',
    'a\u001f',
    '\u007f',
    'é\u0007',
    '\ud83d',
    'a\udc00b',
  ])('may not be %j', (name) => expect(() => assertName(name)).toThrow(invalidName));

  it('are refused by what they are, with the value', () => {
    expect(() => assertName('a\u0007b', 'device_id')).toThrow('device_id "a\\u0007b" has the control character U+0007');
  });
});

describe('streamKey', () => {
  it.each([
    [undefined, '', 'cam', 'default:cam'],
    ['', '', 'cam', 'default:cam'],
    ['lab1', '', 'cam', 'lab1:cam'],
    ['lab1', 'raw/', 'cam', 'lab1:raw/cam'],
    [undefined, 'p:', 'a:b', 'default:p:a:b'],
    [null, '', 'cam', 'cam'],
    [null, 'p:', 'cam', 'p:cam'],
  ])('of device %j, prefix %j and stream %j is %j', (device, prefix, sid, key) => {
    expect(streamKey(device, prefix, sid)).toBe(key);
  });

  it("never reaches Sluice's own keys", () => {
    expect(() => streamKey('sluice', '', 'x')).toThrow(invalidName);
    expect(() => streamKey(null, 'sluice:', 'x')).toThrow(invalidName);
    expect(streamKey('sluice2', '', 'x')).toBe('sluice2:x');
    expect(isReservedKey('sluice:x')).toBe(true);
  });

  it('needs a stream, and counts the whole key', () => {
    expect(() => streamKey('d', 'p', '')).toThrow(invalidName);
    expect(() => streamKey('d'.repeat(256), '', 's'.repeat(256))).toThrow(invalidName);
    expect(streamKey('d'.repeat(255), '', 's'.repeat(256))).toHaveLength(512);
  });
});

describe('parseStreamName', () => {
  it('splits at the first colon and gives nameless devices their default', () => {
    expect(parseStreamName('cam:a:b')).toEqual({ key: 'cam:a:b', device: 'cam', stream: 'a:b' });
    expect(parseStreamName('video')).toEqual({ key: 'default:video', device: 'default', stream: 'video' });
  });

  it('leaves every name as it stands where there are no devices', () => {
    expect(parseStreamName('video', false)).toEqual({ key: 'video', device: '', stream: 'video' });
    expect(parseStreamName('a:b', false)).toEqual({ key: 'a:b', device: '', stream: 'a:b' });
  });

  it('refuses reserved names and a default name that grows too long', () => {
    expect(() => parseStreamName('sluice:tail')).toThrow(invalidName);
    expect(() => parseStreamName('x'.repeat(MAX_NAME_BYTES))).toThrow(invalidName);
  });
});
