import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { tableFromIPC } from 'apache-arrow';
import { ChannelsClient, query, type ChannelStreamOptions, type ChannelTick } from '@sluice/sdk';
import { freePort, startApp, startRedis, type RedisServer, type RunningApp } from '@sluice/testing';

/** Records of the demo application. */
interface Example {
  readonly x?: number;
  readonly y: string;
}
interface Records {
  readonly [channel: string]: object;
  readonly example: Example;
  readonly example_list: Example;
  readonly basket: Example;
  readonly controls: { readonly name: string };
}
type Tick = ChannelTick<string, Example>;

const FAST = { firstDelayMs: 10, maxDelayMs: 50 };

let redis: RedisServer;
let port: number;
let app: RunningApp;
let client: ChannelsClient<Records>;
const aborting: AbortController[] = [];

const start = (): Promise<RunningApp> => startApp('channel-gateway', { REDIS_URL: redis.url }, { port });

beforeAll(async () => {
  redis = await startRedis({ appendonly: true });
  port = await freePort();
  app = await start();
  client = new ChannelsClient<Records>({ url: app.url });
});
afterEach(() => {
  for (const controller of aborting.splice(0)) controller.abort();
});
afterAll(async () => {
  await app.kill();
  await redis.stop();
});

/** Of the options: whatever a stream may be asked; it ends with the test. */
function options(more: ChannelStreamOptions = {}): ChannelStreamOptions {
  const controller = new AbortController();
  aborting.push(controller);
  return { backoff: FAST, signal: controller.signal, ...more };
}

/** The first tick that fits; the stream goes on, unlike after leaving a loop over it. */
async function find(ticks: AsyncIterator<Tick, undefined>, fits: (tick: Tick) => boolean): Promise<Tick> {
  for (;;) {
    const { done, value } = await ticks.next();
    if (done === true) throw new Error('the stream ended');
    if (fits(value)) return value;
  }
}

const numbers = (ticks: readonly Tick[]): (number | undefined)[] =>
  ticks.flatMap(({ records }) => records.map(({ x }) => x));

describe('the client of channels with a real gateway', () => {
  it('lists, sends, reads the last tick, and finds a record again by its id', async () => {
    expect(await client.names('send')).toEqual(['basket', 'basket/A', 'basket/B', 'basket/C', 'controls', 'example']);
    expect(await client.names('stream')).toContain('heartbeat');
    const [sent] = await client.send('example', { x: 4711, y: 'sent' });
    expect(sent).toMatchObject({ x: 4711, y: 'sent', id: expect.stringMatching(/^\d{19}$/) });
    expect(await client.lookup('example', sent?.id ?? '')).toEqual(sent);
    expect(await client.lookup('example', '1')).toBeNull();
    expect(await client.last('example')).toHaveLength(1);
    expect(await client.field('metadata')).toEqual({ name: 'Demo' });
  });

  it('sends lists, keys of a basket, and several keys at once', async () => {
    expect(await client.send('example', [{ x: 1 }, { x: 2 }])).toMatchObject([{ x: 1 }, { x: 2 }]);
    await client.send('basket', { x: 12 }, 'B');
    expect(await client.sendBasket('basket', { A: { x: 21 }, C: { x: 23 } })).toMatchObject([{ x: 21 }, { x: 23 }]);
    expect(await client.last('basket', 'A')).toHaveLength(1);
  });

  it('waits for the next tick, also for the one after a record it knows, and gives up in time', async () => {
    const [known] = await client.send('example', { x: 31 });
    await client.send('example', { x: 32 });
    expect(await client.next('example', { after: known?.id ?? '' })).toHaveLength(1);
    expect(await client.next('example', { key: 'none' }).catch((error: unknown) => error)).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await client.next('controls', { timeoutMs: 20 })).toEqual([]);
  });

  it('is told in words what a channel refuses', async () => {
    await expect(client.send('example', { x: -1 })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      message: expect.stringContaining('non-negative'),
    });
    const two = client.send('example', [{ x: 1 }, { x: 'one', y: null } as never]);
    await expect(two).rejects.toThrow(
      '422: body.1.x: Input should be a valid integer, unable to parse string as an integer; body.1.y: Input should be',
    );
    await expect(client.last('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('asks a state with conditions, an order and a page', async () => {
    await client.send(
      'example',
      [1, 2, 3].map((x) => ({ x: 70_000 + x, y: 'state' })),
    );
    const chosen = query().where('x', '>', 70_000).whereIn('y', ['state']).sort('-x').limit(2);
    expect((await client.state('example', chosen)).map(({ x }) => x)).toEqual([70_003, 70_002]);
    await expect(client.state('example', query().where('nowhere', '==', 1))).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });

  it('asks a state for some fields, and its type has those alone', async () => {
    await client.send('example', { x: 71_001, y: 'fields' });
    const query71 = query().where('x', '==', 71_001).fields('x', 'internal_csp_struct.z');
    const [found] = await client.state('example', query71);
    expect(found).toEqual({ x: 71_001, 'internal_csp_struct.z': 12 });
    const x: number | undefined = found?.x;
    const path: unknown = found?.['internal_csp_struct.z'];
    expect([x, path]).toEqual([71_001, 12]);
    // @ts-expect-error it was not asked for
    expect(found?.y).toBeUndefined();
  });

  it('finds a record of any type by its id', async () => {
    const [sent] = await client.send('controls', { name: 'heartbeat' });
    expect(await client.lookupAny(sent?.id ?? '')).toMatchObject({ name: 'heartbeat' });
    expect(await client.lookupAny('1')).toBeNull();
  });

  it('reads the past of a channel, and of one key, page by page', async () => {
    const begun = new Date();
    await client.send(
      'basket',
      Array.from({ length: 7 }, (_, at) => ({ x: 72_000 + at })),
      'C',
    );
    const found: number[] = [];
    for await (const { x = 0 } of client.history('basket', { key: 'C', start: begun, pageSize: 3 })) found.push(x);
    expect(found.filter((x) => x >= 72_000)).toEqual([72_000, 72_001, 72_002, 72_003, 72_004, 72_005, 72_006]);
    expect(await client.history('basket', { end: new Date(0) }).next()).toMatchObject({ done: true });
    await expect(client.history('basket', { start: 'soon' }).next()).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });

  it('asks with SQL, for rows and for Arrow', async () => {
    await client.send('example', { x: 73_001, y: 'sql' });
    const text = 'SELECT x, y FROM state.example WHERE x = ?';
    const { rows, columns, truncated } = await client.sql<{ x: string; y: string }>(text, { params: [73_001] });
    expect([rows, truncated]).toEqual([[{ x: '73001', y: 'sql' }], false]);
    expect(columns.map(({ name }) => name)).toEqual(['x', 'y']);
    const arrow = await client.sqlArrow('SELECT * FROM range(5)', { limit: 3 });
    const { numRows } = tableFromIPC(arrow.bytes);
    expect([numRows, arrow.truncated]).toEqual([3, true]);
    await expect(client.sql('SELEC 1')).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
  });

  it('stages records and releases them together', async () => {
    const staging = client.staging('example');
    const area = await staging.open();
    await staging.add({ x: 80_001 }, [area]);
    expect(await staging.list()).toContain(area);
    expect((await staging.read(area))[area]).toMatchObject([{ x: 80_001 }]);
    expect((await staging.release([area]))[area]).toMatchObject([{ x: 80_001 }]);
    expect(await staging.list()).not.toContain(area);
  });

  it('follows channels and single keys of baskets', async () => {
    const stream = client.stream(['example', { channel: 'basket', key: 'A' }], options());
    await stream.ready;
    await client.send('example', { x: 900 });
    await client.sendBasket('basket', { A: { x: 901 }, B: { x: 902 } });
    const seen: Tick[] = [];
    await find(stream, (tick) => {
      seen.push(tick);
      return tick.records[0]?.x === 901;
    });
    expect(numbers(seen)).toContain(900);
    expect(numbers(seen)).not.toContain(902);
    expect(seen.at(-1)).toMatchObject({ channel: 'basket', key: 'A', seq: expect.stringMatching(/^\d+-\d+$/) });
  });

  it('begins with the last tick when a snapshot is asked for, and ends when it is told to', async () => {
    await client.send('basket', { x: 77 }, 'C');
    const stream = client.stream([{ channel: 'basket', key: 'C' }], options({ snapshot: true }));
    expect(await stream.next()).toMatchObject({ value: { channel: 'basket', key: 'C' } });
    await stream.return();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('fails when a channel cannot be followed', async () => {
    expect(() => client.stream([])).toThrow('one channel at the least');
    const stream = client.stream('nowhere', options());
    await expect(stream.ready).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      message: expect.stringContaining('nowhere'),
    });
    await expect(stream.next()).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
  });

  it('loses and repeats nothing when it is slower than what waits may take', async () => {
    const stream = client.stream('example', options({ maxWaitingChars: 20_000 }));
    await stream.ready;
    const count = 3_000;
    for (let from = 0; from < count; from += 1_000) {
      await client.send(
        'example',
        Array.from({ length: 1_000 }, (_, at) => ({ x: 10_000 + from + at, y: 'many' })),
      );
    }
    const seen: Tick[] = [];
    await find(stream, (tick) => {
      if (tick.records[0]?.y === 'many') seen.push(tick);
      return seen.length === count;
    });
    expect(numbers(seen)).toEqual(Array.from({ length: count }, (_, at) => 10_000 + at));
  });

  it('gets what ticked while it was away on a channel that had not ticked before', async () => {
    const stream = client.stream('controls', options({ backoff: { firstDelayMs: 1_500, maxDelayMs: 2_000 } }));
    await stream.ready;
    await app.kill();
    app = await start();
    await client.send('controls', { name: 'meanwhile' });
    const tick = await stream.next();
    expect(tick.value?.records).toMatchObject([{ name: 'meanwhile' }]);
  });

  it('follows several keys of a basket from a position, each tick once', async () => {
    const begin = client.stream('basket', options());
    await begin.ready;
    await client.send('basket', { x: 600 }, 'A');
    const { seq } = await find(begin, ({ records }) => records[0]?.x === 600);
    for (let x = 601; x < 701; x++) await client.send('basket', { x }, x % 2 === 0 ? 'A' : 'B');
    const targets = ['A', 'B'].map((key) => ({ channel: 'basket' as const, key }));
    const both = client.stream(targets, options({ since: { basket: seq ?? '' } }));
    const seen: Tick[] = [];
    await find(both, (tick) => {
      if ((tick.records[0]?.x ?? 0) > 600) seen.push(tick);
      return tick.records[0]?.x === 700;
    });
    expect(numbers(seen).toSorted((one, other) => (one ?? 0) - (other ?? 0))).toEqual(
      Array.from({ length: 100 }, (_, at) => 601 + at),
    );
  });

  it('goes on where it was after the gateway was killed and started again', async () => {
    const stream = client.stream('example', options());
    await stream.ready;
    await client.send('example', { x: 500, y: 'before' });
    await find(stream, ({ records }) => records[0]?.y === 'before');
    await app.kill();
    app = await start();
    await client.send('example', [
      { x: 501, y: 'after' },
      { x: 502, y: 'after' },
    ]);
    const seen: Tick[] = [];
    await find(stream, (tick) => {
      if (tick.records[0]?.y === 'after') seen.push(tick);
      return seen.length === 2;
    });
    expect(numbers(seen)).toEqual([501, 502]);
  });
});
