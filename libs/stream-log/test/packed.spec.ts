import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisServer, startRedis, uniqueName, waitFor } from '@sluice/testing';
import { packPayloads } from '@sluice/wire';
import { StreamLog } from '../src/index.js';
import { Collector, KEEP_ALL } from './collector.js';

let redis: RedisServer;
let log: StreamLog;

beforeAll(async () => {
  redis = await startRedis();
  log = await StreamLog.connect({ url: redis.url, durability: { kind: 'everysec' }, retention: KEEP_ALL });
});

afterAll(async () => {
  await log.close();
  await redis.stop();
});

function pushPacked(key: string, ...payloads: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const sink = {
      onAppended: (_token: number, id: string) => resolve(id),
      onRefused: (_token: number, error: Error) => reject(error),
    };
    log.pushPacked(key, packPayloads(payloads.map((payload) => Buffer.from(payload))), sink, 0);
  });
}

async function followed(key: string, after: string, wanted: number, maxEntries = 0): Promise<Collector> {
  const sink = new Collector();
  const follower = log.follow(key, { after, maxEntries }, sink);
  await waitFor(() => sink.payloads.length >= wanted, { message: `${wanted} entries delivered` });
  follower.close();
  return sink;
}

describe('a packed entry', () => {
  it('is one entry in Redis and single entries to every reader, live and from the past', async () => {
    const key = uniqueName('packed');
    const live = new Collector();
    const follower = log.follow(key, { after: '$' }, live);
    await follower.ready;
    const before = await log.append(key, Buffer.from('a'));
    const packed = await pushPacked(key, 'b', 'c', 'd');
    const behind = await log.append(key, Buffer.from('e'));
    const ids = [before, `${packed}/0`, `${packed}/1`, `${packed}/2`, behind];
    await waitFor(() => live.payloads.length >= 5, { message: 'all delivered' });
    expect(await redis.command('XLEN', key)).toBe(3);
    expect(live.ids).toEqual(ids);
    expect(live.payloads).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect((await followed(key, '0-0', 5)).ids).toEqual(ids);
    expect((await log.reader.range(key, { start: '-', end: '+', count: 4 })).map((entry) => entry.id)).toEqual(
      ids.slice(0, 4),
    );
    expect(
      (await log.reader.range(key, { start: '-', end: '+', reverse: true, count: 3 })).map((entry) => entry.id),
    ).toEqual(ids.toReversed().slice(0, 3));
    follower.close();
  });

  it('can be read on from any of its parts', async () => {
    const key = uniqueName('within');
    const packed = await pushPacked(key, 'a', 'b', 'c');
    await log.append(key, Buffer.from('d'));
    const after = `${packed}/0`;
    const sink = await followed(key, after, 3);
    expect(sink.payloads).toEqual(['b', 'c', 'd']);
    expect(sink.gaps).toEqual([]);
    expect((await log.reader.read(key, { after, count: 2 })).map((entry) => String(entry.payload))).toEqual(['b', 'c']);
    expect((await log.reader.newest(key, { after, count: 9 })).map((entry) => String(entry.payload))).toEqual([
      'd',
      'c',
      'b',
    ]);
  });

  it('is handed out in pieces to a follower that wants few at a time', async () => {
    const key = uniqueName('pieces');
    await pushPacked(key, 'a', 'b', 'c');
    await pushPacked(key, 'd', 'e');
    const sink = await followed(key, '0-0', 5, 2);
    expect(sink.payloads).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(sink.batches.every((batch) => batch.entries.length <= 2)).toBe(true);
  });

  it('keeps its bytes for readers that pass it on whole', async () => {
    const key = uniqueName('whole');
    await pushPacked(key, 'a', 'b');
    const sink = await followed(key, '0-0', 2);
    expect(sink.batches[0]?.stored.map((entry) => entry.packedCount)).toEqual([2]);
    expect(sink.batches[0]?.entryCount).toBe(2);
  });

  it('that another tool only seems to have made is passed over', async () => {
    const key = uniqueName('foreign');
    await redis.command('XADD', key, '*', 'p', 'not packed');
    await redis.command('XADD', key, '*', 'p', Buffer.from([0, 0, 0, 2, 0, 0, 0, 1, 65]));
    await log.append(key, Buffer.from('a'));
    expect((await followed(key, '0-0', 1)).payloads).toEqual(['a']);
  });
});
