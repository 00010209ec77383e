import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { encodeName, encodePackedPush, encodePush } from '@sluice/wire';
import { startStore, type Store } from './support/store.js';
import { TestSocket } from './support/socket.js';
import { V1Client } from './support/v1-socket.js';

let store: Store;

beforeAll(async () => {
  store = await startStore();
});

afterAll(async () => {
  await store.close();
});

describe('sluice.v1', () => {
  it('greets with its version, limits and what an ack promises', async () => {
    const socket = await TestSocket.open(`${store.ws}/v1/socket`, {}, ['other', 'sluice.v1']);
    expect(socket.ws.protocol).toBe('sluice.v1');
    expect(await socket.json()).toEqual({
      hello: { version: 1, server: 'sluice', maxMessageBytes: 16 * 1024 * 1024, durability: 'everysec' },
    });
    await socket.close();
  });

  it('answers pings', async () => {
    const client = await V1Client.open(store);
    client.say({ op: 'ping', n: 7 });
    expect(await client.control('pong')).toEqual({ n: 7 });
    await client.close();
  });
});

describe('pushes of sluice.v1', () => {
  it('are stored as entries of the stream named, with their fields, and acknowledged by tag with ids', async () => {
    const name = uniqueName('s');
    const client = await V1Client.open(store);
    client.push({ tag: 5, wantsIds: true }, name, [
      'a',
      { payload: Buffer.from('b'), fields: [{ name: 'k', value: Buffer.from('v') }] },
    ]);
    const { tag, ids } = await client.ack();
    expect(tag).toBe(5);
    expect((await store.entries(`default:${name}`)).map(({ id }) => id)).toEqual(ids);
    const [, second] = (await store.redis.command('XRANGE', `default:${name}`, '-', '+')) as [string, string[]][];
    expect(second?.[1]).toEqual(['d', 'b', 'k', 'v']);
    await client.close();
  });

  it('are acknowledged together: one ack names the last of many', async () => {
    const name = uniqueName('dev:s');
    const client = await V1Client.open(store);
    for (let tag = 1; tag <= 500; tag++) client.push({ tag, acks: true }, name, [`e${tag}`]);
    let acks = 0;
    for (let last = 0; last < 500; acks++) last = (await client.ack()).tag;
    expect(acks).toBeLessThan(500);
    expect(await store.entries(name)).toHaveLength(500);
    await client.close();
  });

  it('with explicit ids are stored together or not at all, and a refusal leaves the socket open', async () => {
    const name = uniqueName('s');
    const client = await V1Client.open(store);
    const entry = (id: string) => ({ id, payload: Buffer.from(id) });
    client.push({ tag: 1, wantsIds: true }, name, [entry('5-0'), entry('6-*')]);
    expect(await client.ack()).toEqual({ tag: 1, ids: ['5-0', '6-0'] });
    client.push({ tag: 2, acks: true }, name, [entry('7-0'), entry('3-0')]);
    expect(await client.control('error')).toMatchObject({ code: 'ID_NOT_ABOVE_LAST', tag: 2, retryable: false });
    expect(await client.ack()).toEqual({ tag: 2, ids: [] });
    client.push({ tag: 3, acks: true }, name, [entry('8-0')]);
    expect((await client.ack()).tag).toBe(3);
    expect((await store.entries(`default:${name}`)).map(({ id }) => id)).toEqual(['5-0', '6-0', '8-0']);
    await client.close();
  });

  it('keep their order when some are stored together and others one by one', async () => {
    const name = uniqueName('s');
    const client = await V1Client.open(store);
    const entry = (id: string) => ({ id, payload: Buffer.from(id) });
    for (let n = 1; n <= 60; n += 3) {
      client.push({ tag: n }, name, [entry(`${n}-0`)]);
      client.push({ tag: n + 1 }, name, [entry(`${n + 1}-0`), entry(`${n + 1}-1`)]);
      client.push({ tag: n + 2, acks: true }, name, [entry(`${n + 2}-0`)]);
    }
    for (let last = 0; last < 60;) last = (await client.ack()).tag;
    expect(await store.entries(`default:${name}`)).toHaveLength(80);
    await client.close();
  });

  it('with an idempotency key are stored once, also over another socket, and answered with the same ids', async () => {
    const name = uniqueName('s');
    const ids: (readonly string[])[] = [];
    for (let n = 0; n < 2; n++) {
      const client = await V1Client.open(store);
      client.push({ tag: 1, wantsIds: true, key: 'k1' }, name, ['a', 'b']);
      ids.push((await client.ack()).ids);
      await client.close();
    }
    expect(ids[1]).toEqual(ids[0]);
    const client = await V1Client.open(store);
    client.push({ tag: 1, acks: true, key: 'k1' }, name, ['other']);
    expect(await client.control('error')).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(await store.entries(`default:${name}`)).toHaveLength(2);
    await client.close();
  });

  it('that are packed are one Redis entry, and single entries to every reader', async () => {
    const name = uniqueName('s');
    const client = await V1Client.open(store);
    const payloads = ['a', 'bb', 'ccc'].map((text) => Buffer.from(text));
    client.socket.send(
      Buffer.from(encodePackedPush({ tag: 1, wantsIds: true }, encodeName(`default:${name}`), payloads)),
    );
    const [id] = (await client.ack()).ids as [string];
    expect(await store.redis.command('XLEN', `default:${name}`)).toBe(1);
    client.say({ op: 'follow', sub: 1, streams: { [name]: '-' } });
    await client.control('following');
    expect((await client.entries(3)).map((entry) => [entry.id, entry.text])).toEqual([
      [`${id}/0`, 'a'],
      [`${id}/1`, 'bb'],
      [`${id}/2`, 'ccc'],
    ]);
    client.say({ op: 'follow', sub: 2, streams: { [name]: `${id}/0` } });
    await client.control('following');
    expect((await client.entries(2)).map((entry) => entry.id)).toEqual([`${id}/1`, `${id}/2`]);
    client.say({ op: 'follow', sub: 3, streams: { [name]: '-' }, latest: 2 });
    await client.control('following');
    expect((await client.entries(2)).map((entry) => entry.id)).toEqual([`${id}/2`, `${id}/1`]);
    const pull = await TestSocket.open(`${store.ws}/data/${name}/pull?last_entry_id=${id}/0&count=5`);
    expect((await pull.message()).header).toEqual([
      [name, `${id}/1`, 2],
      [name, `${id}/2`, 5],
    ]);
    await Promise.all([client.close(), pull.close()]);
  });

  it.each<[string, (client: V1Client) => void, number, string]>([
    ['a frame of another kind', ({ socket }) => socket.send(Buffer.from([2, 0, 0, 0, 0, 1])), 1007, 'INVALID_FRAME'],
    ['a cut frame', ({ socket }) => socket.send(push('x').subarray(0, 12)), 1007, 'INVALID_FRAME'],
    ['unknown flags', ({ socket }) => socket.send(withFlags(push('x'), 128)), 1007, 'INVALID_FRAME'],
    [
      'a tag that does not rise',
      (client) => [2, 2].forEach((tag) => client.push({ tag }, 's', ['a'])),
      1007,
      'INVALID_FRAME',
    ],
    ['a name of our own', ({ socket }) => socket.send(push('sluice:x')), 1008, 'INVALID_NAME'],
    ['text that is not JSON', ({ socket }) => socket.send('hello'), 1007, 'INVALID_HEADER'],
    ['an unknown operation', (client) => client.say({ op: 'dance' }), 1007, 'INVALID_HEADER'],
  ])('are ended by %s, with the reason', async (_title, act, code, name) => {
    const client = await V1Client.open(store);
    act(client);
    expect(await client.socket.closed).toMatchObject({ code, reason: expect.stringContaining(name) });
  });
});

describe('subscriptions of sluice.v1', () => {
  it('tell where they start, and give what follows', async () => {
    const [a, b] = [uniqueName('s'), uniqueName('cam:s')];
    await store.add(`default:${a}`, 'a1', '1-0');
    await store.add(b, 'b1', '1-0');
    const client = await V1Client.open(store);
    client.say({ op: 'follow', sub: 3, streams: { [a]: '$', [b]: '-' } });
    expect(await client.control('following')).toEqual({ sub: 3, streams: { [`default:${a}`]: '1-0', [b]: '0-0' } });
    expect(await client.entries(1)).toEqual([{ sub: 3, stream: b, id: '1-0', text: 'b1' }]);
    await store.add(`default:${a}`, 'a2', '2-0');
    expect(await client.entries(1)).toEqual([{ sub: 3, stream: `default:${a}`, id: '2-0', text: 'a2' }]);
    client.say({ op: 'unfollow', sub: 3 });
    expect(await client.control('unfollowed')).toEqual({ sub: 3 });
    await store.followers(0);
    await client.close();
  });

  it('give extra fields where asked, newest first with latest, and frames of the size asked for', async () => {
    const key = `default:${uniqueName('s')}`;
    await store.redis.command('XADD', key, '1-0', 'd', 'x'.repeat(60), 'unit', 'C');
    await store.add(key, 'y'.repeat(60), '2-0');
    const client = await V1Client.open(store);
    client.say({ op: 'follow', sub: 1, streams: { [key]: '-' }, fields: true });
    await client.control('following');
    expect((await client.entries(2)).map(({ fields }) => fields)).toEqual([{ unit: 'C' }, {}]);
    client.say({ op: 'follow', sub: 2, streams: { [key]: '-' }, latest: 2 });
    await client.control('following');
    expect((await client.entries(2)).map(({ id }) => id)).toEqual(['2-0', '1-0']);
    client.say({ op: 'follow', sub: 3, streams: { [key]: '-' }, batchBytes: 100 });
    await client.control('following');
    expect((await client.entries(1)).map(({ id }) => id)).toEqual(['1-0']);
    expect((await client.entries(1)).map(({ id }) => id)).toEqual(['2-0']);
    await client.close();
  });

  it('by pattern begin with the streams there are and say which join', async () => {
    const stem = uniqueName('cam');
    await store.add(`${stem}1:a`, 'old', '1-0');
    const client = await V1Client.open(store);
    client.say({ op: 'follow', sub: 1, streams: {}, patterns: [`${stem}*:*`] });
    expect(await client.control('following')).toEqual({ sub: 1, streams: { [`${stem}1:a`]: '1-0' } });
    client.push({ tag: 1 }, `${stem}2:b`, ['first']);
    expect(await client.control('joined')).toEqual({ sub: 1, sid: `${stem}2:b`, after: '0-0' });
    expect(await client.entries(1)).toMatchObject([{ stream: `${stem}2:b`, text: 'first' }]);
    await client.close();
  });

  it('send no more than the window until it is credited', async () => {
    const key = `default:${uniqueName('s')}`;
    const client = await V1Client.open(store);
    client.say({ op: 'follow', sub: 1, streams: { [key]: '$' }, windowBytes: 10 });
    await client.control('following');
    await store.add(key, 'first one', '1-0');
    expect(await client.entries(1)).toHaveLength(1);
    await store.add(key, 'second', '2-0');
    client.say({ op: 'ping', n: 1 });
    expect(await client.control('pong')).toEqual({ n: 1 });
    expect(client.socket.pending).toBe(0);
    client.say({ op: 'credit', sub: 1, bytes: 1000 });
    expect(await client.entries(1)).toMatchObject([{ id: '2-0' }]);
    await client.close();
  });

  it('space their frames by maxFps without losing entries', async () => {
    const key = `default:${uniqueName('s')}`;
    const client = await V1Client.open(store);
    client.say({ op: 'follow', sub: 1, streams: { [key]: '$' }, maxFps: 20 });
    await client.control('following');
    const ids: string[] = [];
    for (let n = 1; n <= 5; n++) ids.push(await store.add(key, `e${n}`));
    expect((await client.entries(5)).map(({ id }) => id)).toEqual(ids);
    await client.close();
  });

  it('tell a reset when the stream is made anew', async () => {
    const key = `default:${uniqueName('s')}`;
    await store.add(key, 'old', '9-0');
    const client = await V1Client.open(store);
    client.say({ op: 'follow', sub: 1, streams: { [key]: '$' } });
    await client.control('following');
    await store.add(key, 'live', '10-0');
    expect(await client.entries(1)).toHaveLength(1);
    await store.redis.command('DEL', key);
    await store.add(key, 'new', '1-0');
    expect(await client.control('reset')).toMatchObject({ sub: 1, sid: key, after: '10-0' });
    expect(await client.entries(1)).toMatchObject([{ id: '1-0', text: 'new' }]);
    await client.close();
  });

  it('tell a gap when entries were trimmed unread', async () => {
    const key = `default:${uniqueName('s')}`;
    for (let n = 1; n <= 10; n++) await store.add(key, `e${n}`, `${n}-0`);
    await store.redis.command('XTRIM', key, 'MINID', '8');
    const client = await V1Client.open(store);
    client.say({ op: 'follow', sub: 1, streams: { [key]: '3-0' } });
    await client.control('following');
    expect(await client.control('gap')).toMatchObject({ sub: 1, sid: key, after: '3-0', next: '8-0' });
    expect((await client.entries(3)).map(({ id }) => id)).toEqual(['8-0', '9-0', '10-0']);
    await client.close();
  });

  it('are refused without ending the socket: a number in use, a key that is no stream, an unknown number', async () => {
    const key = `default:${uniqueName('text')}`;
    await store.redis.command('SET', key, 'x');
    const client = await V1Client.open(store);
    client.say({ op: 'follow', sub: 1, streams: { a: '$' } });
    await client.control('following');
    client.say({ op: 'follow', sub: 1, streams: { b: '$' } });
    expect(await client.control('error')).toMatchObject({ code: 'INVALID_PARAMETER', sub: 1 });
    client.say({ op: 'follow', sub: 2, streams: { [key]: '$' } });
    expect(await client.control('error')).toMatchObject({ code: 'WRONG_KEY_TYPE', sub: 2 });
    client.say({ op: 'unfollow', sub: 9 });
    expect(await client.control('error')).toMatchObject({ code: 'NOT_FOUND', sub: 9 });
    await client.close();
  });
});

describe('groups of sluice.v1', () => {
  it('share entries out, give again what was not acknowledged, and confirm acks', async () => {
    const key = `default:${uniqueName('s')}`;
    const follow = { op: 'follow', sub: 1, streams: { [key]: '-' }, group: 'g' };
    const [one, two] = [await V1Client.open(store), await V1Client.open(store)];
    one.say({ ...follow, consumer: 'one' });
    await one.control('following');
    two.say({ ...follow, consumer: 'two' });
    await two.control('following');
    for (let n = 1; n <= 3; n++) await store.add(key, `e${n}`, `${n}-0`);
    await waitForEntries([one, two], 3);
    await two.close();
    const pending = await store.redis.command('XPENDING', key, 'g');
    expect(pending).toMatchObject([3, '1-0', '3-0', expect.anything()]);
    const [again] = [await V1Client.open(store)];
    again.say({ ...follow, consumer: 'two', claimIdleMs: 1 });
    await again.control('following');
    expect((await again.entries(3)).map(({ id }) => id).sort()).toEqual(['1-0', '2-0', '3-0']);
    again.say({ op: 'ack', sub: 1, stream: key, ids: ['1-0', '2-0', '3-0'] });
    expect(await again.control('acked')).toEqual({ sub: 1, stream: key, count: 3 });
    expect(((await store.redis.command('XPENDING', key, 'g')) as number[])[0]).toBe(0);
    await Promise.all([one.close(), again.close()]);
  });
});

describe('a group of sluice.v1 that cannot be read', () => {
  it('is told: a pattern at once, a group that is deleted when it is', async () => {
    const key = `default:${uniqueName('s')}`;
    const client = await V1Client.open(store);
    client.say({ op: 'follow', sub: 1, streams: {}, patterns: ['*'], group: 'g', consumer: 'c' });
    expect(await client.control('error')).toMatchObject({ code: 'INVALID_PARAMETER', sub: 1 });
    client.say({ op: 'follow', sub: 2, streams: { [key]: '$' }, group: 'g', consumer: 'c' });
    await client.control('following');
    await store.redis.command('XGROUP', 'DESTROY', key, 'g');
    await store.add(key, 'x');
    expect(await client.control('error')).toMatchObject({ code: 'GROUP_NOT_FOUND', sub: 2 });
    await client.close();
  });
});

/** Waits until the clients have so many entries between them. */
async function waitForEntries(clients: readonly V1Client[], count: number): Promise<void> {
  const received = new Set<string>();
  await Promise.race(
    clients.map(async (client) => {
      while (received.size < count) for (const { id } of await client.entries(1)) received.add(id);
    }),
  );
}

function push(name: string): Buffer {
  return Buffer.from(encodePush({ tag: 1 }, [{ name: encodeName(name), entries: [{ payload: Buffer.from('abc') }] }]));
}

function withFlags(frame: Buffer, flags: number): Buffer {
  frame[1] = flags;
  return frame;
}
