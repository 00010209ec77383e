import { describe, expect, it } from '@jest/globals';
import { LookupIndex } from './lookup-index.js';

const entry = (...ids: string[]): Buffer => Buffer.from(JSON.stringify(ids.map((id) => ({ id, timestamp: 't' }))));

describe('the index of records', () => {
  it('finds where a record ticked last, and where on a channel', () => {
    const index = new LookupIndex(10);
    index.add('a', '1-0', entry('x', 'y'));
    index.add('b', '2-0', entry('x'));
    expect(index.places('x')).toEqual([
      { channel: 'b', entryId: '2-0' },
      { channel: 'a', entryId: '1-0' },
    ]);
    expect(index.places('none')).toEqual([]);
    index.add('a', '3-0', entry('x'));
    expect([index.places('x').map(({ entryId }) => entryId), index.size]).toEqual([['3-0', '2-0'], 3]);
  });

  it('forgets the oldest first, not those that came again', () => {
    const index = new LookupIndex(3);
    index.add('a', '1-0', entry('x', 'y', 'x', 'z'));
    expect(['x', 'y', 'z'].map((id) => index.places(id).length > 0)).toEqual([true, true, true]);
    index.add('a', '2-0', entry('w'));
    expect(['x', 'y', 'z', 'w'].map((id) => index.places(id).length > 0)).toEqual([true, false, true, true]);
    expect(index.size).toBe(3);
  });

  it('tells the part of a packed entry, and forgets each of many', () => {
    const index = new LookupIndex(1_000);
    for (let at = 0; at < 5_000; at++) index.add('a', `1700000000000-${at % 3}/${at}`, entry(`id ${at}`));
    const known = Array.from({ length: 5_000 }, (_none, at) => index.places(`id ${at}`).map(({ entryId }) => entryId));
    expect(known.slice(0, 4_000).flat()).toEqual([]);
    expect(known.slice(4_000)).toEqual(
      Array.from({ length: 1_000 }, (_none, at) => [`1700000000000-${(at + 4_000) % 3}/${at + 4_000}`]),
    );
    expect(index.size).toBe(1_000);
  });

  it('finds ids with escapes, and nested ones', () => {
    const index = new LookupIndex(10);
    const id = 'a"b\\c/é\n';
    index.add('a', '1-0', Buffer.from(JSON.stringify([{ id, timestamp: 't', text: '{"id":"no"}', in: { id: 'n' } }])));
    expect([id, 'n', 'no'].map((one) => index.places(one).length > 0)).toEqual([true, true, false]);
  });

  it('takes as long for a record after many as after few', () => {
    const index = new LookupIndex(50_000);
    for (let at = 0; at < 400_000; at++) index.add('a', '1-0', entry(String(at)));
    expect([index.size, index.places('399999').length > 0, index.places('349999')]).toEqual([50_000, true, []]);
  });
});
