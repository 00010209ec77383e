import { describe, expect, it } from '@jest/globals';
import { type WireErrorCode } from '../wire-error.js';
import { parseClientMessage, parseServerMessage } from './control.js';

describe('client messages', () => {
  it('get defaults for what they leave out', () => {
    expect(parseClientMessage('{"op":"follow","sub":1,"streams":{"a":"$"}}')).toEqual({
      op: 'follow',
      sub: 1,
      streams: { a: '$' },
      patterns: [],
      from: '$',
      latest: 0,
      maxFps: 0,
      fields: false,
      batchBytes: 0,
      windowBytes: 0,
      group: null,
      consumer: null,
      claimIdleMs: 0,
    });
  });

  it('have positions in canonical form, and names of any kind', () => {
    const text =
      '{"op":"follow","sub":1,"streams":{"a":"-","b":"0","c":"5","d":"5-1/7","__proto__":"5-1"},"patterns":["cam*:*"]}';
    expect(parseClientMessage(text)).toMatchObject({ patterns: ['cam*:*'] });
    const { streams } = parseClientMessage(text) as { streams: Record<string, string> };
    expect(Object.entries(streams)).toEqual([
      ['a', '-'],
      ['b', '0-0'],
      ['c', '5-0'],
      ['d', '5-1/7'],
      ['__proto__', '5-1'],
    ]);
  });

  it('are credit, ack, unfollow and ping besides', () => {
    expect(parseClientMessage('{"op":"credit","sub":1,"bytes":100}')).toEqual({ op: 'credit', sub: 1, bytes: 100 });
    expect(parseClientMessage('{"op":"unfollow","sub":4294967295}')).toEqual({ op: 'unfollow', sub: 4294967295 });
    expect(parseClientMessage('{"op":"ping"}')).toEqual({ op: 'ping', n: 0 });
    expect(parseClientMessage('{"op":"ack","sub":1,"stream":"a","ids":["5","5-1"],"later":1}')).toEqual({
      op: 'ack',
      sub: 1,
      stream: 'a',
      ids: ['5-0', '5-1'],
    });
  });

  it.each<[WireErrorCode, string]>([
    ['INVALID_HEADER', ''],
    ['INVALID_HEADER', '[]'],
    ['INVALID_HEADER', 'null'],
    ['INVALID_HEADER', '{}'],
    ['INVALID_HEADER', '{"op":"toString"}'],
    ['INVALID_HEADER', '{"op":"follow","sub":1}'],
    ['INVALID_HEADER', '{"op":"follow","sub":1,"streams":["a"]}'],
    ['INVALID_HEADER', '{"op":"follow","sub":-1,"streams":{"a":"$"}}'],
    ['INVALID_HEADER', '{"op":"follow","sub":4294967296,"streams":{"a":"$"}}'],
    ['INVALID_HEADER', '{"op":"follow","streams":{"a":"$"}}'],
    ['INVALID_HEADER', '{"op":"follow","sub":1,"streams":{"a":"$"},"maxFps":-1}'],
    ['INVALID_HEADER', '{"op":"follow","sub":1,"streams":{"a":"$"},"fields":1}'],
    ['INVALID_HEADER', '{"op":"follow","sub":1,"streams":{"a":"$"},"group":"g"}'],
    ['INVALID_HEADER', '{"op":"follow","sub":1,"patterns":[1]}'],
    ['INVALID_NAME', '{"op":"follow","sub":1,"patterns":[""]}'],
    ['INVALID_NAME', '{"op":"follow","sub":1,"streams":{"":"$"}}'],
    ['INVALID_NAME', '{"op":"follow","sub":1,"streams":{"a\\u0000":"$"}}'],
    ['INVALID_ID', '{"op":"follow","sub":1,"streams":{"a":"*"}}'],
    ['INVALID_ID', '{"op":"follow","sub":1,"streams":{"a":5}}'],
    ['INVALID_ID', '{"op":"follow","sub":1,"streams":{"a":"$"},"from":"now"}'],
    ['INVALID_ID', '{"op":"ack","sub":1,"stream":"a","ids":["x"]}'],
    ['INVALID_HEADER', '{"op":"ack","sub":1,"stream":"a","ids":"5-0"}'],
    ['INVALID_HEADER', '{"op":"ack","sub":1,"ids":["5-0"]}'],
    ['INVALID_HEADER', '{"op":"credit","sub":1}'],
    ['INVALID_HEADER', '{"op":"ping","n":1.5}'],
  ])('are refused as %s: %s', (code, text) => {
    expect(() => parseClientMessage(text)).toThrow(expect.objectContaining({ name: 'WireError', code }));
  });
});

describe('server messages', () => {
  it('are read as they are, with what later versions add', () => {
    const text = '{"gap":{"sub":1,"sid":"a","after":"1-0","next":"5-0","lost":null,"more":1}}';
    expect(parseServerMessage(text).gap).toMatchObject({ sid: 'a', lost: null });
    expect(parseServerMessage('{"news":{}}')).toEqual({ news: {} });
  });

  it.each(['', '5', '[]', '{"gap":5}', '{"error":null}'])('are refused when broken: %s', (text) => {
    expect(() => parseServerMessage(text)).toThrow(expect.objectContaining({ code: 'INVALID_HEADER' }));
  });
});
