import { describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery, parse } from 'graphql';
import { assertLimits } from './assert-limits.js';
import { MAX_ALIASES, MAX_DEPTH } from './limits.js';

const check = (text: string): void => assertLimits(parse(text));
const nested = (depth: number): string => `${'{ a '.repeat(depth)}${'}'.repeat(depth)}`;
const aliases = (count: number): string => `{ ${Array.from({ length: count }, (_, at) => `a${at}: b`).join(' ')} }`;

describe('limits of an operation', () => {
  it('let introspection and the largest usual query pass', () => {
    expect(() => check(getIntrospectionQuery())).not.toThrow();
    expect(() => check('{ devices { id streams { id length meta lastEntryJson firstEntryJson } } }')).not.toThrow();
  });

  it.each([
    ['fields that are deep', nested(MAX_DEPTH), nested(MAX_DEPTH + 1)],
    ['many aliases', aliases(MAX_ALIASES), aliases(MAX_ALIASES + 1)],
  ])('refuse %s, and let those just under them pass', (_what, good, bad) => {
    expect(() => check(good)).not.toThrow();
    expect(() => check(bad)).toThrow('the limit is');
  });

  it('count fragments with all that they bring, in little time', () => {
    const doubling = Array.from({ length: 60 }, (_, at) => `fragment f${at} on Query { ...f${at + 1} ...f${at + 1} }`);
    const bomb = `{ ...f0 } ${doubling.join(' ')} fragment f60 on Query { streams { id } }`;
    expect(() => check(bomb)).toThrow('costs');
  });

  it('leave fragments that hold themselves to the rules of the specification', () => {
    expect(() => check('{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }')).not.toThrow();
  });

  it('refuse lists of lists', () => {
    const many = Array.from({ length: 90 }, (_, at) => `a${at}: devices { streams { id length } }`);
    expect(() => check(`{ ${many.join(' ')} }`)).toThrow('costs');
    expect(() => check(`{ ${many.slice(0, 50).join(' ')} }`)).not.toThrow();
  });
});
