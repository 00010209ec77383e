import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { type Reply, ReplyError, RespParser } from './parser.js';

function parse(chunks: (string | Buffer)[]): { replies: Reply[]; pushes: Reply[][] } {
  const replies: Reply[] = [];
  const pushes: Reply[][] = [];
  const parser = new RespParser(
    (reply) => replies.push(reply),
    (items) => pushes.push(items),
  );
  for (const chunk of chunks) parser.feed(Buffer.from(chunk));
  return { replies, pushes };
}

function plain(reply: Reply): unknown {
  if (reply instanceof ReplyError) return { error: reply.message };
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString();
  return Array.isArray(reply) ? reply.map(plain) : reply;
}

describe('RESP parser', () => {
  const cases: [title: string, bytes: string, value: unknown][] = [
    ['simple string', '+OK\r\n', 'OK'],
    ['error', '-MOVED 3999 127.0.0.1:6381\r\n', { error: 'MOVED 3999 127.0.0.1:6381' }],
    ['number', ':-42\r\n', -42],
    ['bulk string', '$5\r\nhello\r\n', 'hello'],
    ['bulk string that holds line ends', '$4\r\n\r\n\r\n\r\n', '\r\n\r\n'],
    ['empty bulk string', '$0\r\n\r\n', ''],
    ['null in both protocols', '*3\r\n$-1\r\n*-1\r\n_\r\n', [null, null, null]],
    ['nested arrays', '*2\r\n*1\r\n:1\r\n*0\r\n', [[1], []]],
    ['map as a flat list', '%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n', ['a', 1, 'b', 2]],
    ['set', '~2\r\n:1\r\n:2\r\n', [1, 2]],
    ['boolean and double', '*3\r\n#t\r\n#f\r\n,1.5\r\n', [true, false, 1.5]],
    ['attribute, which is passed over', '|1\r\n+ttl\r\n:3\r\n+value\r\n', 'value'],
  ];

  it.each(cases)('reads a %s', (_title, bytes, value) => {
    expect(parse([bytes]).replies.map(plain)).toEqual([value]);
  });

  it.each(cases)('reads a %s that comes byte by byte', (_title, bytes, value) => {
    const { replies } = parse([...bytes].map((byte) => Buffer.from(byte, 'latin1')));
    expect(replies.map(plain)).toEqual([value]);
  });

  it('keeps pushes apart from replies and both in order', () => {
    const push = '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n';
    const { replies, pushes } = parse([`+a\r\n${push}+b\r\n`]);
    expect(replies).toEqual(['a', 'b']);
    expect(pushes.map(plain)).toEqual([['invalidate', ['k']]]);
  });

  it('assembles a large value from many chunks without copying it again and again', () => {
    const value = Buffer.alloc(3_000_000, 'x');
    const whole = Buffer.concat([Buffer.from(`*2\r\n$${value.length}\r\n`), value, Buffer.from('\r\n:7\r\n')]);
    const chunks: Buffer[] = [];
    for (let at = 0; at < whole.length; at += 64 * 1024) chunks.push(whole.subarray(at, at + 64 * 1024));
    const [reply] = parse(chunks).replies;
    expect(Array.isArray(reply) && Buffer.compare(reply[0] as Buffer, value)).toBe(0);
    expect(Array.isArray(reply) && reply[1]).toBe(7);
  });

  it('splits any mixture of replies at any place without a difference', () => {
    const bytes = Buffer.from(cases.map(([, text]) => text).join(''));
    const expected = cases.map(([, , value]) => value);
    let seed = 12_345;
    for (let round = 0; round < 300; round++) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length;) {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        const size = 1 + (seed % 9);
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(parse(chunks).replies.map(plain)).toEqual(expected);
    }
  });

  it('refuses bytes that are not RESP', () => {
    expect(() => parse(['HTTP/1.1 400 Bad Request\r\n'])).toThrow('not RESP');
  });
});
