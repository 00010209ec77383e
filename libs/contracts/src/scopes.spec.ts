import { describe, expect, it } from '@jest/globals';
import { SluiceError } from './errors.js';
import { areCovered, knownScopes, parseScope, parseScopes } from './scopes.js';

describe('a scope text', () => {
  it.each([
    ['stream:read', ['stream:read'], null],
    ['stream:*', ['stream:read', 'stream:write'], null],
    ['control:*=robot*', ['control:read', 'control:write'], 'robot*'],
    ['stream:write=cam1:*', ['stream:write'], 'cam1:*'],
    ['stream:read=a%20b%3Dc%25', ['stream:read'], 'a b=c%'],
    ['admin', ['admin'], null],
  ])('%s allows its rights', (text, rights, pattern) => {
    expect(parseScope(text)).toEqual({ rights, pattern });
  });

  it.each([
    ['', 'names no right'],
    ['stream', 'names no right'],
    ['stream:', 'names no right'],
    ['*', 'names no right'],
    ['admin:*', 'names no right'],
    ['Stream:read', 'names no right'],
    ['stream:read=', 'no pattern'],
    ['stream:read=a=b', 'second "="'],
    ['stream:read=a b', 'space'],
    ['stream:read=%', 'encodes nothing'],
    ['admin=cam*', 'whole system'],
    [`stream:read=${'x'.repeat(600)}`, 'longer than'],
  ])('%j is refused with its reason', (text, reason) => {
    expect(() => parseScope(text)).toThrow(SluiceError);
    expect(() => parseScope(text)).toThrow(reason);
  });

  it('may be one of a hundred, not of more', () => {
    const many = (count: number): string[] => Array.from({ length: count }, () => 'stream:read');
    expect(parseScopes(many(100))).toHaveLength(100);
    expect(() => parseScopes(many(101))).toThrow('more than 100');
  });

  it('of a foreign issuer counts only when it is one of ours', () => {
    expect(knownScopes(['openid', 'stream:read=cam*', 'email', 'admin '])).toEqual(['stream:read=cam*']);
  });
});

describe('scopes that others cover', () => {
  it.each([
    ['stream:read', 'stream:read', true],
    ['stream:read', 'admin', true],
    ['stream:*=a*', 'stream:read=a* stream:write', true],
    ['stream:read=cam1:*', 'stream:read=cam*', true],
    ['stream:read=cam1', 'stream:read=cam*', true],
    ['stream:read=[ab]', 'stream:read=[ab]', true],
    ['stream:read', 'stream:read=cam*', false],
    ['stream:read=ca*', 'stream:read=cam*', false],
    ['stream:read=cam1', 'stream:read=c?m*', false],
    ['stream:write=cam1', 'stream:read=cam*', false],
    ['stream:*', 'stream:read', false],
    ['admin', 'stream:* channel:* pipeline:* control:*', false],
  ])('%s within %s: %s', (wanted, held, expected) => {
    expect(areCovered(wanted.split(' '), held.split(' '))).toBe(expected);
  });
});
