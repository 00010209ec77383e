import { describe, expect, it } from '@jest/globals';
import { leavesOf, matches, type MetaCondition } from './leaves.js';

const leaves = leavesOf({ format: 'MP4', lens: { mm: 35, kind: null }, tags: ['indoor', 'Left'], on: true, empty: {} });

describe('search in metadata', () => {
  it.each<[string, MetaCondition, boolean]>([
    ['a value', { path: 'format', equals: 'MP4' }, true],
    ['another value', { path: 'format', equals: 'mp4' }, false],
    ['a part of a text in any case', { path: 'format', contains: 'mp' }, true],
    ['a number deeper down', { path: 'lens.mm', equals: 35 }, true],
    ['a number as a text', { path: 'lens.mm', equals: '35' }, false],
    ['null', { path: 'lens.kind', equals: null }, true],
    ['a member of a list', { path: 'tags', contains: 'left' }, true],
    ['an object that is there', { path: 'lens', exists: true }, true],
    ['a place that is not there', { path: 'nothing', exists: false }, true],
    ['several things of one place', { path: 'format', contains: 'm', equals: 'AVI' }, false],
  ])('finds %s', (_what, condition, found) => {
    expect(matches(leaves, condition)).toBe(found);
  });

  it('takes little of metadata that has much', () => {
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, 'x'.repeat(1_000)]));
    const found = leavesOf({ wide });
    expect(found.length).toBeLessThanOrEqual(200);
    expect(String(found[0]?.value).length).toBeLessThanOrEqual(256);
  });
});
