import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { TestGateway } from './support/gateway.js';
import { lab } from './support/lab.js';
import { StreamClient, type StreamMessage } from './support/socket.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start({ isSuite: true, application: lab({ stream: { heartbeatMs: 50 } }) });
});

afterAll(async () => {
  await gateway?.close();
});

const xOf = ({ data }: StreamMessage): unknown[] => (data ?? []).map(({ x }) => x);

describe('a subscription', () => {
  it('gets the next tick, the sender its own, and nothing from before', async () => {
    await gateway.post('/send/input', { x: 1 });
    const socket = await gateway.socket();
    socket.send({ action: 'subscribe', channel: 'input' });
    socket.send({ action: 'send', channel: 'input', data: { x: 2 } });
    const message = await socket.next('input');
    expect(message).toEqual({ channel: 'input', data: await gateway.list('/last/input') });
    expect(xOf(message)).toEqual([2]);
    expect(socket.messages).toEqual([]);
    await socket.close();
  });

  it('that is made twice gets each tick once, and ends when it is told to', async () => {
    const socket = await gateway.socket();
    socket.send({ action: 'subscribe', channel: 'input' });
    await socket.sync({ action: 'subscribe', channel: 'input', more: true });
    await gateway.post('/send/input', [{ x: 1 }, { x: 2 }]);
    expect([xOf(await socket.next('input')), xOf(await socket.next('input'))]).toEqual([[1], [2]]);
    await socket.sync({ action: 'unsubscribe', channel: 'input' });
    await gateway.post('/send/input', { x: 3 });
    await gateway.list('/last/input');
    await socket.sync({ action: 'subscribe', channel: 'input' });
    await gateway.post('/send/input', { x: 4 });
    expect(xOf(await socket.next('input'))).toEqual([4]);
    await socket.close();
  });

  it('of a channel of lists gets each list in one message', async () => {
    const socket = await gateway.socket();
    await socket.sync({ action: 'subscribe', channel: 'lists' });
    socket.send({ action: 'send', channel: 'lists', data: [{ x: 1 }, { x: 2 }] });
    expect(xOf(await socket.next('lists'))).toEqual([1, 2]);
    await socket.close();
  });

  it('of a basket gets one message for each key that ticks; of a key only that', async () => {
    const [all, one] = [await gateway.socket(), await gateway.socket()];
    await all.sync({ action: 'subscribe', channel: 'sides' });
    await one.sync({ action: 'subscribe', channel: 'sides', key: 2 });
    await gateway.post('/send/sides', { LEFT: { x: 1 }, RIGHT: { x: 2 } });
    expect(await all.next('sides')).toMatchObject({ key: 'LEFT', data: [{ x: 1 }] });
    expect(await all.next('sides')).toMatchObject({ key: 'RIGHT', data: [{ x: 2 }] });
    await all.sync({ action: 'unsubscribe', channel: 'sides', key: 'LEFT' });
    all.send({ action: 'send', channel: 'sides', key: 'LEFT', data: { x: 3 } });
    all.send({ action: 'send', channel: 'sides', key: 'RIGHT', data: { x: 4 } });
    expect(await all.next('sides')).toMatchObject({ key: 'RIGHT', data: [{ x: 4 }] });
    expect([await one.next('sides'), await one.next('sides')]).toMatchObject([
      { data: [{ x: 2 }] },
      { data: [{ x: 4 }] },
    ]);
    expect([all.messages, one.messages]).toEqual([[], []]);
    await Promise.all([all.close(), one.close()]);
  });

  it('to the heartbeat gets it every period; others do not', async () => {
    const [beating, other] = [await gateway.socket(), await gateway.socket()];
    await beating.sync({ action: 'subscribe', channel: 'heartbeat' });
    for (let beat = 0; beat < 3; beat++) expect((await beating.next('heartbeat')).data).toBe('PING');
    expect(other.messages).toEqual([]);
    await beating.sync({ action: 'unsubscribe', channel: 'heartbeat' });
    await Promise.all([beating.close(), other.close()]);
  });

  it('keeps the order of a burst, for 100 subscribers', async () => {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => gateway.socket()));
    await Promise.all(sockets.map((socket) => socket.sync({ action: 'subscribe', channel: 'input' })));
    const burst = Array.from({ length: 500 }, (_, x) => ({ x }));
    await gateway.post('/send/input', burst.slice(0, 250));
    await gateway.post('/send/input', burst.slice(250));
    await waitFor(() => sockets.every(({ messages }) => messages.length === 500));
    for (const { messages } of sockets) expect(messages.flatMap(xOf)).toEqual(burst.map(({ x }) => x));
    await Promise.all(sockets.map((socket) => socket.close()));
  });
});

describe('what is not understood', () => {
  it.each<[string, unknown]>([
    ['an unknown action', { action: 'dance', channel: 'input' }],
    ['no channel', { action: 'subscribe' }],
    ['a list as channel', { action: 'subscribe', channel: ['input'] }],
    ['an unknown channel', { action: 'subscribe', channel: 'nope' }],
    ['a name of every object', { action: 'subscribe', channel: '__proto__' }],
    ['an unknown key', { action: 'subscribe', channel: 'sides', key: 'UP' }],
    ['a null key', { action: 'subscribe', channel: 'sides', key: null }],
    ['an empty key', { action: 'subscribe', channel: 'sides', key: '' }],
    ['a key of a channel that is no basket', { action: 'subscribe', channel: 'input', key: 'A' }],
    ['a send to a basket without a key', { action: 'send', channel: 'sides', data: { x: 1 } }],
    ['a send without data', { action: 'send', channel: 'input' }],
    ['a send of nothing', { action: 'send', channel: 'input', data: {} }],
    ['a send of an empty list', { action: 'send', channel: 'input', data: [] }],
    ['a bad record among good ones', { action: 'send', channel: 'input', data: [{ x: 666 }, { x: 'a' }] }],
    ['a send to a channel that takes none', { action: 'send', channel: 'doubled', data: { x: 1 } }],
    ['a send to the heartbeat', { action: 'send', channel: 'heartbeat', data: { x: 1 } }],
    ['an unsubscribe of what is not subscribed', { action: 'unsubscribe', channel: 'lists' }],
    ['JSON that is no object', [1]],
    ['a text', '"x"'],
    ['null', 'null'],
    ['no JSON', '{'],
    ['deep JSON', '['.repeat(10_000)],
    ['a binary frame', Buffer.from('{"action":"subscribe","channel":"input"}')],
  ])('%s is ignored in silence; a socket that asked for errors is told', async (_case, bad) => {
    const [quiet, told] = [await gateway.socket(), await gateway.socket('/api/v1/stream?errors=1')];
    for (const socket of [quiet, told]) socket.send(bad);
    const { error } = await told.find((message) => message.error !== undefined);
    expect(error).toEqual(expect.stringMatching(/.{5}/));
    expect(await quiet.sync({ action: 'subscribe', channel: 'input' })).toMatchObject({ ok: true });
    expect(quiet.messages).toEqual([]);
    quiet.send({ action: 'send', channel: 'input', data: { x: 1 } });
    expect(xOf(await quiet.next('input'))).toEqual([1]);
    await Promise.all([quiet.close(), told.close()]);
  });

  it('an unknown path is refused with 403 before the handshake', async () => {
    await expect(StreamClient.open(gateway.url, '/api/v1/nope')).rejects.toThrow(/^403 /);
  });
});

describe('what can be asked for', () => {
  it('an answer to a message, with the reason why it had no effect', async () => {
    const socket = await gateway.socket();
    expect(await socket.sync({ action: 'subscribe', channel: 'nope' })).toMatchObject({
      ok: false,
      error: expect.any(String),
    });
    expect(await socket.sync({ action: 'send', channel: 'input', data: { x: 'a' } })).toMatchObject({ ok: false });
    expect(await socket.sync({ action: 'send', channel: 'input', data: { x: 8 } })).toMatchObject({ ok: true });
    expect(await gateway.list('/last/input')).toMatchObject([{ x: 8 }]);
    await socket.close();
  });

  it('the last tick at once, and positions from which to go on', async () => {
    await gateway.post('/send/input', { x: 10 });
    await gateway.list('/last/input');
    const socket = await gateway.socket();
    const begun = await socket.sync({ action: 'subscribe', channel: 'input', snapshot: true, seq: true });
    expect(xOf(await socket.next('input'))).toEqual([10]);
    await gateway.post('/send/input', [{ x: 11 }, { x: 12 }, { x: 13 }]);
    const { seq } = await socket.next('input');
    await socket.close();
    const later = await gateway.socket();
    await later.sync({ action: 'subscribe', channel: 'input', since: seq });
    expect([xOf(await later.next('input')), xOf(await later.next('input'))]).toEqual([[12], [13]]);
    await later.sync({ action: 'subscribe', channel: 'input', since: begun.seq });
    expect(xOf(await later.next('input'))).toEqual([11]);
    expect(await later.sync({ action: 'subscribe', channel: 'input', since: 'yesterday' })).toMatchObject({
      ok: false,
    });
    await later.close();
  });

  it('a position beyond the last tick is refused; who wants to know of resets goes on at the end, and is told', async () => {
    await gateway.post('/send/input', { x: 20 });
    const socket = await gateway.socket();
    const { seq } = await socket.sync({ action: 'subscribe', channel: 'input', seq: true });
    await socket.sync({ action: 'unsubscribe', channel: 'input' });
    const since = '99999999999999-0';
    const refused = await socket.sync({ action: 'subscribe', channel: 'input', since });
    expect(refused).toMatchObject({ ok: false, error: `since "${since}" is beyond the last tick, "${seq}"` });
    expect(await socket.sync({ action: 'unsubscribe', channel: 'input' })).toMatchObject({ ok: false });
    expect(await socket.sync({ action: 'subscribe', channel: 'input', since: seq })).toMatchObject({ ok: true });
    await gateway.post('/send/input', { x: 21 });
    expect(xOf(await socket.next('input'))).toEqual([21]);
    const again = await socket.sync({ action: 'subscribe', channel: 'input', since, gaps: true, seq: true });
    const reset = { after: since, next: again.seq };
    expect(await socket.next('input')).toEqual({ channel: 'input', reset });
    await gateway.post('/send/input', { x: 22 });
    expect(xOf(await socket.next('input'))).toEqual([22]);
    await socket.close();
  });

  it('only the newest ticks', async () => {
    const socket = await gateway.socket();
    await socket.sync({ action: 'subscribe', channel: 'input', latest: 1 });
    await gateway.post(
      '/send/input',
      Array.from({ length: 50 }, (_, x) => ({ x })),
    );
    await waitFor(() => socket.messages.some((message) => xOf(message)[0] === 49));
    expect(socket.messages.length).toBeLessThan(50);
    expect(await socket.sync({ action: 'subscribe', channel: 'input', latest: 0 })).toMatchObject({ ok: false });
    await socket.close();
  });

  it('only the newest ticks of each key of a basket, and those of every key', async () => {
    const before = await gateway.socket();
    await before.sync({ action: 'subscribe', channel: 'sides', seq: true });
    await gateway.post('/send/sides', { LEFT: { x: 1 } });
    const { seq } = await before.next('sides');
    await gateway.post('/send/sides', { LEFT: { x: 2 } });
    await gateway.post(
      '/send/sides/RIGHT',
      Array.from({ length: 5 }, (_, x) => ({ x })),
    );
    for (let at = 0; at < 6; at++) await before.next('sides');
    const after = await gateway.socket();
    await after.sync({ action: 'subscribe', channel: 'sides', since: seq, latest: 1 });
    expect(xOf(await after.next('sides', 'LEFT'))).toEqual([2]);
    await waitFor(() => after.messages.some((message) => xOf(message)[0] === 4));
    expect(after.messages.length).toBeLessThan(5);
    await Promise.all([before.close(), after.close()]);
  });
});

describe('a gateway that takes nothing from sockets', () => {
  it('ignores sends and goes on delivering', async () => {
    const environment = { SLUICE_CHANNEL_GATEWAY_APPLICATION: 'readonly' };
    const closed = await TestGateway.start({
      application: lab({ stream: { readonly: true } }),
      redis: gateway.redis,
      environment,
    });
    try {
      const socket = await closed.socket();
      expect(await socket.sync({ action: 'send', channel: 'input', data: { x: 1 } })).toMatchObject({ ok: false });
      await socket.sync({ action: 'subscribe', channel: 'input' });
      await closed.post('/send/input', { x: 2 });
      expect(xOf(await socket.next('input'))).toEqual([2]);
    } finally {
      await closed.close();
    }
  });
});

describe('a client that stops reading', () => {
  it('does not hold up the others, and gets everything in order once it reads again', async () => {
    const [stalled, reader] = [await gateway.socket(), await gateway.socket()];
    for (const socket of [stalled, reader]) await socket.sync({ action: 'subscribe', channel: 'input' });
    stalled.ws.pause();
    const text = 'x'.repeat(4_000);
    for (let round = 0; round < 10; round++) {
      await gateway.post(
        '/send/input',
        Array.from({ length: 200 }, (_, at) => ({ x: round * 200 + at, text })),
      );
    }
    await waitFor(() => reader.messages.length === 2_000);
    stalled.ws.resume();
    await waitFor(() => stalled.messages.length === 2_000);
    expect(stalled.messages.flatMap(xOf)).toEqual(Array.from({ length: 2_000 }, (_, x) => x));
    await Promise.all([stalled.close(), reader.close()]);
  });

  it('and goes on asking is not read on, while the others are served', async () => {
    await gateway.post('/send/input', { text: 'x'.repeat(1_000_000) });
    await gateway.list('/last/input');
    const [greedy, reader] = [await gateway.socket(), await gateway.socket()];
    greedy.ws.pause();
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 500; count++) greedy.send({ action: 'subscribe', channel: 'input', snapshot: true });
    await reader.sync({ action: 'subscribe', channel: 'lists' });
    await gateway.post('/send/lists', { x: 1 });
    expect(xOf(await reader.next('lists'))).toEqual([1]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000_000);
    greedy.ws.terminate();
    await reader.close();
  });
});
