import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ConnectionState, Sluice as PlatformSluice, type SluiceOptions } from '@sluice/sdk';
import { Sluice } from '@sluice/sdk/node';
import { waitFor } from '@sluice/testing';
import { MemorySluice } from './memory-sluice.js';

let server: MemorySluice;
const clients: PlatformSluice[] = [];

/** A client whose waits are short, closed after the test. */
function connect(options: Partial<SluiceOptions> = {}, Kind: typeof PlatformSluice = Sluice): PlatformSluice {
  const client = new Kind({ url: server.url, backoff: { firstDelayMs: 5, maxDelayMs: 20 }, ...options });
  clients.push(client);
  return client;
}

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
])('push %s', (_how, Kind) => {
  it('resolves with the id of the entry', async () => {
    const client = connect({}, Kind);
    const id = await client.push('default:a', 'hello');
    expect(server.streams.get('default:a')).toMatchObject([{ id }]);
    expect(server.texts('default:a')).toEqual(['hello']);
  });

  it('gives every caller of one turn its own id, in one frame', async () => {
    const client = connect({}, Kind);
    await client.connect();
    const ids = await Promise.all(
      ['a', 'b', 'a', 'c'].map((stream, index) => client.push(`default:${stream}`, `${index}`)),
    );
    expect(server.pushes).toHaveLength(1);
    const stored = ['a', 'b', 'c'].flatMap((stream) => server.streams.get(`default:${stream}`) ?? []);
    const texts = new Map(stored.map(({ id, payload }) => [id, new TextDecoder().decode(payload)]));
    expect(ids.map((id) => texts.get(id))).toEqual(['0', '1', '2', '3']);
  });

  it('sends the token', async () => {
    await connect({ token: 'secret' }, Kind).push('a', 'x');
    expect(server.tokens[0]).toContain('secret');
  });
});

describe('push', () => {
  it('stores several payloads in order, and takes own ids and fields', async () => {
    const client = connect();
    const ids = await client.pushAll('default:a', ['1', '2', '3']);
    expect(server.streams.get('default:a')?.map(({ id }) => id)).toEqual(ids);
    expect(
      await client.push('default:b', 'x', { id: '7-*', fields: [{ name: 'unit', value: Uint8Array.of(1) }] }),
    ).toBeDefined();
    expect(server.pushes.at(-1)?.sections[0]?.entries[0]).toMatchObject({ id: '7-*', fields: [{ name: 'unit' }] });
    expect(await client.pushAll('a', [])).toEqual([]);
  });

  it('sends what was pushed before there was a server', async () => {
    const { url } = server;
    await server.stop();
    const client = connect({ url });
    const pushed = client.push('default:a', 'early');
    server = await new MemorySluice().start(Number(new URL(url).port));
    await expect(pushed).resolves.toMatch(/^\d+-\d+$/);
    expect(server.texts('default:a')).toEqual(['early']);
  });

  it('says that the outcome is unknown when the connection goes after sending, and does not send again', async () => {
    server.afterPush = (_push, socket) => {
      socket.terminate();
      return false;
    };
    const client = connect();
    await expect(client.push('default:a', 'once')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    server.afterPush = () => true;
    await client.push('default:a', 'after');
    expect(server.texts('default:a')).toEqual(['once', 'after']);
  });

  it.each(['before the entry is stored', 'after'])(
    'with an idempotency key is sent again and stored once when the connection goes %s',
    async (when) => {
      let isFirst = true;
      const cut = (_push: unknown, socket: { terminate(): void }): boolean => {
        if (!isFirst) return true;
        isFirst = false;
        socket.terminate();
        return false;
      };
      if (when === 'after') server.afterPush = cut;
      else server.beforePush = cut;
      const id = await connect().push('default:a', 'once', { idempotencyKey: 'k1' });
      expect(server.texts('default:a')).toEqual(['once']);
      expect(server.streams.get('default:a')?.[0]?.id).toBe(id);
      expect(server.pushes.map(({ key }) => key)).toEqual(['k1', 'k1']);
    },
  );

  it("is refused with the server's error, and others of the same turn are not", async () => {
    server.beforePush = (push, socket) => {
      if (push.sections[0]?.entries[0]?.id !== '5-0') return true;
      const error = { code: 'ID_NOT_ABOVE_LAST', message: '5-0 is too low', retryable: false, tag: push.tag };
      socket.send(JSON.stringify({ error }));
      return false;
    };
    const client = connect();
    const [good, bad, alsoGood] = await Promise.allSettled([
      client.push('default:a', 'x'),
      client.push('default:a', 'y', { id: '5-0' }),
      client.push('default:a', 'z'),
    ]);
    expect([good.status, alsoGood.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'ID_NOT_ABOVE_LAST', message: '5-0 is too low' } });
    expect(server.texts('default:a')).toEqual(['x', 'z']);
  });

  it('is not refused for the sake of another stream of the same turn', async () => {
    server.beforePush = (push, socket) => {
      if (!push.sections.some(({ name }) => name === 'bob:x')) return true;
      const error = { code: 'FORBIDDEN', message: 'not bob:x', retryable: false, tag: push.tag };
      socket.send(JSON.stringify({ error }));
      return false;
    };
    const client = connect();
    const [first, forbidden, second] = await Promise.allSettled([
      client.push('default:a', 'x'),
      client.push('bob:x', 'y'),
      client.push('default:a', 'z'),
    ]);
    expect([first.status, second.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(forbidden).toMatchObject({ status: 'rejected', reason: { code: 'FORBIDDEN', message: 'not bob:x' } });
    expect(server.texts('default:a')).toEqual(['x', 'z']);
    expect(server.connectionCount).toBe(1);
  });

  it('of which a part was stored tells each caller its own result', async () => {
    server.beforePush = (push, socket) => {
      const results = ['9-0', 'LOG_FULL'];
      const error = {
        code: 'PARTIAL_APPEND',
        message: 'in part',
        retryable: false,
        tag: push.tag,
        details: { results },
      };
      socket.send(JSON.stringify({ error }));
      return false;
    };
    const client = connect();
    const [first, second] = await Promise.allSettled([client.push('default:a', 'x'), client.push('default:b', 'y')]);
    expect(first).toEqual({ status: 'fulfilled', value: '9-0' });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'LOG_FULL', message: 'in part' } });
    await expect(client.pushAll('default:a', ['x', 'y'])).rejects.toMatchObject({ code: 'PARTIAL_APPEND' });
  });

  it.each([
    ['INVALID_NAME', '', 'x', {}],
    ['INVALID_NAME', 'a\n', 'x', {}],
    ['INVALID_NAME', 'sluice:tail', 'x', {}],
    ['INVALID_ID', 'a', 'x', { id: 'now' }],
    ['INVALID_PARAMETER', 'a', 'x', { idempotencyKey: '' }],
    ['MESSAGE_TOO_LARGE', 'a', 'x'.repeat(17 * 1024 * 1024), {}],
  ])('refuses with %s what no server would take, without sending it', async (code, stream, payload, options) => {
    await expect(connect().push(stream, payload, options)).rejects.toMatchObject({ code });
    expect(server.pushes).toEqual([]);
  });

  it('holds to the message limit that the server tells', async () => {
    const client = connect();
    await client.connect();
    await expect(client.push('a', new Uint8Array(1 << 20))).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    await expect(client.push('a', new Uint8Array((1 << 20) - 2000))).resolves.toBeDefined();
  });

  it('refuses more than may wait, and sends what it took', async () => {
    server.saysHello = false;
    const client = connect({ maxWaitingBytes: 1000 });
    const taken = client.push('default:a', 'x'.repeat(1000));
    await expect(client.push('default:a', 'y')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    server.saysHello = true;
    server.cut();
    await taken;
    expect(server.texts('default:a')).toHaveLength(1);
  });
});

describe('connecting', () => {
  it('fails clearly when nobody listens, and goes on trying', async () => {
    await server.stop();
    const states: ConnectionState['state'][] = [];
    const client = connect({ onState: ({ state }) => states.push(state) });
    await expect(client.connect()).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    server = await new MemorySluice().start(Number(new URL(server.url).port));
    await client.connect();
    expect(states).toEqual(expect.arrayContaining(['connecting', 'waiting', 'open']));
  });

  it.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'FORBIDDEN'],
  ])('ends for good when the server answers %i', async (status, code) => {
    server.refuseWith = status;
    const client = connect();
    await expect(client.push('a', 'x')).rejects.toMatchObject({ code });
    await expect(client.connect()).rejects.toMatchObject({ code });
    expect(server.connectionCount).toBe(0);
  });

  it("tells a refusal in the server's own words", async () => {
    server.refuseWith = 503;
    server.refuseBody = '{"error":{"code":"SERVICE_UNAVAILABLE","message":"stream-store does not answer"}}';
    await expect(connect().connect()).rejects.toMatchObject({ message: 'stream-store does not answer' });
  });

  it('tries again when the server answers 503', async () => {
    server.refuseWith = 503;
    const client = connect();
    await expect(client.connect()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    server.refuseWith = 0;
    await expect(client.push('a', 'x')).resolves.toBeDefined();
  });

  it('gives up a connection on which nothing is heard', async () => {
    server.saysHello = false;
    const client = connect({ idleMs: 20 });
    const pushed = client.push('default:a', 'x');
    await expect(client.connect()).rejects.toMatchObject({ message: expect.stringContaining('nothing was heard') });
    server.saysHello = true;
    await pushed;
  });

  it('keeps a connection that only answers pings', async () => {
    const client = connect({ idleMs: 50 });
    await client.connect();
    await waitFor(() => server.pingCount >= 3, { message: 'three pings' });
    await client.push('a', 'x');
    expect(server.connectionCount).toBe(1);
  });

  it.each(['ftp://x', 'nonsense', 'http://'])('refuses the address %j', (url) => {
    expect(() => connect({ url })).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETER' }));
  });

  it('close waits for pushes under way; destroy fails them', async () => {
    const client = connect();
    const pushed = client.push('default:a', 'x');
    await client.close();
    await expect(pushed).resolves.toBeDefined();
    server.beforePush = () => false;
    const other = connect();
    await other.connect();
    const lost = other.push('default:a', 'y');
    await new Promise((resolve) => setImmediate(resolve));
    other.destroy();
    await expect(lost).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await expect(other.connect()).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    await expect(other.push('default:a', 'z')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    await expect(other.pull('default:a').next()).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});

describe('a pusher', () => {
  it('stores everything in order, many entries to a frame', async () => {
    const pusher = connect().pusher('default:a');
    for (let index = 0; index < 5000; index++) await pusher.push(`${index}`);
    await pusher.flush();
    expect(server.texts('default:a')).toEqual(Array.from({ length: 5000 }, (_, index) => `${index}`));
    expect(server.pushes.length).toBeLessThan(100);
    expect([pusher.appendedCount, pusher.inFlightCount]).toEqual([5000, 0]);
  });

  it.each([
    [{ maxInFlight: 10 }, 10, 1],
    [{ maxInFlightBytes: 100 }, 10, 10],
  ])('makes its caller wait at %j', async (options, room, bytes) => {
    server.beforePush = () => false;
    const pusher = connect().pusher('default:a', options);
    let taken = 0;
    const pushing = (async () => {
      for (; taken < 100; taken++) await pusher.push('x'.repeat(bytes));
    })();
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBe(room - 1);
    expect(pusher.inFlightCount).toBe(room);
    clients.at(-1)?.destroy();
    await expect(pushing).rejects.toMatchObject({ message: expect.any(String) });
  });

  it('tells ids on request, in order', async () => {
    const ids: string[] = [];
    const pusher = connect().pusher('default:a', { onAppended: (newIds) => ids.push(...newIds) });
    for (let index = 0; index < 100; index++) await pusher.push(`${index}`);
    await pusher.close();
    expect(server.streams.get('default:a')?.map(({ id }) => id)).toEqual(ids);
    await expect(pusher.push('late')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  it('packs what leaves together into one entry on request, and tells the ids of its parts', async () => {
    const ids: string[] = [];
    const client = connect();
    await client.connect();
    const pusher = client.pusher('default:a', { packed: true, onAppended: (newIds) => ids.push(...newIds) });
    for (const text of ['a', 'b', 'c']) await pusher.push(text);
    await pusher.flush();
    expect(server.packed).toMatchObject([{ name: 'default:a', payloads: [{}, {}, {}] }]);
    expect(ids.map((id) => id.replace(/^\d+-\d+/, ''))).toEqual(['/0', '/1', '/2']);
    await expect(pusher.push('x', { id: '5-0' })).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
  });

  it('rejects once with a refusal and goes on, or tells each to its listener', async () => {
    let isFull = true;
    server.beforePush = (push, socket) => {
      const error = { code: 'LOG_FULL', message: 'full', retryable: true, tag: push.tag };
      if (isFull) socket.send(JSON.stringify({ error }));
      return !isFull;
    };
    const client = connect();
    const plain = client.pusher('default:a');
    await plain.push('1');
    await expect(plain.flush()).rejects.toMatchObject({ code: 'LOG_FULL', isRetryable: true });
    const told: [string, number][] = [];
    const listening = client.pusher('default:b', { onError: (error, count) => told.push([error.code, count]) });
    await listening.push('1');
    await listening.push('2');
    await listening.flush();
    expect(told.reduce((sum, [, count]) => sum + count, 0)).toBe(2);
    isFull = false;
    await plain.push('2');
    await plain.flush();
    expect(server.texts('default:a')).toEqual(['2']);
  });

  it('refuses an entry that cannot be, and takes the next', async () => {
    const pusher = connect().pusher('default:a');
    await expect(pusher.push('x', { id: 'wrong' })).rejects.toMatchObject({ code: 'INVALID_ID' });
    await pusher.push('y');
    await pusher.flush();
    expect(server.texts('default:a')).toEqual(['y']);
    expect(() => connect().pusher('')).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  });
});
