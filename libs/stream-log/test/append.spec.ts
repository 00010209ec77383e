import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/contracts';
import { type RedisServer, startRedis, uniqueName, waitFor } from '@sluice/testing';
import { type AppendSink, StreamLog } from '../src/index.js';
import { KEEP_ALL } from './collector.js';

let redis: RedisServer;
let log: StreamLog;

function connect(options: { maxInflightBytes?: number } = {}): Promise<StreamLog> {
  return StreamLog.connect({ url: redis.url, durability: { kind: 'everysec' }, retention: KEEP_ALL, ...options });
}

beforeAll(async () => {
  redis = await startRedis();
  log = await connect();
});

afterAll(async () => {
  await log.close();
  await redis.stop();
});

async function codeOf(outcome: Promise<unknown>): Promise<string> {
  const error = await outcome.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof SluiceError ? error.code : String(error);
}

describe('append', () => {
  it('stores exactly the bytes, under field d, and resolves with the id', async () => {
    const key = uniqueName('bytes');
    const payload = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const id = await log.append(key, payload, { fields: [['unit', Buffer.from('°C')]] });
    const [entry] = await log.reader.range(key, { start: '-', end: '+', count: 10 });
    expect(entry).toEqual({ id, payload, fields: [['unit', Buffer.from('°C')]] });
  });

  it.each([0, 1, 4_095, 4_096, 16_384, 16_385, 200_000, 16 * 1024 * 1024])(
    'carries a payload of %d bytes',
    async (size) => {
      const key = uniqueName('size');
      const payload = Buffer.alloc(size, 7);
      await log.append(key, payload);
      const [entry] = await log.reader.range(key, { start: '-', end: '+', count: 1 });
      expect(Buffer.compare(Buffer.from(entry?.payload ?? ''), payload)).toBe(0);
      await redis.command('DEL', key);
    },
  );

  it('keeps the order of one stream over all sizes', async () => {
    const key = uniqueName('order');
    const sizes = Array.from({ length: 300 }, (_, index) => (index * 7_919) % 30_000);
    const ids = await Promise.all(sizes.map((size) => log.append(key, Buffer.alloc(size))));
    const entries = await log.reader.range(key, { start: '-', end: '+', count: 1_000 });
    expect(entries.map((entry) => entry.id)).toEqual(ids);
    expect(entries.map((entry) => entry.payload.byteLength)).toEqual(sizes);
  });

  it('gives each caller of one turn its own error', async () => {
    const [stream, text] = [uniqueName('own'), uniqueName('text')];
    await redis.command('SET', text, 'x');
    await log.append(stream, Buffer.from('a'), { id: '10-5' });
    const outcomes = [
      log.append(stream, Buffer.from('low'), { id: '10-5' }),
      log.append(text, Buffer.from('wrong')),
      log.append(stream, Buffer.from('fine'), { id: '10-*' }),
    ] as const;
    expect(await codeOf(outcomes[0])).toBe('ID_NOT_ABOVE_LAST');
    expect(await codeOf(outcomes[1])).toBe('WRONG_KEY_TYPE');
    expect(await outcomes[2]).toBe('10-6');
  });

  it('says when it is saturated, tells of relief, and refuses beyond twice the bound', async () => {
    const small = await connect({ maxInflightBytes: 1_000_000 });
    const key = uniqueName('bound');
    const outcomes: string[] = [];
    const sink: AppendSink = {
      onAppended: () => void outcomes.push('ok'),
      onRefused: (_token, error) => void outcomes.push(error.code),
    };
    let reliefs = 0;
    small.onRelief(() => reliefs++);
    for (let index = 0; index < 30; index++) small.push(key, Buffer.alloc(100_000), sink, index);
    expect(small.isSaturated).toBe(true);
    await waitFor(() => outcomes.length === 30, { message: 'all settled' });
    expect(new Set(outcomes)).toEqual(new Set(['ok', 'LOG_UNAVAILABLE']));
    expect(outcomes.filter((outcome) => outcome === 'ok').length).toBeGreaterThanOrEqual(10);
    expect(reliefs).toBe(1);
    expect(small.inflightBytes).toBe(0);
    await small.close();
  });

  it('resolves only what is stored when the log is closed under it', async () => {
    const closing = await connect();
    const key = uniqueName('close');
    const appended = Promise.all(Array.from({ length: 100 }, () => closing.append(key, Buffer.alloc(1_000))));
    await closing.close();
    expect(await appended).toHaveLength(100);
    expect(await codeOf(closing.append(key, Buffer.from('late')))).toBe('SHUTTING_DOWN');
  });
});

describe('reads of the past', () => {
  it('go forwards and backwards between ids, and find the nearest in time', async () => {
    const key = uniqueName('range');
    for (const ms of [100, 200, 300, 400]) await log.append(key, Buffer.from(String(ms)), { id: `${ms}-0` });
    const ids = async (options: { start: string; end: string; reverse?: boolean; count?: number }): Promise<string[]> =>
      (await log.reader.range(key, { count: 10, ...options })).map((entry) => entry.id);
    expect(await ids({ start: '-', end: '+' })).toEqual(['100-0', '200-0', '300-0', '400-0']);
    expect(await ids({ start: '150', end: '300' })).toEqual(['200-0', '300-0']);
    expect(await ids({ start: '-', end: '+', reverse: true, count: 2 })).toEqual(['400-0', '300-0']);
    expect(await ids({ start: '(200-0', end: '(400-0' })).toEqual(['300-0']);
    expect((await log.reader.nearest(key, 0))?.id).toBe('100-0');
    expect((await log.reader.nearest(key, 249))?.id).toBe('200-0');
    expect((await log.reader.nearest(key, 251))?.id).toBe('300-0');
    expect((await log.reader.nearest(key, 9_999))?.id).toBe('400-0');
    expect(await log.reader.nearest(uniqueName('empty'), 5)).toBeNull();
  });

  it('count only entries with field d', async () => {
    const key = uniqueName('mixed');
    for (let index = 0; index < 20; index++) {
      await redis.command('XADD', key, `${index + 1}-0`, index % 2 === 0 ? 'other' : 'd', String(index));
    }
    expect((await log.reader.read(key, { after: '0-0', count: 5 })).map((entry) => entry.id)).toEqual([
      '2-0',
      '4-0',
      '6-0',
      '8-0',
      '10-0',
    ]);
    expect((await log.reader.newest(key, { after: '0-0', count: 2 })).map((entry) => entry.id)).toEqual([
      '20-0',
      '18-0',
    ]);
  });
});

describe('the highest id and the lowest', () => {
  const last = '18446744073709551615-18446744073709551615';

  it('have nothing behind and before them, which is no error', async () => {
    const key = uniqueName('edge');
    await redis.command('XADD', key, '5-1', 'd', 'x');
    const { reader } = log;
    expect(await reader.read(key, { after: last, count: 1 })).toEqual([]);
    expect(await reader.newest(key, { after: last, count: 1 })).toEqual([]);
    expect(await reader.range(key, { start: `(${last}`, end: '+', count: 1 })).toEqual([]);
    expect(await reader.range(key, { start: '-', end: '(0-0', reverse: true, count: 1 })).toEqual([]);
    expect(await reader.range(key, { start: '(0-0', end: `(${last}`, count: 1 })).toHaveLength(1);
  });

  it('leave no id for the next entry, which is told so', async () => {
    const key = uniqueName('edge');
    expect(await log.append(key, Buffer.from('x'), { id: last })).toBe(last);
    expect(await codeOf(log.append(key, Buffer.from('y')))).toBe('ID_NOT_ABOVE_LAST');
    const entries = [{ payload: Buffer.from('y') }, { payload: Buffer.from('z') }];
    expect(await codeOf(log.appendAll(key, entries))).toBe('ID_NOT_ABOVE_LAST');
    expect(await stored(key)).toEqual(['x']);
  });

  async function stored(key: string): Promise<string[]> {
    const entries = await log.reader.range(key, { start: '-', end: '+', count: 9 });
    return entries.map(({ payload }) => String(payload));
  }
});
