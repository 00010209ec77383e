import { describe, expect, it } from '@jest/globals';
import { below, hasBelow } from './sorted-names.js';

const names = [':event:x', 'a', 'a:1', 'a:2', 'ab:1', 'b:1', 'ä:1', '😀:1', '\uffff:1'].sort();

describe('sorted names', () => {
  it.each(['', ':', 'a', 'a:', 'ab:', 'b:', 'c:', 'ä:', '😀:', '\uffff', '0', 'zz'])(
    'below "%s" are those that begin so',
    (prefix) => {
      const found = names.filter((name) => name.startsWith(prefix));
      expect(below(names, prefix)).toEqual(found);
      expect(hasBelow(names, prefix)).toBe(found.length > 0);
    },
  );

  it('may be none', () => {
    expect([below([], 'a'), hasBelow([], 'a')]).toEqual([[], false]);
  });
});
