import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { PtgClient, cutStarts } from './support/ptg.js';
import { Refused, TestSocket } from './support/socket.js';
import { startStore, type Store } from './support/store.js';

let store: Store;
let client: PtgClient;

beforeAll(async () => {
  store = await startStore();
  client = new PtgClient(store);
});

afterAll(async () => {
  await store.close();
});

/** Appends entries with ids `1-0`, `2-0` … and payloads `e1`, `e2` … */
async function fill(sid: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await store.add(`default:${sid}`, `e${n}`, `${n}-0`);
}

interface Entry {
  readonly sid: string;
  readonly id: string;
  readonly text: string;
}

/** Takes messages until so many entries came. */
async function take(socket: TestSocket, entries: number, ack: string | Buffer | null = null): Promise<Entry[]> {
  const all: Entry[] = [];
  while (all.length < entries) {
    all.push(...cutStarts(await socket.message()));
    if (ack !== null) socket.send(ack);
  }
  return all;
}

const ids = (entries: readonly Entry[]): string[] => entries.map(({ id }) => id);

describe('a pull socket of the ptg dialect', () => {
  it('gives entries from now on, with their starts, and nothing while nothing comes (74, 75)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1, 2);
    const socket = await client.pull(`${sid}/pull?block=1`);
    await store.followers(1);
    await fill(sid, 3, 3);
    expect(await socket.message()).toEqual({ header: [[sid, '3-0', 0]], payload: Buffer.from('e3') });
    expect(socket.pending).toBe(0);
    await socket.close();
  });

  it('counts the starts over all streams of a message (74)', async () => {
    const [a, b] = [uniqueName('a'), `cam:${uniqueName('b')}`];
    await fill(a, 1, 2);
    await store.add(b, 'longer', '1-0');
    const socket = await client.pull(`${a}+${b}/pull?last_entry_id=0&count=5`);
    expect(await socket.message()).toEqual({
      header: [
        [a, '1-0', 0],
        [a, '2-0', 2],
        [b, '1-0', 4],
      ],
      payload: Buffer.from('e1e2longer'),
    });
    await socket.close();
  });

  it('honours count, whose default is one (76)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1, 5);
    const one = await client.pull(`${sid}/pull?last_entry_id=0`);
    expect((await one.message()).header).toHaveLength(1);
    const three = await client.pull(`${sid}/pull?last_entry_id=0&count=3`);
    expect((await three.message()).header).toEqual([
      [sid, '1-0', 0],
      [sid, '2-0', 2],
      [sid, '3-0', 4],
    ]);
    expect((await three.message()).header).toHaveLength(2);
    await Promise.all([one.close(), three.close()]);
  });

  it.each([
    ['-', ['5-0']],
    ['*', ['5-0']],
    ['-&latest=false', ['1-0', '2-0', '3-0', '4-0', '5-0']],
    ['0', ['1-0', '2-0', '3-0', '4-0', '5-0']],
    ['2-0', ['3-0', '4-0', '5-0']],
    ['2', ['3-0', '4-0', '5-0']],
    ['2-0&latest=True', ['5-0']],
  ])('begins with last_entry_id=%s at %j (75)', async (query, expected) => {
    const sid = uniqueName('s');
    await fill(sid, 1, 5);
    const socket = await client.pull(`${sid}/pull?last_entry_id=${query}`);
    expect(ids(await take(socket, expected.length))).toEqual(expected);
    await fill(sid, 6, 6);
    expect((await socket.message()).header).toEqual([[sid, '6-0', 0]]);
    await socket.close();
  });

  it('skips to the newest entry when it begins from now, and to none when latest is off (75)', async () => {
    const sid = uniqueName('s');
    const newest = await client.pull(`${sid}/pull?ack=1`);
    const every = await client.pull(`${sid}/pull?ack=1&latest=0`);
    await store.followers(2);
    await fill(sid, 1, 1);
    expect((await newest.message()).header).toEqual([[sid, '1-0', 0]]);
    await fill(sid, 2, 4);
    newest.send('ok');
    expect((await newest.message()).header).toEqual([[sid, '4-0', 0]]);
    expect(ids(await take(every, 4, ''))).toEqual(['1-0', '2-0', '3-0', '4-0']);
    await Promise.all([newest.close(), every.close()]);
  });

  it('takes a position for each stream, given out in turn', async () => {
    const [a, b, c] = [uniqueName('a'), uniqueName('b'), uniqueName('c')];
    for (const sid of [a, b, c]) await fill(sid, 1, 2);
    const socket = await client.pull(`${a}+${b}+${c}/pull?last_entry_id=0+1-0&latest=0`);
    const first = await take(socket, 3);
    expect(first.map(({ sid, id }) => [sid, id])).toEqual([
      [a, '1-0'],
      [b, '2-0'],
      [c, '1-0'],
    ]);
    await socket.close();
  });

  it('ends with 1000 when nothing comes for as long as timeout says, having sent nothing (77)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1, 1);
    const socket = await client.pull(`${sid}/pull?timeout=50`);
    expect(await socket.closed).toEqual({ code: 1000, reason: 'nothing came for 50 ms' });
    expect(socket.pending).toBe(0);
    const rounds = await client.pull(`${sid}+other/pull?timeout=1000&last_entry_id=0`);
    expect((await rounds.message()).header).toEqual([[sid, '1-0', 0]]);
    expect((await rounds.closed).code).toBe(1000);
  });

  it.each(['', '&ack=1'])('does not take a log that is slow for one that has nothing (%j)', async (query) => {
    const sid = uniqueName('s');
    await fill(sid, 1, 1);
    await store.redis.command('CLIENT', 'PAUSE', 400, 'ALL');
    const socket = await client.pull(`${sid}/pull?timeout=20&last_entry_id=0${query}`);
    expect((await socket.message()).header).toEqual([[sid, '1-0', 0]]);
    socket.send('');
    expect((await socket.closed).code).toBe(1000);
  });

  it('does not count the time for which it waits for an ack', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1, 2);
    const socket = await client.pull(`${sid}/pull?timeout=1000&last_entry_id=0&ack=1`);
    await socket.message();
    // Another socket of the same timeout ends meanwhile.
    const other = await client.pull(`${uniqueName('s')}/pull?timeout=1200`);
    await other.closed;
    socket.send('');
    expect((await socket.message()).header).toEqual([[sid, '2-0', 0]]);
    socket.send('');
    expect((await socket.closed).code).toBe(1000);
  });

  it.each<[string, string | Buffer]>([
    ['text', 'ok'],
    ['empty text', ''],
    ['binary', Buffer.from('ok')],
    ['empty binary', Buffer.alloc(0)],
  ])('waits with ack for a frame of any kind: %s (78)', async (_kind, frame) => {
    const sid = uniqueName('s');
    await fill(sid, 1, 3);
    const socket = await client.pull(`${sid}/pull?last_entry_id=0&ack=True`);
    expect((await socket.message()).header).toEqual([[sid, '1-0', 0]]);
    // Another reader of all of it shows that the second one was there to be sent.
    const other = await client.pull(`${sid}/pull?last_entry_id=0`);
    await take(other, 3);
    expect(socket.pending).toBe(0);
    socket.send(frame);
    expect((await socket.message()).header).toEqual([[sid, '2-0', 0]]);
    await Promise.all([socket.close(), other.close()]);
  });

  it('sends a message a stream with onebyone, the streams taking turns (79)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    for (const sid of [a, b]) await fill(sid, 1, 3);
    const socket = await client.pull(`${a}+${b}/pull?last_entry_id=0&onebyone=1&count=2&ack=1`);
    const messages: Entry[][] = [];
    while (messages.flat().length < 6) {
      messages.push(cutStarts(await socket.message()));
      socket.send('');
    }
    for (const message of messages) expect(new Set(message.map(({ sid }) => sid)).size).toBe(1);
    expect(messages.slice(0, 2).map((message) => message[0]?.sid)).toEqual([a, b]);
    for (const name of [a, b]) {
      expect(ids(messages.flat().filter(({ sid }) => sid === name))).toEqual(['1-0', '2-0', '3-0']);
    }
    await socket.close();
  });

  it('sends no faster than rate_limit says, and holds nobody else up (80)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1, 20);
    const slow = await client.pull(`${sid}/pull?last_entry_id=0&rate_limit=3600`);
    const paced = await client.pull(`${sid}/pull?last_entry_id=0&rate_limit=0.02`);
    const free = await client.pull(`${sid}/pull?last_entry_id=0`);
    expect((await slow.message()).header).toEqual([[sid, '1-0', 0]]);
    expect(await take(free, 20)).toHaveLength(20);
    const startedAt = performance.now();
    expect(ids(await take(paced, 4))).toEqual(['1-0', '2-0', '3-0', '4-0']);
    expect(performance.now() - startedAt).toBeGreaterThan(15);
    expect(slow.pending).toBe(0);
    await Promise.all([slow.close(), paced.close(), free.close()]);
  });

  it.each(['lead', '0'])('moves streams up to the one that leads by %s, and repeats nothing (81)', async (how) => {
    const [lead, fast] = [uniqueName('lead'), uniqueName('fast')];
    for (const n of [1, 5, 9]) await store.add(`default:${lead}`, 'l', `${n}-0`);
    for (const n of [2, 3, 4, 6, 7, 8, 10]) await store.add(`default:${fast}`, 'f', `${n}-0`);
    const sync = how === 'lead' ? lead : how;
    const socket = await client.pull(`${lead}+${fast}/pull?last_entry_id=0&time_sync_id=${sync}&ack=1`);
    const all: Entry[] = [];
    while (
      !all.some(({ sid, id }) => sid === fast && id === '10-0') ||
      all.filter(({ sid }) => sid === lead).length < 3
    ) {
      const message = cutStarts(await socket.message());
      const ledBefore = all.findLast(({ sid }) => sid === lead);
      for (const { sid, id } of message) {
        if (sid === fast && ledBefore !== undefined) {
          expect(Number.parseInt(id, 10)).toBeGreaterThan(Number.parseInt(ledBefore.id, 10));
        }
      }
      all.push(...message);
      socket.send('');
    }
    expect(new Set(all.map(({ sid, id }) => sid + id)).size).toBe(all.length);
    expect(ids(all.filter(({ sid }) => sid === lead))).toEqual(['1-0', '5-0', '9-0']);
    await fill(fast, 11, 11);
    expect((await socket.message()).header).toEqual([[fast, '11-0', 0]]);
    await socket.close();
  });

  it('tells lost entries only to who asks for gaps', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1, 5);
    await store.redis.command('XTRIM', `default:${sid}`, 'MAXLEN', 1);
    const told = await client.pull(`${sid}/pull?last_entry_id=1-0&gaps=1`);
    const untold = await client.pull(`${sid}/pull?last_entry_id=1-0`);
    expect(await told.json()).toMatchObject({ gap: { sid, after: '1-0', next: '5-0' } });
    expect((await told.message()).header).toEqual([[sid, '5-0', 0]]);
    expect((await untold.message()).header).toEqual([[sid, '5-0', 0]]);
    await Promise.all([told.close(), untold.close()]);
  });

  it('follows what the redis-streamer dialect pushes', async () => {
    const sid = uniqueName('s');
    const pull = await client.pull(`${sid}/pull`);
    await store.followers(1);
    const push = await TestSocket.open(`${store.ws}/data/${sid}/push`);
    push.push([5], 'hello');
    expect((await pull.message()).payload.toString()).toBe('hello');
    await Promise.all([pull.close(), push.close()]);
  });

  it('takes names as they are encoded, and shows each stream once (10)', async () => {
    const sid = `${uniqueName('n')}+ä /x`;
    await store.add(`default:${sid}`, 'x', '1-0');
    const name = encodeURIComponent(sid);
    const socket = await client.pull(`${name}+default:${name}/pull?last_entry_id=0`);
    expect(await socket.message()).toEqual({ header: [[sid, '1-0', 0]], payload: Buffer.from('x') });
    await socket.close();
  });

  it('leaves no reader behind when idle clients go (45)', async () => {
    const sid = uniqueName('s');
    const sockets = await Promise.all(Array.from({ length: 20 }, () => client.pull(`${sid}+${sid}2/pull`)));
    await store.followers(40);
    for (const socket of sockets) socket.ws.terminate();
    await store.followers(0);
  });

  it.each([
    'last_entry_id=x',
    'last_entry_id=',
    'latest=maybe',
    'count=x',
    'count=-1',
    'timeout=-1',
    'rate_limit=-1',
    'rate_limit=inf',
    'ack=2',
    'time_sync_id=nobody',
    'time_sync_id=2',
    'time_sync_id=-1',
    'time_sync_id=',
  ])('refuses %s with 403 before the handshake', async (query) => {
    await expect(client.pull(`a+b/pull?${query}`)).rejects.toEqual(new Refused(403));
  });

  it.each(['sluice:x', 'a%00b', '%ff', 'a++b'])('refuses the name %s with 403', async (sid) => {
    await expect(client.pull(`${sid}/pull`)).rejects.toEqual(new Refused(403));
  });

  it('ignores parameters that it does not know (6), and takes booleans in every spelling (7)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1, 1);
    for (const latest of ['0', 'False', 'f', 'no', 'N', 'OFF']) {
      const socket = await client.pull(`${sid}/pull?last_entry_id=-&latest=${latest}&batch=True&x=y`);
      expect((await socket.message()).header).toEqual([[sid, '1-0', 0]]);
      await socket.close();
    }
  });
});
