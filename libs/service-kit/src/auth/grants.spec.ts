import { type Right } from '@sluice/contracts';
import { describe, expect, it } from '@jest/globals';
import { Grants } from './grants.js';

describe('grants', () => {
  it.each<[string, Right, string | undefined, boolean]>([
    ['stream:read', 'stream:read', 'a', true],
    ['stream:read', 'stream:write', 'a', false],
    ['stream:read', 'stream:read', undefined, true],
    ['stream:read=cam*', 'stream:read', undefined, true],
    ['stream:read=cam*', 'stream:write', undefined, false],
    ['stream:read=cam*', 'stream:read', 'cam1:video', true],
    ['stream:read=cam*', 'stream:read', 'Cam1:video', false],
    ['stream:read=cam*', 'stream:read', '', false],
    ['stream:*=cam?:*', 'stream:write', 'cam1:video', true],
    ['stream:*=cam?:*', 'stream:write', 'cam12:video', false],
    ['stream:read=a stream:read=b', 'stream:read', 'b', true],
    ['stream:read=a%20b', 'stream:read', 'a b', true],
    ['admin', 'control:write', 'anything', true],
    ['stream:*', 'admin', undefined, false],
    ['', 'stream:read', undefined, false],
  ])('of "%s": %s for %s is %s', (scopes, right, name, expected) => {
    const grants = new Grants(scopes.split(' ').filter((text) => text !== ''));
    expect([grants.allows(right, name), grants.allows(right, name)]).toEqual([expected, expected]);
  });

  it('answer for more names than they remember', () => {
    const grants = new Grants(['stream:read=a*']);
    for (let count = 0; count < 3000; count++) expect(grants.allows('stream:read', `b${count}`)).toBe(false);
    expect(grants.allows('stream:read', 'a1')).toBe(true);
    expect(grants.allows('stream:read', `a${'x'.repeat(5000)}`)).toBe(true);
  });
});
