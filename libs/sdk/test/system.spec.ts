import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Entry, type Notice, type SluiceOptions } from '@sluice/sdk';
import { Sluice } from '@sluice/sdk/node';
import {
  freePort,
  startApp,
  startRedis,
  uniqueName,
  waitFor,
  type RedisServer,
  type RunningApp,
} from '@sluice/testing';

let redis: RedisServer;
let port: number;
let app: RunningApp;
const clients: Sluice[] = [];

const startStore = (): Promise<RunningApp> => startApp('stream-store', { REDIS_URL: redis.url }, { port });

function connect(options: Partial<SluiceOptions> = {}): Sluice {
  const client = new Sluice({ url: app.url, backoff: { firstDelayMs: 10, maxDelayMs: 50 }, ...options });
  clients.push(client);
  return client;
}

const text = ({ payload }: Entry): string => new TextDecoder().decode(payload);
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `${from + index}`);

async function take(entries: AsyncIterator<Entry>, count: number): Promise<Entry[]> {
  const taken: Entry[] = [];
  while (taken.length < count) {
    const { value, done } = await entries.next();
    if (done === true) break;
    taken.push(value as Entry);
  }
  return taken;
}

beforeAll(async () => {
  redis = await startRedis({ appendonly: true });
  port = await freePort();
  app = await startStore();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});
afterAll(async () => {
  await app.kill();
  await redis.stop();
});

describe('the SDK with a real Sluice', () => {
  it('pulls what it pushes, byte for byte, with the ids it was told', async () => {
    const client = connect();
    const stream = `lab:${uniqueName()}`;
    const pull = client.pull(stream);
    expect(await pull.ready).toEqual({ [stream]: '0-0' });
    const payloads = [
      new Uint8Array(0),
      Uint8Array.from({ length: 256 }, (_, at) => at),
      new Uint8Array(1 << 20).fill(7),
    ];
    const ids = await Promise.all(payloads.map((payload) => client.push(stream, payload)));
    const entries = await take(pull, 3);
    expect(entries.map(({ id }) => id)).toEqual(ids);
    for (const [index, entry] of entries.entries())
      expect(Buffer.from(entry.payload).equals(payloads[index] ?? new Uint8Array(1))).toBe(true);
  });

  it('carries own ids and fields, and refuses an id that is not above the last', async () => {
    const client = connect();
    const stream = uniqueName();
    const fields = [{ name: 'unit', value: Uint8Array.of(1, 2) }];
    expect(await client.push(stream, 'x', { id: '5-1', fields })).toBe('5-1');
    expect(await client.push(stream, 'y', { id: '5-*' })).toBe('5-2');
    await expect(client.push(stream, 'z', { id: '5-1' })).rejects.toMatchObject({ code: 'ID_NOT_ABOVE_LAST' });
    const [first] = await take(client.pull(stream, { from: '-', fields: true }), 1);
    expect(first).toMatchObject({ id: '5-1', stream: `default:${stream}`, fields: [{ name: 'unit' }] });
  });

  it('stores a push with an idempotency key once, and refuses the key for other entries', async () => {
    const client = connect();
    const stream = uniqueName();
    const ids = await client.pushAll(stream, ['1', '2'], { idempotencyKey: 'k' });
    expect(await client.pushAll(stream, ['1', '2'], { idempotencyKey: 'k' })).toEqual(ids);
    await expect(client.push(stream, 'other', { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    expect((await client.streams.info(stream)).entriesAdded).toBe(2);
  });

  it('moves tens of thousands of entries in order, packed or not', async () => {
    for (const packed of [false, true]) {
      const client = connect();
      const stream = uniqueName();
      const pull = client.pull(stream);
      await pull.ready;
      const ids: string[] = [];
      const pusher = client.pusher(stream, { packed, onAppended: (newIds) => ids.push(...newIds) });
      const reading = take(pull, 20_000);
      for (const value of numbers(0, 20_000)) await pusher.push(value);
      await pusher.flush();
      const entries = await reading;
      expect(entries.map(text)).toEqual(numbers(0, 20_000));
      expect(entries.map(({ id }) => id)).toEqual(ids);
      expect(ids[0]?.includes('/')).toBe(packed);
    }
  });

  it('resumes inside and behind packed entries', async () => {
    const client = connect();
    const stream = uniqueName();
    const pusher = client.pusher(stream, { packed: true });
    await client.connect();
    for (const value of numbers(0, 10)) await pusher.push(value);
    await pusher.flush();
    const all = await take(client.pull(stream, { from: '-' }), 10);
    const middle = await take(client.pull(stream, { from: all[3]?.id ?? '' }), 6);
    expect(middle.map(text)).toEqual(numbers(4, 10));
    const newest = await take(client.pull(stream, { from: '-', latest: 3 }), 3);
    expect(newest.map(text)).toEqual(['9', '8', '7']);
    const ranged: string[] = [];
    for await (const entry of client.range(stream)) ranged.push(text(entry));
    expect(ranged).toEqual(numbers(0, 10));
  });

  it('follows patterns with streams that appear later', async () => {
    const client = connect();
    const device = uniqueName();
    await client.push(`${device}:a`, 'before');
    const joined: string[] = [];
    const pull = client.pull({ patterns: [`${device}:*`] }, { onJoined: (stream) => joined.push(stream) });
    expect(Object.keys(await pull.ready)).toEqual([`${device}:a`]);
    await client.push(`${device}:b`, 'first of b');
    await client.push(`${device}:a`, 'second of a');
    const entries = await take(pull, 2);
    expect(entries.map(text).sort()).toEqual(['first of b', 'second of a']);
    expect(joined).toEqual([`${device}:b`]);
  });

  it('skips to the newest when asked to', async () => {
    const client = connect();
    const stream = uniqueName();
    await client.pushAll(stream, numbers(0, 50));
    const pull = client.pull(stream, { from: '-', latest: true });
    expect((await take(pull, 1)).map(text)).toEqual(['49']);
    await client.push(stream, 'next');
    expect((await take(pull, 1)).map(text)).toEqual(['next']);
  });

  it('is told what was trimmed before it came by, and of a stream made anew', async () => {
    const client = connect();
    const stream = uniqueName();
    const notices: Notice[] = [];
    const resets: Notice[] = [];
    const ids = await client.pushAll(stream, numbers(0, 10));
    await redis.command('XTRIM', `default:${stream}`, 'MAXLEN', '3');
    const pull = client.pull(stream, {
      from: ids[0] ?? '',
      onGap: (gap) => notices.push(gap),
      onReset: (reset) => resets.push(reset),
    });
    expect((await take(pull, 3)).map(text)).toEqual(['7', '8', '9']);
    expect(notices).toMatchObject([{ stream: `default:${stream}`, after: ids[0], next: ids[7] }]);
    expect([6, null]).toContain(notices[0]?.lost);
    await client.streams.delete(stream);
    await client.push(stream, 'anew', { id: '5-0' });
    expect((await take(pull, 1)).map(text)).toEqual(['anew']);
    expect(resets).toMatchObject([{ stream: `default:${stream}`, after: ids[9], next: '5-0' }]);
  });

  it('reads ranges and the entry nearest in time', async () => {
    const client = connect();
    const stream = uniqueName();
    for (const value of numbers(1, 8)) await client.push(stream, value, { id: `${value}000-0` });
    const read = async (options: Parameters<Sluice['range']>[1]): Promise<string[]> => {
      const texts: string[] = [];
      for await (const entry of client.range(stream, options)) texts.push(text(entry));
      return texts;
    };
    expect(await read({})).toEqual(numbers(1, 8));
    expect(await read({ start: '3000', end: '5000' })).toEqual(['3', '4', '5']);
    expect(await read({ reverse: true, count: 2 })).toEqual(['7', '6']);
    expect(text((await client.nearest(stream, 4400)) as Entry)).toBe('4');
    expect(text((await client.nearest(stream, new Date(4600))) as Entry)).toBe('5');
    expect(await client.nearest(uniqueName(), 5)).toBeNull();
    await expect(client.range(uniqueName()).next()).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });

  it('lists, describes, keeps and deletes streams', async () => {
    const client = connect();
    const device = uniqueName();
    for (const stream of ['a', 'b', 'ü']) await client.push(`${device}:${stream}`, 'x');
    const names: string[] = [];
    for await (const { name } of client.streams.list({ prefix: `${device}:` })) names.push(name);
    expect(names.sort()).toEqual([`${device}:a`, `${device}:b`, `${device}:ü`]);
    await client.streams.setRetention(`${device}:a`, { maxEntries: 5, maxAgeMs: null, maxBytes: null });
    expect(await client.streams.retention(`${device}:a`)).toMatchObject({ maxEntries: 5, source: 'stream' });
    await client.streams.clearRetention(`${device}:a`);
    expect(await client.streams.info(`${device}:a`)).toMatchObject({ length: 1, retention: { source: 'default' } });
    await client.streams.delete(`${device}:a`);
    await expect(client.streams.info(`${device}:a`)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });

  it('shares a stream among the members of a group, and gives again what was left undone', async () => {
    const client = connect();
    const stream = uniqueName();
    const first = client.consume(stream, { group: 'g', consumer: 'one', from: '-' });
    const second = connect().consume(stream, { group: 'g', consumer: 'two', from: '-' });
    await Promise.all([first.ready, second.ready]);
    await client.pushAll(stream, numbers(0, 20));
    const seen: string[] = [];
    const drain = async (consumer: typeof first): Promise<void> => {
      for await (const entry of consumer) {
        seen.push(text(entry));
        entry.ack();
        if (seen.length >= 20) break;
      }
    };
    void drain(first);
    void drain(second);
    await waitFor(() => seen.length === 20);
    expect(seen.sort((a, b) => Number(a) - Number(b))).toEqual(numbers(0, 20));
    await waitFor(async () => (await client.streams.groups(stream)).every(({ pending }) => pending === 0));
    first.close();
    second.close();
    await client.push(stream, 'undone');
    const other = connect().consume(stream, { group: 'g', consumer: 'three', from: '-' });
    const left = await other.next();
    expect(left.done === true ? null : text(left.value)).toBe('undone');
    other.close();
    const again = connect().consume(stream, { group: 'g', consumer: 'three', from: '-' });
    const { value } = await again.next();
    expect(text(value as Entry)).toBe('undone');
    (value as { ack(): void }).ack();
    await again.flush();
    expect(await client.streams.groups(stream)).toMatchObject([{ group: 'g', pending: 0 }]);
    await client.streams.deleteGroup(stream, 'g');
  });

  it('speaks the redis-streamer dialect over REST', async () => {
    const client = connect();
    const sid = uniqueName();
    const ids = await client.streamer.post(
      sid,
      numbers(0, 3).map((value) => Buffer.from(value)),
      { device: 'lab' },
    );
    const page = await client.streamer.get(sid, { device: 'lab', lastEntryId: '0', count: 2 });
    expect(page.entries.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(page.lastEntryId).toBe(ids[1]);
    const newest = await client.streamer.get(sid, { device: 'lab', lastEntryId: '0', latest: true });
    expect(newest.entries.map(text)).toEqual(['2']);
    expect((await client.streams.info(`lab:${sid}`)).length).toBe(3);
  });

  it('goes on where it was when the server is killed and started again: nothing acknowledged is lost or comes twice', async () => {
    const stream = uniqueName();
    const reader = connect();
    const pull = reader.pull(stream, { from: '-' });
    await pull.ready;
    const seen: string[] = [];
    const reading = (async () => {
      for await (const entry of pull) {
        seen.push(text(entry));
        if (text(entry) === 'end') break;
      }
    })();
    const writer = connect();
    let stored = 0;
    let isKilled = false;
    const writing = (async () => {
      for (let value = 0; stored < 200 || !isKilled; value++) {
        await writer.push(stream, `${value}`, { idempotencyKey: `${stream}-${value}` });
        stored++;
      }
    })();
    await waitFor(() => stored > 50);
    await app.kill('SIGKILL');
    app = await startStore();
    isKilled = true;
    await writing;
    await writer.push(stream, 'end');
    await reading;
    expect(seen).toEqual([...numbers(0, stored), 'end']);
  });

  it('is told when the server stops, and comes back', async () => {
    const states: string[] = [];
    const client = connect({ onState: ({ state }) => states.push(state) });
    await client.connect();
    await app.kill('SIGTERM');
    await waitFor(() => states.includes('waiting'));
    app = await startStore();
    await client.push(uniqueName(), 'x');
    expect(states.filter((state) => state === 'open')).toHaveLength(2);
  });
});
