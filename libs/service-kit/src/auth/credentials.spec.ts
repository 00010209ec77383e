import { type IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { findCredential } from './credentials.js';

const find = (headers: IncomingHttpHeaders, url = '/data/x'): string | null => {
  const credential = findCredential({ url, headers });
  return credential === null ? null : `${credential.source} ${credential.text}`;
};

describe('the one credential of a request', () => {
  const everywhere = { authorization: 'Bearer h', token: 't', cookie: 'authorization="Bearer c"; token=d' };

  it.each<[IncomingHttpHeaders, string, string]>([
    [everywhere, '/x?token=q', 'query q'],
    [everywhere, '/x', 'authorization h'],
    [{ ...everywhere, authorization: undefined }, '/x', 'token-header t'],
    [{ cookie: everywhere.cookie }, '/x', 'cookie c'],
    [{ cookie: 'token=d' }, '/x', 'cookie d'],
  ])('is the first in the order of places (%#)', (headers, url, expected) => {
    expect(find(headers, url)).toBe(expected);
  });

  it.each<[string, IncomingHttpHeaders, string | null]>([
    ['any case of the scheme', { authorization: 'bEaReR abc' }, 'authorization abc'],
    ['spaces around', { authorization: ' Bearer   abc  ' }, 'authorization abc'],
    ['another scheme', { authorization: 'Basic abc' }, null],
    ['a scheme alone', { authorization: 'Bearer ' }, null],
    ['a scheme that only begins alike', { authorization: 'Bearerabc' }, null],
    ['an empty header', { token: '' }, null],
    ['a cookie without quotes', { cookie: 'authorization=Bearer abc' }, 'cookie abc'],
    ['a cookie with quotes', { cookie: 'a=b; authorization="Bearer abc"; c=d' }, 'cookie abc'],
    ['a percent-encoded cookie', { cookie: 'authorization=Bearer%20abc' }, 'cookie abc'],
    ['a cookie of another scheme', { cookie: 'authorization=Basic abc' }, null],
    ['a cookie of another scheme, and a second one', { cookie: 'authorization=x; token=abc' }, 'cookie abc'],
    ['a cookie whose name only ends alike', { cookie: 'xtoken=abc; my-authorization=Bearer abc' }, null],
    ['an empty cookie before a full one', { cookie: 'token=; token=abc' }, 'cookie abc'],
    ['a lone quote', { cookie: 'token="' }, 'cookie "'],
    ['a cookie header of separators', { cookie: ';;;=;=;' }, null],
    ['thousands of cookies', { cookie: `${'a=b; '.repeat(3000)}token=abc` }, 'cookie abc'],
    ['a huge one', { authorization: `Bearer ${'x'.repeat(16_000)}` }, `authorization ${'x'.repeat(16_000)}`],
    ['one with NUL', { cookie: 'token=a%00b' }, 'cookie a\0b'],
  ])('is read from headers with %s', (_title, headers, expected) => {
    expect(find(headers)).toBe(expected);
  });

  it.each<[string, string | null]>([
    ['/x?token=', null],
    ['/x?token', null],
    ['/x?a=1&token=abc&b=2', 'query abc'],
    ['/x?token=&token=abc', 'query abc'],
    ['/x?token=abc&token=def', 'query abc'],
    ['/x?my_token=abc', null],
    ['/x?a=token=abc', null],
    ['/token=abc', null],
    ['/x?token=a%2Eb', 'query a.b'],
    ['/x?token=%E0%A4%A', 'query %E0%A4%A'],
    ['/x?token=%00', 'query \0'],
    ['?token=abc', 'query abc'],
    ['', null],
  ])('is read from the query of %s', (url, expected) => {
    expect(find({}, url)).toBe(expected);
  });
});
