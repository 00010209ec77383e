import { describe, expect, it } from '@jest/globals';
import { assertRecordingName, chunkFile, chunksAmong, folderOfSid, sidOfFolder } from './layout.js';

describe('the folder of a stream', () => {
  it.each([
    ['main', 'main'],
    ['cam1:video', 'cam1:video'],
    ['/cam/image', '%2Fcam%2Fimage'],
    ['..', '%2E.'],
    ['.hidden', '%2Ehidden'],
    ['100%', '100%25'],
    ['a\\b', 'a%5Cb'],
    ['%~x', '%25~x'],
    ['päckchen 1', 'päckchen 1'],
  ])('of %s is %s, and back', (sid, folder) => {
    expect(folderOfSid(sid)).toBe(folder);
    expect(sidOfFolder(folder)).toBe(sid);
  });

  it('of a name too long for a file is its own, and the manifest knows the name', () => {
    const [one, other] = ['x'.repeat(500), `${'x'.repeat(499)}y`].map(folderOfSid) as [string, string];
    expect(one).not.toBe(other);
    expect(Buffer.byteLength(one)).toBeLessThan(100);
    expect(sidOfFolder(one)).toBeNull();
    expect(folderOfSid('x'.repeat(200))).toBe('x'.repeat(200));
  });
});

it('zips are told by their names, in the order of their first entries as numbers', () => {
  const files = [chunkFile('10-0', '11-0'), chunkFile('9-0', '9-0/4'), 'notes.txt', 'a_b.zip', '9-0.123.part'];
  expect(chunksAmong(files).map(({ first, last }) => [first, last])).toEqual([
    ['9-0', '9-0/4'],
    ['10-0', '11-0'],
  ]);
});

it.each(['2026.11.21-14.39.22', 'a', 'x'.repeat(200), 'Ünïcode', 'with space', 'stopp'])(
  '%.20s names a recording',
  (name) => {
    expect(assertRecordingName(name)).toBe(name);
  },
);

it.each(['', '.', '..', '.x', 'a/b', 'a\\b', 'a\u0000', 'x'.repeat(201), 'stop', 'raw', 'undefined'])(
  '%j names none',
  (name) => {
    expect(() => assertRecordingName(name)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  },
);
