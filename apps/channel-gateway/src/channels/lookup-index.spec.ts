import { describe, expect, it } from '@jest/globals';
import { LookupIndex } from './lookup-index.js';

const entry = (...ids: string[]): Buffer => Buffer.from(JSON.stringify(ids.map((id) => ({ id, timestamp: 't' }))));

describe('the index of records', () => {
  it('finds where a record ticked last, and where on a channel', () => {
    const index = new LookupIndex(10);
    index.add('a', '1-0', entry('x', 'y'));
    index.add('b', '2-0', entry('x'));
    expect(index.find('x')).toEqual({ channel: 'b', entryId: '2-0' });
    expect(index.find('x', 'a')).toEqual({ channel: 'a', entryId: '1-0' });
    expect(index.find('y', 'b')).toBeNull();
    index.add('a', '3-0', entry('x'));
    expect([index.find('x')?.entryId, index.find('x', 'b')?.entryId, index.size]).toEqual(['3-0', '2-0', 2]);
  });

  it('forgets the oldest first, not those that came again', () => {
    const index = new LookupIndex(3);
    index.add('a', '1-0', entry('x', 'y', 'x', 'z'));
    expect(['x', 'y', 'z'].map((id) => index.find(id) !== null)).toEqual([true, true, true]);
    index.add('a', '2-0', entry('w'));
    expect(['x', 'y', 'z', 'w'].map((id) => index.find(id) !== null)).toEqual([true, false, true, true]);
    expect(index.size).toBe(3);
  });

  it('finds ids with escapes, and nested ones', () => {
    const index = new LookupIndex(10);
    const id = 'a"b\\c/é\n';
    index.add('a', '1-0', Buffer.from(JSON.stringify([{ id, timestamp: 't', text: '{"id":"no"}', in: { id: 'n' } }])));
    expect([index.find(id), index.find('n'), index.find('no')].map((place) => place !== null)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('takes as long for a record after many as after few', () => {
    const index = new LookupIndex(50_000);
    for (let at = 0; at < 400_000; at++) index.add('a', '1-0', entry(String(at)));
    expect([index.size, index.find('399999') !== null, index.find('349999')]).toEqual([50_000, true, null]);
  });
});
