import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName, waitFor } from '@sluice/testing';
import { PtgClient } from './support/ptg.js';
import { Refused, TestSocket, type Closing } from './support/socket.js';
import { startStore, type Store, type StoredEntry } from './support/store.js';

let store: Store;
let client: PtgClient;

beforeAll(async () => {
  store = await startStore();
  client = new PtgClient(store);
});

afterAll(async () => {
  await store.close();
});

/** What is stored under the key of a name. */
function stored(sid: string): Promise<StoredEntry[]> {
  return store.entries(sid.includes(':') ? sid : `default:${sid}`);
}

const texts = async (sid: string): Promise<string[]> => (await stored(sid)).map(({ d }) => d);
const idsOf = async (sid: string): Promise<string[]> => (await stored(sid)).map(({ id }) => id);

/** The next frame as text. */
async function ack(socket: TestSocket): Promise<string> {
  return (await socket.next()).text ?? 'binary';
}

/** A frame whose head carries a time. */
function frame(timeMs: number, text = ''): Buffer {
  const head = Buffer.alloc(10);
  head.writeBigUInt64LE(BigInt(timeMs), 2);
  return Buffer.concat([head, Buffer.from(text)]);
}

describe('a push socket of the ptg dialect', () => {
  it('stores each binary frame as an entry, and answers nothing (71)', async () => {
    const sid = uniqueName('s');
    const socket = await client.push(`${sid}/push`);
    for (const text of ['a', '', 'ccc']) socket.send(Buffer.from(text));
    await waitFor(async () => (await stored(sid)).length === 3, { message: 'three entries' });
    expect(await texts(sid)).toEqual(['a', '', 'ccc']);
    expect(socket.pending).toBe(0);
    await socket.close();
  });

  it('answers each entry with its id (71)', async () => {
    const sid = uniqueName('s');
    const socket = await client.push(`${sid}/push?ack=True`);
    const acks: string[] = [];
    for (const text of ['a', 'b']) {
      socket.send(Buffer.from(text));
      acks.push(await ack(socket));
    }
    expect(acks).toEqual(await idsOf(sid));
    await socket.close();
  });

  it('takes a name with a : as the key, and is pulled by the redis-streamer dialect', async () => {
    const sid = uniqueName('s');
    const pull = await TestSocket.open(`${store.ws}/data/${sid}/pull?device_id=cam1`);
    await store.followers(1);
    const socket = await client.push(`cam1:${sid}/push`);
    socket.send(Buffer.from('hello'));
    expect(await pull.message()).toMatchObject({ header: [[sid, expect.any(String), 5]] });
    await Promise.all([pull.close(), socket.close()]);
  });

  it.each<[string, unknown, string[]]>([
    ['ends', [2, 3, 6], ['aa', 'b', 'ccc']],
    ['starts, the last one up to the end', [0, 2, 3], ['aa', 'b', 'ccc']],
    [
      'named ends',
      [
        ['x', 2],
        ['x', 3],
        ['x', 6],
      ],
      ['aa', 'b', 'ccc'],
    ],
    [
      'named starts',
      [
        ['x', 0],
        ['x', 2],
        ['x', 3],
      ],
      ['aa', 'b', 'ccc'],
    ],
    ['a lone start', [['x', 0]], ['aabccc']],
    ['ends that begin with an empty entry', [0, 2, 6], ['', 'aa', 'bccc']],
  ])('cuts a batch by %s (72)', async (_what, header, expected) => {
    const sid = uniqueName('s');
    const named = JSON.parse(JSON.stringify(header).replaceAll('"x"', JSON.stringify(sid))) as unknown;
    const socket = await client.push(`${sid}/push?batch=true&ack=1`);
    socket.push(named, 'aabccc');
    expect(await ack(socket)).toBe((await idsOf(sid)).join(','));
    expect(await texts(sid)).toEqual(expected);
    await socket.close();
  });

  it('takes ids, null ids and ids of one millisecond from the header (72)', async () => {
    const sid = uniqueName('s');
    const socket = await client.push(`${sid}/push?batch=1&ack=1`);
    socket.push(
      [
        [sid, '5-1', 1],
        [sid, 6, 2],
        [sid, '6-*', 3],
      ],
      'abc',
    );
    expect(await ack(socket)).toBe('5-1,6-0,6-1');
    socket.push([[sid, null, 1]], 'd');
    expect(await ack(socket)).toBe((await idsOf(sid)).at(-1));
    await socket.close();
  });

  it('takes one offset for each stream of the path, and the ids of all as one list (72)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    const socket = await client.push(`${a}+${b}/push?batch=1&ack=1`);
    socket.push([1, 3], 'abb');
    expect(await ack(socket)).toBe([...(await idsOf(a)), ...(await idsOf(b))].join(','));
    expect([await texts(a), await texts(b)]).toEqual([['a'], ['bb']]);
    await socket.close();
  });

  it.each(['*/push', '*/push?batch=true', '%2A/push?batch=0'])(
    'takes %s for a batch of named streams (73)',
    async (path) => {
      const [a, b] = [uniqueName('a'), `cam:${uniqueName('b')}`];
      const socket = await client.push(`${path}${path.includes('?') ? '&' : '?'}ack=1`);
      socket.push(
        [
          [a, 0],
          [b, 1],
          [a, 3],
        ],
        'abbc',
      );
      await ack(socket);
      expect([await texts(a), await texts(b)]).toEqual([['a', 'c'], ['bb']]);
      await socket.close();
    },
  );

  it('lets the names of a header win over the path, and bare numbers mean the last ones named', async () => {
    const [path, a, b] = [uniqueName('p'), uniqueName('a'), uniqueName('b')];
    const socket = await client.push(`${path}/push?batch=1&ack=1`);
    socket.push([2, 3], 'ppq');
    await ack(socket);
    socket.push(
      [
        [a, 1],
        [b, 2],
      ],
      'ab',
    );
    await ack(socket);
    socket.push([1, 2], 'AB');
    await ack(socket);
    expect(await Promise.all([path, a, b].map(texts))).toEqual([
      ['pp', 'q'],
      ['a', 'A'],
      ['b', 'B'],
    ]);
    await socket.close();
  });

  it('stores nothing for an empty header, and answers it in its turn', async () => {
    const sid = uniqueName('s');
    const socket = await client.push(`${sid}/push?batch=1&ack=1`);
    socket.push([1], 'a');
    socket.push([], '');
    socket.push([1], 'b');
    const acks = [await ack(socket), await ack(socket), await ack(socket)];
    const [first, second] = await idsOf(sid);
    expect(acks).toEqual([first, '', second]);
    await socket.close();
  });

  it('takes any number of empty headers while an entry waits', async () => {
    const sid = uniqueName('s');
    const socket = await client.push(`${sid}/push?batch=1&ack=1`);
    for (let n = 0; n < 10_000; n++) socket.push(n % 5000 === 0 ? [1] : [], n % 5000 === 0 ? 'a' : '');
    let empty = 0;
    for (let n = 0; n < 10_000; n++) if ((await ack(socket)) === '') empty += 1;
    expect([empty, (await stored(sid)).length]).toEqual([9998, 2]);
    await socket.close();
  });

  it('takes ids from the time of the frames with parse_meta, also within a batch', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    const bare = await client.push(`${a}/push?parse_meta=1&ack=1`);
    bare.send(frame(5, 'x'));
    expect(await ack(bare)).toBe('5-0');
    const batch = await client.push(`*/push?parse_meta=1&ack=1`);
    batch.push(
      [
        [a, 10],
        [b, 20],
      ],
      Buffer.concat([frame(9), frame(7)]),
    );
    expect(await ack(batch)).toBe('9-0,7-0');
    batch.push([[a, '20-1', 10]], frame(3));
    expect(await ack(batch)).toBe('20-1');
    await Promise.all([bare.close(), batch.close()]);
  });

  it('tells an id that is not above the last, with nothing of its stream stored', async () => {
    const sid = uniqueName('s');
    const socket = await client.push(`${sid}/push?batch=1&ack=1`);
    socket.push([[sid, '5-0', 1]], 'a');
    await ack(socket);
    socket.push(
      [
        [sid, '6-0', 1],
        [sid, '4-0', 2],
      ],
      'bc',
    );
    expect(await socket.closed).toMatchObject({ code: 1008, reason: expect.stringContaining('ID_NOT_ABOVE_LAST') });
    expect(await idsOf(sid)).toEqual(['5-0']);
  });

  it.each<[string, string, (string | Buffer)[], Partial<Closing>]>([
    ['text without batch', '', ['a'], { code: 1003 }],
    ['binary where the header is due', '?batch=1', [Buffer.from('[1]')], { code: 1003 }],
    ['text where the data is due', '?batch=1', ['[1]', 'a'], { code: 1003 }],
    ['a header that is no JSON', '?batch=1', ['[1', Buffer.from('a')], { code: 1007 }],
    ['a header that is no list', '?batch=1', ['{"a":1}', Buffer.from('a')], { code: 1007 }],
    ['a header of any depth', '?batch=1', [`${'['.repeat(9000)}${']'.repeat(9000)}`, Buffer.from('a')], { code: 1007 }],
    ['offsets that fall', '?batch=1', ['[2,1,3]', Buffer.from('abc')], { code: 1007 }],
    ['offsets past the end', '?batch=1', ['[4]', Buffer.from('abc')], { code: 1007 }],
    ['bytes of no entry', '?batch=1', ['[2]', Buffer.from('abc')], { code: 1007 }],
    ['bytes behind an empty header', '?batch=1', ['[]', Buffer.from('abc')], { code: 1007 }],
    ['an id that is none', '?batch=1', ['[["x","now",3]]', Buffer.from('abc')], { code: 1008 }],
    ['a reserved name', '?batch=1', ['[["sluice:x",3]]', Buffer.from('abc')], { code: 1008 }],
    ['a name that is only read', '?batch=1', ['[[":stream:meta:x",3]]', Buffer.from('abc')], { code: 1008 }],
    ['a frame without a head', '?parse_meta=1', [Buffer.from('short')], { code: 1007 }],
  ])('ends with its reason and stores nothing for %s', async (_what, query, frames, closing) => {
    const sid = uniqueName('bad');
    const socket = await client.push(`${sid}/push${query}`);
    for (const data of frames) socket.send(data);
    expect(await socket.closed).toMatchObject(closing);
    expect(await store.redis.command('EXISTS', `default:${sid}`, 'sluice:x', 'default:x')).toBe(0);
  });

  it('wants names from the headers of *', async () => {
    const socket = await client.push('*/push');
    socket.push([1], 'a');
    expect(await socket.closed).toMatchObject({ code: 1007, reason: expect.stringContaining('INVALID_HEADER') });
  });

  it('acknowledges what came before an error', async () => {
    const sid = uniqueName('s');
    const socket = await client.push(`${sid}/push?ack=1`);
    socket.send(Buffer.from('a'));
    socket.send('text');
    expect(await ack(socket)).toBe((await idsOf(sid))[0]);
    expect((await socket.closed).code).toBe(1003);
  });

  it('takes a message of 16 MiB, and ends with 1009 for a larger one (8)', async () => {
    const sid = uniqueName('s');
    const socket = await client.push(`${sid}/push?ack=1`);
    socket.send(Buffer.alloc(16 * 1024 * 1024));
    await ack(socket);
    socket.send(Buffer.alloc(16 * 1024 * 1024 + 1));
    expect((await socket.closed).code).toBe(1009);
    expect(await store.redis.command('XLEN', `default:${sid}`)).toBe(1);
  });

  it.each([
    'a+b/push',
    'a+b/push?batch=false',
    'x/push?ack=2',
    'x/push?batch=maybe',
    'sluice:x/push',
    ':x:y/push',
    'a++b/push?batch=1',
  ])('refuses %s with 403 before the handshake', async (path) => {
    await expect(client.push(path)).rejects.toEqual(new Refused(403));
  });
});
