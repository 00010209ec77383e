import { describe, expect, it } from '@jest/globals';
import { ADDRESSES, ownerOf } from './addresses.js';

describe('the table of addresses', () => {
  it('gives every root path one owner', () => {
    const roots = ADDRESSES.map(({ root }) => root);
    expect(new Set(roots).size).toBe(roots.length);
    expect(roots.filter((root) => root.includes('/'))).toEqual([]);
  });

  it.each([
    ['/', 'stream-store'],
    ['/?x=1', 'stream-store'],
    ['/data', 'stream-store'],
    ['/data/', 'stream-store'],
    ['/data/a%2Fb/pull?x=/', 'stream-store'],
    ['/data?x', 'stream-store'],
    ['/v1/streams/a/b', 'stream-store'],
    ['/v1/socket', 'stream-store'],
    ['/health', 'api-gateway'],
    ['/health/live', 'api-gateway'],
    ['/metrics', 'api-gateway'],
    ['/api-docs/openapi.json', 'api-gateway'],
    ['/docs', 'api-gateway'],
    ['/page/page.js', 'api-gateway'],
  ])('finds the owner of %s', (target, owner) => {
    expect(ownerOf(target)).toBe(owner);
  });

  it.each(['/database', '/Data/x', '//data/x', '/%64ata/x', '/..', '*', '', 'data', 'http://localhost/data/x'])(
    'finds no owner of %s',
    (target) => {
      expect(ownerOf(target)).toBeUndefined();
    },
  );
});
