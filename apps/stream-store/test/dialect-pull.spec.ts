import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { Refused, TestSocket, cut } from './support/socket.js';
import { startStore, type Store } from './support/store.js';

let store: Store;

beforeAll(async () => {
  store = await startStore();
});

afterAll(async () => {
  await store.close();
});

function pull(path: string): Promise<TestSocket> {
  return TestSocket.open(`${store.ws}/data/${path}`);
}

/** Appends entries with ids `1-0`, `2-0` … and payloads `e1`, `e2` … */
async function fill(sid: string, entries: number): Promise<void> {
  for (let n = 1; n <= entries; n++) await store.add(`default:${sid}`, `e${n}`, `${n}-0`);
}

/** Takes messages until so many entries came. */
async function take(socket: TestSocket, entries: number): Promise<{ sid: string; id: string; text: string }[]> {
  const all: { sid: string; id: string; text: string }[] = [];
  while (all.length < entries) all.push(...cut(await socket.message()));
  return all;
}

describe('a pull socket', () => {
  it('starts from now (34)', async () => {
    const sid = uniqueName('s');
    await store.add(`default:${sid}`, 'before');
    const socket = await pull(`${sid}/pull?block=60000`);
    await store.followers(1);
    const id = await store.add(`default:${sid}`, 'after');
    expect(await socket.message()).toEqual({ header: [[sid, id, 5]], payload: Buffer.from('after') });
    await socket.close();
  });

  it('gives every entry from the first on, one a message (35)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 5);
    const socket = await pull(`${sid}/pull?last_entry_id=0`);
    for (let n = 1; n <= 5; n++) {
      expect(await socket.message()).toEqual({ header: [[sid, `${n}-0`, 2]], payload: Buffer.from(`e${n}`) });
    }
    await store.add(`default:${sid}`, 'e6', '6-0');
    expect((await socket.message()).header).toEqual([[sid, '6-0', 2]]);
    await socket.close();
  });

  it('takes - for the first entry, an id for what follows it, a bare time for its first', async () => {
    const sid = uniqueName('s');
    await fill(sid, 3);
    for (const [from, first] of [
      ['-', '1-0'],
      ['0', '1-0'],
      ['1-0', '2-0'],
      ['2', '3-0'],
    ]) {
      const socket = await pull(`${sid}/pull?last_entry_id=${from}`);
      expect((await socket.message()).header[0]?.[1]).toBe(first);
      await socket.close();
    }
  });

  it('gives up to count entries a message, with cumulative ends (36)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 7);
    const socket = await pull(`${sid}/pull?last_entry_id=0&count=3`);
    const first = await socket.message();
    expect(first.header).toEqual([
      [sid, '1-0', 2],
      [sid, '2-0', 4],
      [sid, '3-0', 6],
    ]);
    expect(first.payload.toString()).toBe('e1e2e3');
    expect((await socket.message()).header).toHaveLength(3);
    expect((await socket.message()).header).toEqual([[sid, '7-0', 2]]);
    await socket.close();
  });

  it('takes count 0 as 1 (36)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 2);
    const socket = await pull(`${sid}/pull?last_entry_id=0&count=0`);
    expect((await socket.message()).header).toHaveLength(1);
    await socket.close();
  });

  it('counts ends over all streams of a message (37)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    await fill(a, 2);
    await fill(b, 1);
    const socket = await pull(`${a}+${b}/pull?last_entry_id=0&count=5`);
    const { header, payload } = await socket.message();
    expect(header).toEqual([
      [a, '1-0', 2],
      [a, '2-0', 4],
      [b, '1-0', 6],
    ]);
    expect(payload.toString()).toBe('e1e2e1');
    await store.add(`default:${b}`, 'news', '2-0');
    expect((await socket.message()).header).toEqual([[b, '2-0', 4]]);
    await socket.close();
  });

  it('takes one position per stream, joined by + (37)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    await fill(a, 3);
    await fill(b, 3);
    for (const plus of ['+', '%2B']) {
      const socket = await pull(`${a}+${b}/pull?last_entry_id=2-0${plus}1-0&count=9`);
      expect((await socket.message()).header.map(([sid, id]) => [sid, id])).toEqual([
        [a, '3-0'],
        [b, '2-0'],
        [b, '3-0'],
      ]);
      await socket.close();
    }
  });

  it('with latest gives the newest, newest first, and goes on behind them (38)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 6);
    const one = await pull(`${sid}/pull?last_entry_id=0&latest=1`);
    expect((await one.message()).header).toEqual([[sid, '6-0', 2]]);
    const three = await pull(`${sid}/pull?last_entry_id=0&latest=True&count=3`);
    expect((await three.message()).header.map(([, id]) => id)).toEqual(['6-0', '5-0', '4-0']);
    await store.add(`default:${sid}`, 'e7', '7-0');
    expect((await one.message()).header).toEqual([[sid, '7-0', 2]]);
    expect((await three.message()).header).toEqual([[sid, '7-0', 2]]);
    await Promise.all([one.close(), three.close()]);
  });

  it('with latest and acks drops what came meanwhile (38)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1);
    const socket = await pull(`${sid}/pull?last_entry_id=0&latest=1&ack=1`);
    expect((await socket.message()).header).toEqual([[sid, '1-0', 2]]);
    for (let n = 2; n <= 9; n++) await store.add(`default:${sid}`, `e${n}`, `${n}-0`);
    socket.send('ok');
    expect((await socket.message()).header).toEqual([[sid, '9-0', 2]]);
    socket.send('ok');
    await store.add(`default:${sid}`, 'e10', '10-0');
    expect((await socket.message()).header).toEqual([[sid, '10-0', 3]]);
    await socket.close();
  });

  it('with latest of several streams gives the newest of each, in the order of the path (38)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    await fill(a, 3);
    await fill(b, 2);
    const socket = await pull(`${b}+${a}/pull?last_entry_id=0&latest=1`);
    expect((await socket.message()).header).toEqual([
      [b, '2-0', 2],
      [a, '3-0', 4],
    ]);
    await socket.close();
  });

  it.each([
    ['with headers', '', true],
    ['without headers', '&header=0', false],
  ])('sends an idle message each block %s (39)', async (_title, option, hasHeader) => {
    const socket = await pull(`${uniqueName('idle')}/pull?block=60${option}`);
    for (let n = 0; n < 3; n++) {
      if (hasHeader) expect(await socket.json()).toEqual([]);
      expect(await socket.binary()).toEqual(Buffer.alloc(0));
    }
    await socket.close();
  });

  it('waits for an ack after each message, idle ones too, text or binary (40)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 3);
    const socket = await pull(`${sid}/pull?last_entry_id=0&ack=1&block=80`);
    expect((await socket.message()).header).toEqual([[sid, '1-0', 2]]);
    expect(socket.pending).toBe(0);
    socket.send('ok');
    expect((await socket.message()).header).toEqual([[sid, '2-0', 2]]);
    socket.send(Buffer.alloc(0));
    expect((await socket.message()).header).toEqual([[sid, '3-0', 2]]);
    socket.send('ok');
    expect((await socket.message()).header).toEqual([]);
    await store.add(`default:${sid}`, 'e4', '4-0');
    socket.send('ok');
    expect((await socket.message()).header).toEqual([[sid, '4-0', 2]]);
    await socket.close();
  });

  it('sends nothing more while an ack is due, however much comes (40)', async () => {
    const sid = uniqueName('s');
    const socket = await pull(`${sid}/pull?last_entry_id=0&ack=1&block=20`);
    await socket.message();
    await fill(sid, 20);
    const other = await pull(`${sid}/pull?last_entry_id=0`);
    await take(other, 20);
    expect(socket.pending).toBe(0);
    for (let n = 1; n <= 20; n++) {
      socket.send('ok');
      expect((await socket.message()).header).toEqual([[sid, `${n}-0`, n < 10 ? 2 : 3]]);
    }
    await Promise.all([socket.close(), other.close()]);
  });

  it('spaces messages by max_fps without losing any (41)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 6);
    const socket = await pull(`${sid}/pull?last_entry_id=0&max_fps=20`);
    const startedAt = performance.now();
    const ids = (await take(socket, 6)).map(({ id }) => id);
    expect(ids).toEqual(['1-0', '2-0', '3-0', '4-0', '5-0', '6-0']);
    // Five pauses of 50 ms; timers may be early by a millisecond, never by more.
    expect(performance.now() - startedAt).toBeGreaterThan(5 * 49);
    await socket.close();
  });

  it('goes on after every pause of max_fps, without an idle message to wake it', async () => {
    const sid = uniqueName('s');
    await fill(sid, 60);
    const socket = await pull(`${sid}/pull?last_entry_id=0&max_fps=200&block=0`);
    expect(await take(socket, 60)).toHaveLength(60);
    await socket.close();
  });

  it('shows names without device and prefix, or whole where asked (42)', async () => {
    const sid = uniqueName('s');
    await store.add(`cam1:left/${sid}`, 'x', '1-0');
    for (const [option, shown] of [
      ['', sid],
      ['&keep_device_id_in_stream_id=1', `cam1:left/${sid}`],
      ['&keep_device_id_in_stream_id=false', sid],
    ]) {
      const socket = await pull(`${sid}/pull?device_id=cam1&prefix=left/&last_entry_id=0${option}`);
      expect((await socket.message()).header).toEqual([[shown, '1-0', 1]]);
      await socket.close();
    }
  });

  it('gives 12 entries of one millisecond each exactly once (43)', async () => {
    const sid = uniqueName('s');
    for (let n = 0; n < 12; n++) await store.add(`default:${sid}`, `e${n}`, `5-${n}`);
    const socket = await pull(`${sid}/pull?last_entry_id=0&count=12`);
    expect((await take(socket, 12)).map(({ id }) => id)).toEqual(Array.from({ length: 12 }, (_, n) => `5-${n}`));
    await store.add(`default:${sid}`, 'next', '5-12');
    expect((await socket.message()).header).toEqual([[sid, '5-12', 4]]);
    await socket.close();
  });

  it('follows entries with back-dated ids and ids of one millisecond from now on (44)', async () => {
    const sid = uniqueName('s');
    await store.add(`default:${sid}`, 'old', '1000-0');
    const socket = await pull(`${sid}/pull`);
    await store.followers(1);
    await store.add(`default:${sid}`, 'a', '1000-1');
    await store.add(`default:${sid}`, 'b', '1000-2');
    expect((await take(socket, 2)).map(({ id }) => id)).toEqual(['1000-1', '1000-2']);
    await socket.close();
  });

  it('leaves no reader behind when idle clients come and go, politely or not (45)', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 100 }, (_, n) => pull(`idle${n % 7}/pull?block=${n % 2 === 0 ? 0 : 5000}`)),
    );
    await store.followers(100);
    await Promise.all(
      sockets.map((socket, n) => {
        if (n % 2 === 0) return socket.close();
        socket.ws.terminate();
        return socket.closed;
      }),
    );
    await store.followers(0);
  });

  it('passes over entries of other tools without field d (46)', async () => {
    const sid = uniqueName('s');
    const key = `default:${sid}`;
    await store.add(key, 'a', '1-0');
    await store.redis.command('XADD', key, '2-0', 'other', 'x');
    await store.redis.command('XADD', key, '3-0', 'other', 'x', 'd', 'b');
    const socket = await pull(`${sid}/pull?last_entry_id=0`);
    expect((await take(socket, 2)).map(({ id, text }) => [id, text])).toEqual([
      ['1-0', 'a'],
      ['3-0', 'b'],
    ]);
    await socket.close();
  });

  it('without headers sends the payloads alone, of several streams too', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    await fill(a, 2);
    await fill(b, 1);
    const one = await pull(`${a}/pull?header=0&last_entry_id=0&count=2`);
    expect((await one.binary()).toString()).toBe('e1e2');
    const two = await pull(`${a}+${b}/pull?header=0&last_entry_id=0`);
    expect((await two.binary()).toString()).toBe('e1e1');
    expect((await two.binary()).toString()).toBe('e2');
    await Promise.all([one.close(), two.close()]);
  });

  it('tells starts instead of ends where asked', async () => {
    const sid = uniqueName('s');
    await fill(sid, 3);
    const socket = await pull(`${sid}/pull?last_entry_id=0&count=3&offsets=start`);
    expect((await socket.message()).header.map(([, , offset]) => offset)).toEqual([0, 2, 4]);
    await socket.close();
  });
});

describe('a pull of every stream that matches', () => {
  it('follows all devices, and streams that appear join from their first entry', async () => {
    const sid = uniqueName('wild');
    await store.add(`cam1:${sid}`, 'old', '1-0');
    const socket = await pull(`${sid}/pull?device_id=*&block=0`);
    await store.followers(1);
    await store.add(`cam1:${sid}`, 'new', '2-0');
    expect(await socket.message()).toEqual({ header: [[`cam1:${sid}`, '2-0', 3]], payload: Buffer.from('new') });
    const push = await TestSocket.open(`${store.ws}/data/${sid}/push?device_id=cam2`);
    push.push([5], 'first');
    const { header, payload } = await socket.message();
    expect(header[0]?.[0]).toBe(`cam2:${sid}`);
    expect(payload.toString()).toBe('first');
    await Promise.all([socket.close(), push.close()]);
  });

  it('follows names by pattern, of one device, named without it', async () => {
    const stem = uniqueName('stem');
    await store.add(`default:${stem}-a`, 'a', '1-0');
    await store.add(`default:${stem}-b`, 'b', '1-0');
    await store.add(`other:${stem}-c`, 'c', '1-0');
    const socket = await pull(`${stem}-*/pull?last_entry_id=0&block=0`);
    const names = (await take(socket, 2)).map(({ sid }) => sid);
    expect(names.sort()).toEqual([`${stem}-a`, `${stem}-b`]);
    expect(socket.pending).toBe(0);
    await socket.close();
  });
});

describe('an upgrade to a pull socket is refused with 403', () => {
  it.each([
    ['an empty position', 'a/pull?last_entry_id='],
    ['a position that is none', 'a/pull?last_entry_id=soon'],
    ['more positions than streams', 'a/pull?last_entry_id=1-0%2B2-0'],
    ['a count that is no number', 'a/pull?count=many'],
    ['a negative count', 'a/pull?count=-1'],
    ['a negative block', 'a/pull?block=-1'],
    ['a flag that is none', 'a/pull?latest=newest'],
    ['several entries of several streams without headers', 'a+b/pull?header=0&count=2'],
    ['an unknown path', 'a/pulls'],
  ])('%s', async (_title, path) => {
    await expect(pull(path)).rejects.toEqual(new Refused(403));
  });

  it('not for parameters that nobody knows (6)', async () => {
    const socket = await pull('a/pull?batch=1&speed=high');
    await socket.close();
  });
});
