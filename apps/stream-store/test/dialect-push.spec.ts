import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { Refused, TestSocket } from './support/socket.js';
import { startStore, type Store } from './support/store.js';

let store: Store;

beforeAll(async () => {
  store = await startStore();
});

afterAll(async () => {
  await store.close();
});

/** Pushes one message with an ack and returns the ids. */
async function pushAcked(path: string, header: unknown, payload: string): Promise<string[]> {
  const socket = await TestSocket.open(`${store.ws}/data/${path}${path.includes('?') ? '&' : '?'}ack=1`);
  socket.push(header, payload);
  const ids = await socket.json<string[]>();
  await socket.close();
  return ids;
}

/** Sends frames and returns how the server ends the socket. */
async function closingAfter(
  path: string,
  frames: readonly (string | Buffer)[],
): Promise<{ code: number; reason: string }> {
  const socket = await TestSocket.open(`${store.ws}/data/${path}`);
  for (const frame of frames) socket.send(frame);
  return socket.closed;
}

describe('a push socket', () => {
  it('stores one entry for a header with one end (23)', async () => {
    const sid = uniqueName('s');
    const ids = await pushAcked(`${sid}/push`, [5], 'hello');
    expect(await store.entries(`default:${sid}`)).toEqual([{ id: ids[0], d: 'hello' }]);
  });

  it('stores entries of several streams that its header names, in any number (24)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    const ids = await pushAcked(
      '*/push',
      [
        [a, 2],
        [b, 3],
        [a, 6],
      ],
      'aabccc',
    );
    expect(ids).toHaveLength(3);
    expect((await store.entries(`default:${a}`)).map(({ d }) => d)).toEqual(['aa', 'ccc']);
    expect((await store.entries(`default:${b}`)).map(({ d }) => d)).toEqual(['b']);
  });

  it('takes explicit ids in every form, and null for one of the server (25)', async () => {
    const sid = uniqueName('ids');
    const header = [
      [sid, '5-1', 1],
      [sid, '6', 2],
      [sid, 7, 3],
      [sid, '7-*', 4],
      [sid, '8-*', 5],
      [sid, null, 6],
    ];
    const ids = await pushAcked('x/push', header, 'abcdef');
    expect(ids.slice(0, 5)).toEqual(['5-1', '6-0', '7-0', '7-1', '8-0']);
    expect(Number(ids[5]?.split('-')[0])).toBeGreaterThan(1e12);
    expect((await store.entries(`default:${sid}`)).map(({ id }) => id)).toEqual(ids);
  });

  it('reads offsets that begin with 0 as starts, and as ends when the last is the length (26)', async () => {
    const [starts, ends] = [uniqueName('starts'), uniqueName('ends')];
    await pushAcked(
      'x/push',
      [
        [starts, 0],
        [starts, 2],
        [starts, 3],
      ],
      'aabccc',
    );
    expect((await store.entries(`default:${starts}`)).map(({ d }) => d)).toEqual(['aa', 'b', 'ccc']);
    await pushAcked(
      'x/push',
      [
        [ends, 0],
        [ends, 6],
      ],
      'aabccc',
    );
    expect((await store.entries(`default:${ends}`)).map(({ d }) => d)).toEqual(['', 'aabccc']);
  });

  it('stores one entry per stream of a path with several (27)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    const ids = await pushAcked(`${a}+${b}/push`, [2, 5], 'aabbb');
    expect(ids).toHaveLength(2);
    expect((await store.entries(`default:${a}`)).map(({ d }) => d)).toEqual(['aa']);
    expect((await store.entries(`default:${b}`)).map(({ d }) => d)).toEqual(['bbb']);
  });

  it.each(['0', 'false', 'False', 'no', 'off'])(
    'without headers (%s) takes each binary frame as an entry (28, 7)',
    async (no) => {
      const sid = uniqueName('bare');
      const socket = await TestSocket.open(`${store.ws}/data/${sid}/push?header=${no}&ack=True`);
      socket.send(Buffer.from('one'));
      socket.send(Buffer.from('two'));
      const ids = [await socket.json<string[]>(), await socket.json<string[]>()];
      await socket.close();
      expect((await store.entries(`default:${sid}`)).map(({ d }) => d)).toEqual(['one', 'two']);
      expect((await store.entries(`default:${sid}`)).map(({ id }) => [id])).toEqual(ids);
    },
  );

  it('acknowledges every message with the list of its ids, in order, also thousands in flight (29)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    const socket = await TestSocket.open(`${store.ws}/data/x/push?ack=1`);
    const messages = 3_000;
    for (let n = 0; n < messages; n++)
      socket.push(
        [
          [a, 1],
          [b, 2],
        ],
        'ab',
      );
    const ids: string[][] = [];
    while (ids.length < messages) ids.push(await socket.json<string[]>());
    await socket.close();
    expect((await store.entries(`default:${a}`)).map(({ id }) => id)).toEqual(ids.map(([id]) => id));
    expect((await store.entries(`default:${b}`)).map(({ id }) => id)).toEqual(ids.map(([, id]) => id));
  });

  it('puts device and prefix before the names of its header (32)', async () => {
    const sid = uniqueName('s');
    await pushAcked('x/push?device_id=cam1&prefix=left/', [[sid, 1]], 'a');
    expect((await store.entries(`cam1:left/${sid}`)).map(({ d }) => d)).toEqual(['a']);
  });

  it('with strict=1 takes only streams of its path; without, the header wins (32)', async () => {
    const sid = uniqueName('s');
    await pushAcked(`${sid}/push?strict=1`, [[sid, 1]], 'a');
    const other = await closingAfter(`${sid}/push?strict=1`, [JSON.stringify([['other', 1]]), Buffer.from('a')]);
    expect(other).toMatchObject({ code: 1007, reason: expect.stringContaining('other') });
  });
});

describe('a push that cannot be stored', () => {
  it('ends the socket with the reason for an id that is not above the last, after the acks before it (30)', async () => {
    const sid = uniqueName('old');
    const socket = await TestSocket.open(`${store.ws}/data/${sid}/push?ack=1`);
    socket.push([[sid, '9-0', 1]], 'a');
    socket.push([[sid, '5-0', 1]], 'b');
    expect(await socket.json()).toEqual(['9-0']);
    const { code, reason } = await socket.closed;
    expect(code).toBe(1008);
    expect(reason).toMatch(/ID_NOT_ABOVE_LAST: message 2/);
    expect(await store.entries(`default:${sid}`)).toEqual([{ id: '9-0', d: 'a' }]);
  });

  it('stores nothing of a message of which one id is too old (30)', async () => {
    const sid = uniqueName('old');
    await pushAcked(`${sid}/push`, [[sid, '9-0', 1]], 'a');
    const header = JSON.stringify([
      [sid, '10-0', 1],
      [sid, '5-0', 2],
      [sid, '11-0', 3],
    ]);
    const { code, reason } = await closingAfter(`${sid}/push`, [header, Buffer.from('bcd')]);
    expect(code).toBe(1008);
    expect(reason).toContain('ID_NOT_ABOVE_LAST');
    expect(await store.entries(`default:${sid}`)).toEqual([{ id: '9-0', d: 'a' }]);
  });

  it('says exactly which part was stored when one stream of several refuses (30)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    await pushAcked('x/push', [[a, '9-0', 1]], 'a');
    const header = JSON.stringify([
      [a, '5-0', 1],
      [b, '5-0', 2],
    ]);
    const { code, reason } = await closingAfter('x/push', [header, Buffer.from('bc')]);
    expect(code).toBe(1011);
    expect(reason).toContain(`PARTIAL_APPEND: message 1: 1 of 2 entries stored, not "${a}": entry id 5-0`);
    expect(await store.entries(`default:${b}`)).toEqual([{ id: '5-0', d: 'c' }]);
  });

  it('names the first of several streams that refuse, and how many more there are, however long its name (30)', async () => {
    const [a, b, c] = [uniqueName('a'.repeat(200)), uniqueName('b'), uniqueName('c')];
    for (const sid of [a, b]) await pushAcked('x/push', [[sid, '9-0', 1]], 'a');
    const header = JSON.stringify([
      [c, '5-0', 1],
      [a, '5-0', 2],
      [b, '5-0', 3],
      [a, '6-0', 4],
    ]);
    const { code, reason } = await closingAfter('x/push', [header, Buffer.from('bcde')]);
    expect(code).toBe(1011);
    expect(reason).toContain(`1 of 4 entries stored, not "${'a'.repeat(32)}…" +1 more: entry id 5-0`);
  });

  it('refuses a key that holds something else (30)', async () => {
    const sid = uniqueName('text');
    await store.redis.command('SET', `default:${sid}`, 'x');
    const { code, reason } = await closingAfter(`${sid}/push`, ['[1]', Buffer.from('a')]);
    expect(code).toBe(1008);
    expect(reason).toContain('WRONG_KEY_TYPE');
  });
});

describe('a wrong frame ends the socket with its code and reason and stores nothing (31)', () => {
  const payload = Buffer.from('abc');
  it.each<[string, (string | Buffer)[], number, string]>([
    ['a binary frame where the header is due', [payload], 1003, 'WRONG_FRAME_TYPE'],
    ['a text frame where the payload is due', ['[3]', 'abc'], 1003, 'WRONG_FRAME_TYPE'],
    ['a header that is not JSON', ['hello'], 1007, 'INVALID_HEADER'],
    ['an object as header', ['{"a":1}', payload], 1007, 'INVALID_HEADER'],
    ['an empty list', ['[]', payload], 1007, 'INVALID_HEADER'],
    ['tuples of four', ['[["s","1-0",3,4]]', payload], 1007, 'INVALID_HEADER'],
    ['two ends for one stream', ['[1,3]', payload], 1007, 'INVALID_HEADER'],
    ['decreasing ends', ['[["a",2],["b",1]]', payload], 1007, 'INVALID_OFFSETS'],
    ['an end past the payload', ['[4]', payload], 1007, 'INVALID_OFFSETS'],
    ['a negative end', ['[-1]', payload], 1007, 'INVALID_OFFSETS'],
    ['an id that is none', ['[["a","x",3]]', payload], 1008, 'INVALID_ID'],
    ['an empty name', ['[["",3]]', payload], 1007, 'INVALID_HEADER'],
    ['a name with a control character', ['[["a\\u0001",3]]', payload], 1008, 'INVALID_NAME'],
  ])('%s', async (_title, frames, code, name) => {
    const closing = await closingAfter('never/push', frames);
    expect(closing.code).toBe(code);
    expect(closing.reason).toContain(name);
    expect(Buffer.byteLength(closing.reason)).toBeLessThanOrEqual(123);
    expect(await store.entries('default:never')).toEqual([]);
    expect(await store.entries('default:a')).toEqual([]);
  });

  it('a text frame on a socket without headers', async () => {
    expect(await closingAfter('never/push?header=0', ['abc'])).toMatchObject({ code: 1003 });
  });

  it('bytes after the last end (33)', async () => {
    const closing = await closingAfter('never/push', ['[2]', payload]);
    expect(closing).toMatchObject({ code: 1007, reason: expect.stringContaining('INVALID_OFFSETS') });
    expect(await store.entries('default:never')).toEqual([]);
  });

  it('keeps what was accepted before it, and stores nothing after it', async () => {
    const sid = uniqueName('s');
    const socket = await TestSocket.open(`${store.ws}/data/${sid}/push?ack=1`);
    socket.push([1], 'a');
    socket.push([9], 'b');
    socket.push([1], 'c');
    expect(await socket.json()).toHaveLength(1);
    expect(await socket.closed).toMatchObject({ code: 1007 });
    expect((await store.entries(`default:${sid}`)).map(({ d }) => d)).toEqual(['a']);
  });
});

describe('an upgrade to a push socket is refused with 403', () => {
  it.each([
    ['several streams without headers', 'a+b/push?header=0'],
    ['a flag that is none', 'a/push?ack=maybe'],
    ['an empty name in a list', 'a+/push'],
    ['a name with a control character', 'a%01/push'],
    ['a name that is too long', `${'x'.repeat(600)}/push`],
    ['a name of our own', 'x/push?device_id=sluice'],
    ['an unknown path', 'a/pushes'],
  ])('%s', async (_title, path) => {
    await expect(TestSocket.open(`${store.ws}/data/${path}`)).rejects.toEqual(new Refused(403));
  });
});
