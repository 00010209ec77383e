import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Sluice as PlatformSluice, type Entry, type Notice, type Pull, type SluiceOptions } from '@sluice/sdk';
import { Sluice } from '@sluice/sdk/node';
import { waitFor } from '@sluice/testing';
import { MemorySluice } from './memory-sluice.js';

let server: MemorySluice;
const clients: PlatformSluice[] = [];

function connect(options: Partial<SluiceOptions> = {}, Kind: typeof PlatformSluice = Sluice): PlatformSluice {
  const client = new Kind({ url: server.url, backoff: { firstDelayMs: 5, maxDelayMs: 20 }, ...options });
  clients.push(client);
  return client;
}

async function take(pull: AsyncIterator<Entry>, count: number): Promise<string[]> {
  const texts: string[] = [];
  while (texts.length < count) {
    const { value, done } = await pull.next();
    if (done === true) break;
    texts.push(new TextDecoder().decode((value as Entry).payload));
  }
  return texts;
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `${from + index}`);

beforeEach(async () => {
  server = await new MemorySluice().start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server.stop();
});

describe.each([
  ['over ws', Sluice],
  ["over the platform's WebSocket", PlatformSluice],
])('pull %s', (_how, Kind) => {
  it('begins now, at the first entry, or after an id', async () => {
    const client = connect({}, Kind);
    const ids = numbers(0, 3).map((text) => server.append('default:a', text));
    const live = client.pull('default:a');
    const all = client.pull('default:a', { from: '-' });
    const rest = client.pull({ streams: { 'default:a': ids[1] ?? '' } });
    await Promise.all([live.ready, all.ready, rest.ready]);
    server.append('default:a', '3');
    expect(await take(live, 1)).toEqual(['3']);
    expect(await take(all, 4)).toEqual(numbers(0, 4));
    expect(await take(rest, 2)).toEqual(['2', '3']);
  });

  it('loses and repeats nothing when connections are cut again and again', async () => {
    const client = connect({}, Kind);
    const pull = client.pull('default:a', { from: '-' });
    for (let round = 0; round < 5; round++) {
      for (const text of numbers(round * 10, round * 10 + 10)) server.append('default:a', text);
      expect(await take(pull, 5)).toEqual(numbers(round * 10, round * 10 + 5));
      server.cut();
      expect(await take(pull, 5)).toEqual(numbers(round * 10 + 5, round * 10 + 10));
    }
    expect(server.connectionCount).toBeGreaterThanOrEqual(4);
  });
});

describe('pull', () => {
  it('resumes several streams each at its own position, in the names of the server', async () => {
    const client = connect();
    const pull = client.pull(['a', 'cam:b'], { from: '-' });
    await pull.ready;
    const first = server.append('default:a', '1');
    const second = server.append('cam:b', '2');
    const entries = [(await pull.next()).value, (await pull.next()).value] as Entry[];
    expect(entries.map(({ stream, id }) => [stream, id])).toEqual([
      ['default:a', first],
      ['cam:b', second],
    ]);
    server.cut();
    await waitFor(() => server.follows.length === 2);
    expect(server.follows[1]?.streams).toEqual({ 'default:a': first, 'cam:b': second });
  });

  it('begins after a reconnection where "now" was at first, though nothing came before', async () => {
    const client = connect();
    const pull = client.pull('default:a');
    await pull.ready;
    server.cut();
    server.append('default:a', 'while away');
    expect(await take(pull, 1)).toEqual(['while away']);
  });

  it('follows patterns, and streams that appear later, also while it was away, from their first entry', async () => {
    const joined: string[] = [];
    server.append('cam1:video', 'old');
    const pull = connect().pull({ patterns: ['cam*:video'] }, { onJoined: (stream) => joined.push(stream) });
    await pull.ready;
    server.append('cam2:video', 'a');
    server.append('other:video', 'not wanted');
    expect(await take(pull, 1)).toEqual(['a']);
    expect(joined).toEqual(['cam2:video']);
    server.cut();
    server.append('cam3:video', 'b');
    server.append('cam1:video', 'c');
    expect((await take(pull, 2)).sort()).toEqual(['b', 'c']);
  });

  it('tells gaps and resets, and resumes behind them', async () => {
    const notices: [string, Notice][] = [];
    const pull = connect().pull('default:a', {
      onGap: (gap) => notices.push(['gap', gap]),
      onReset: (reset) => notices.push(['reset', reset]),
    });
    await pull.ready;
    server.say({ gap: { sub: 1, sid: 'default:a', after: '1-0', next: '5-0', lost: 12 } });
    server.say({ reset: { sub: 1, sid: 'default:a', after: '9-0', next: '3-0' } });
    await waitFor(() => notices.length === 2);
    expect(notices).toEqual([
      ['gap', { stream: 'default:a', after: '1-0', next: '5-0', lost: 12 }],
      ['reset', { stream: 'default:a', after: '9-0', next: '3-0', lost: null }],
    ]);
    server.cut();
    await waitFor(() => server.follows.length === 2);
    expect(server.follows[1]?.streams).toEqual({ 'default:a': '2-18446744073709551615' });
  });

  it('never holds more than its window, and gives credit as entries are taken', async () => {
    const pull = connect().pull('default:a', { from: '-', windowBytes: 4000 });
    await pull.ready;
    for (const text of numbers(0, 100)) server.append('default:a', text.padEnd(1000));
    await waitFor(() => server.follows.length === 1);
    const texts = await take(pull, 1);
    expect(server.credits).toEqual([]);
    texts.push(...(await take(pull, 99)));
    expect(texts.map((text) => text.trim())).toEqual(numbers(0, 100));
    expect(server.credits.length).toBeGreaterThan(20);
  });

  it('asks for no more on a new connection while it still holds a window of the old', async () => {
    const pull = connect().pull('default:a', { from: '-', windowBytes: 4000 });
    await pull.ready;
    for (const text of numbers(0, 50)) server.append('default:a', text.padEnd(1000));
    expect((await take(pull, 1)).map((text) => text.trim())).toEqual(['0']);
    for (let round = 2; round < 6; round++) {
      server.cut();
      await waitFor(() => server.connectionCount === round);
    }
    expect(server.follows.length).toBeLessThanOrEqual(2);
    expect((await take(pull, 49)).map((text) => text.trim())).toEqual(numbers(1, 50));
  });

  it('asks for what it was told to', async () => {
    const pull = connect().pull('a', { latest: true, maxFps: 2.5, fields: true });
    await pull.ready;
    expect(server.follows[0]).toMatchObject({ streams: { a: '$' }, latest: 1, maxFps: 2.5, fields: true, group: null });
  });

  it('ends when the loop is left, at its signal, and at close', async () => {
    const client = connect();
    server.append('default:a', 'x');
    const controller = new AbortController();
    const aborted = client.pull('default:a', { signal: controller.signal });
    const closed = client.pull('default:a');
    const ends = Promise.all([aborted.next(), closed.next()]);
    for await (const entry of client.pull('default:a', { from: '-' })) {
      expect(entry.stream).toBe('default:a');
      break;
    }
    controller.abort();
    closed.close();
    expect(await ends).toEqual([{ done: true }, { done: true }].map((end) => ({ ...end, value: undefined })));
    const never = client.pull('default:a', { signal: AbortSignal.abort() });
    expect((await never.next()).done).toBe(true);
  });

  it("ends with the server's refusal, and asks again when that is a passing one", async () => {
    const client = connect();
    const pull = client.pull('default:a');
    await pull.ready;
    server.say({ error: { code: 'LOG_UNAVAILABLE', message: 'Redis is away', retryable: true, sub: 1 } });
    await waitFor(() => server.follows.length === 2);
    server.append('default:a', 'x');
    expect(await take(pull, 1)).toEqual(['x']);
    server.say({ error: { code: 'FORBIDDEN', message: 'not yours', retryable: false, sub: 2 } });
    await expect(pull.next()).rejects.toMatchObject({ code: 'FORBIDDEN', message: 'not yours' });
    expect(() => client.pull('a\n')).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  });

  it('ends with the refusal of the connection', async () => {
    server.refuseWith = 401;
    const pull: Pull = connect().pull('default:a');
    await expect(pull.next()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(pull.ready).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('gives whole frames to those who want many at once', async () => {
    const pull = connect().pull('default:a', { from: '-' });
    for (const text of numbers(0, 10)) server.append('default:a', text);
    const seen: string[] = [...(await take(pull, 1))];
    while (seen.length < 10) {
      for (const { payload } of (await pull.nextBatch()) ?? []) seen.push(new TextDecoder().decode(payload));
    }
    expect(seen).toEqual(numbers(0, 10));
    pull.close();
    expect(await pull.nextBatch()).toBeNull();
  });

  it('leaves a server it cannot understand', async () => {
    const errors: (string | undefined)[] = [];
    const client = connect({
      onState: (state) => errors.push(state.state === 'waiting' ? state.error.code : undefined),
    });
    await client.connect();
    server.say([1]);
    await waitFor(() => errors.includes('INVALID_HEADER'));
    await client.connect();
  });
});

describe('a consumer of a group', () => {
  it('acknowledges what it has done, the acks of one turn together', async () => {
    const consumer = connect().consume('default:a', { group: 'g', consumer: 'c1', from: '-' });
    await consumer.ready;
    expect(server.follows[0]).toMatchObject({
      group: 'g',
      consumer: 'c1',
      claimIdleMs: 60_000,
      streams: { 'default:a': '-' },
    });
    const ids = numbers(0, 3).map((text) => server.append('default:a', text));
    const taken: string[] = [];
    for await (const entry of consumer) {
      taken.push(entry.id);
      entry.ack();
      if (taken.length === 3) break;
    }
    expect(taken).toEqual(ids);
  });

  it('knows when its acks were confirmed, and when that is in doubt', async () => {
    const consumer = connect().consume('default:a', { group: 'g', consumer: 'c1', from: '-' });
    server.append('default:a', 'x');
    const first = await consumer.next();
    if (first.done !== true) first.value.ack();
    await consumer.flush();
    server.append('default:a', 'y');
    const second = await consumer.next();
    server.cut();
    await waitFor(() => server.follows.length === 2);
    if (second.done !== true) second.value.ack();
    await consumer.flush();
    consumer.close();
    expect((await consumer.next()).done).toBe(true);
  });
});
