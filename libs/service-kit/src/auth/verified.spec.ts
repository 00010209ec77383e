import { describe, expect, it } from '@jest/globals';
import { Grants } from './grants.js';
import { EMPTY_SNAPSHOT, type Snapshot } from './snapshot.js';
import { type TokenClaims, tokenIdentity } from './verified.js';

const claims: TokenClaims = {
  kind: 'token',
  subject: 'alice',
  tokenId: 't1',
  generation: 1,
  isDevelopment: false,
  scopes: null,
  issuedAtMs: 1000,
  expiresAtMs: Date.now() + 60_000,
};

function known(scopes: readonly string[], changes: Partial<Snapshot> = {}): Snapshot {
  const record = { password: null, scopes, createdAt: '' };
  return { ...EMPTY_SNAPSHOT, users: new Map([['alice', { record, grants: new Grants(scopes) }]]), ...changes };
}

describe('what a token allows', () => {
  it.each<[string, string[], string[] | null, string[]]>([
    ['all its user may do, when it says nothing', ['stream:*'], null, ['stream:*']],
    ['what it says, within what its user may do', ['stream:*'], ['stream:read=cam*'], ['stream:read=cam*']],
    ['what its user may do, within what it says', ['stream:read=cam*'], ['admin'], ['stream:read=cam*']],
    ['nothing, where the two have nothing in common', ['stream:read'], ['stream:write'], []],
  ])('is %s', (_title, ofUser, ofToken, expected) => {
    const own = ofToken === null ? null : new Grants(ofToken);
    expect(tokenIdentity(claims, own, known(ofUser)).scopes).toEqual(expected);
  });

  it('needs both, also where that cannot be said in scopes', () => {
    const identity = tokenIdentity(claims, new Grants(['stream:read=*1']), known(['stream:read=cam*']));
    expect(['cam1', 'cam2', 'mic1'].map((name) => identity.allows('stream:read', name))).toEqual([true, false, false]);
    expect(identity.scopes).toEqual([]);
  });

  it.each<[string, Partial<TokenClaims>, Partial<Snapshot>]>([
    ['it is revoked', {}, { revoked: new Set(['t1']) }],
    ['all of its user were taken back', {}, { generations: new Map([['alice', 2]]) }],
    ['its user is gone', { subject: 'bob' }, {}],
    ['the development rule gave it', { isDevelopment: true }, {}],
    ['it has expired', { expiresAtMs: Date.now() - 1 }, {}],
    ['a foreign one was given out before a moment', { kind: 'oidc' }, { notBeforeMs: new Map([['alice', 1000]]) }],
  ])('is nothing when %s', (_title, changes, snapshot) => {
    const attempt = (): unknown => tokenIdentity({ ...claims, ...changes }, null, known(['admin'], snapshot));
    expect(attempt).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
  });

  it('is as before when others are revoked, taken back or gone', () => {
    const snapshot = known(['admin'], {
      revoked: new Set(['t2']),
      generations: new Map([
        ['alice', 1],
        ['bob', 7],
      ]),
      notBeforeMs: new Map([['alice', 5000]]),
    });
    expect(tokenIdentity(claims, null, snapshot).allows('control:write', 'x')).toBe(true);
  });
});
