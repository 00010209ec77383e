import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisServer, startRedis, uniqueName, waitFor } from '@sluice/testing';
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

function append(key: string, ...payloads: string[]): Promise<string[]> {
  return Promise.all(payloads.map((payload) => log.append(key, Buffer.from(payload))));
}

async function count(sink: Collector, wanted: number): Promise<void> {
  await waitFor(() => sink.payloads.length >= wanted, { message: `${wanted} entries delivered` });
}

describe('a follower', () => {
  it('from $ gets what is appended after it was ready, once and in order', async () => {
    const key = uniqueName('live');
    await append(key, 'before');
    const sink = new Collector();
    const follower = log.follow(key, { after: '$' }, sink);
    await follower.ready;
    const ids = await append(key, 'a', 'b', 'c');
    await count(sink, 3);
    expect(sink.payloads).toEqual(['a', 'b', 'c']);
    expect(sink.ids).toEqual(ids);
    follower.close();
  });

  it('of a stream that does not exist yet gets its first entry', async () => {
    const key = uniqueName('later');
    const sink = new Collector();
    const follower = log.follow(key, { after: '$' }, sink);
    await follower.ready;
    await append(key, 'first');
    await count(sink, 1);
    expect(sink.payloads).toEqual(['first']);
    expect(sink.gaps).toEqual([]);
    follower.close();
  });

  it('from 0 gets the past, then the present, without a seam', async () => {
    const key = uniqueName('past');
    const total = 5_000;
    await append(key, ...Array.from({ length: total }, (_, index) => String(index)));
    const sink = new Collector();
    const follower = log.follow(key, { after: '0-0' }, sink);
    await append(key, ...Array.from({ length: total }, (_, index) => String(total + index)));
    await count(sink, 2 * total);
    expect(sink.payloads).toEqual(Array.from({ length: 2 * total }, (_, index) => String(index)));
    expect(sink.gaps).toEqual([]);
    follower.close();
  });

  it('that pauses keeps its position and nothing else, and goes on there', async () => {
    const key = uniqueName('pause');
    const sink = new Collector();
    sink.pauses = true;
    const follower = log.follow(key, { after: '$' }, sink);
    await follower.ready;
    await append(key, 'a');
    await count(sink, 1);
    await append(key, 'b', 'c');
    await append(key, 'd');
    expect(sink.payloads).toEqual(['a']);
    sink.pauses = false;
    follower.resume();
    await append(key, 'e');
    await count(sink, 5);
    expect(sink.payloads).toEqual(['a', 'b', 'c', 'd', 'e']);
    follower.close();
  });

  it('that can take nothing for now is told nothing, and then everything once', async () => {
    const key = uniqueName('full');
    const sink = Object.assign(new Collector(), { isOpen: false, canTake: () => sink.isOpen });
    const [late, live] = ['0-0', '$'].map((after) => log.follow(key, { after }, sink));
    await append(key, 'a', 'b');
    await live?.ready;
    await append(key, 'c');
    await redis.command('XTRIM', key, 'MAXLEN', '=', 2);
    await append(key, 'd');
    live?.close();
    expect([sink.payloads, sink.gaps]).toEqual([[], []]);
    sink.isOpen = true;
    late?.resume();
    await count(sink, 3);
    expect(sink.payloads).toEqual(['b', 'c', 'd']);
    late?.close();
  });

  it('with maxEntries gets pieces no larger than that', async () => {
    const key = uniqueName('pieces');
    await append(key, 'a', 'b', 'c', 'd', 'e');
    const sink = new Collector();
    const follower = log.follow(key, { after: '0-0', maxEntries: 2 }, sink);
    await count(sink, 5);
    expect(sink.batches.map((batch) => batch.entries.length)).toEqual([2, 2, 1]);
    follower.close();
  });

  it('with latest skips to the newest entries when it comes late', async () => {
    const key = uniqueName('latest');
    const sink = new Collector();
    sink.pauses = true;
    const follower = log.follow(key, { after: '0-0', latest: 1 }, sink);
    await follower.ready;
    await append(key, 'a');
    await count(sink, 1);
    await append(key, 'b', 'c', 'd');
    follower.resume();
    await count(sink, 2);
    expect(sink.payloads).toEqual(['a', 'd']);
    follower.close();
  });

  it('passes over entries that other tools made without field d, and carries their extra fields', async () => {
    const key = uniqueName('foreign');
    const sink = new Collector();
    const follower = log.follow(key, { after: '$' }, sink);
    await follower.ready;
    await redis.command('XADD', key, '*', 'other', 'x');
    await redis.command('XADD', key, '*', 'unit', 'K', 'd', 'mixed');
    await count(sink, 1);
    expect(sink.payloads).toEqual(['mixed']);
    expect(sink.batches.at(-1)?.entries[0]?.fields).toEqual([['unit', Buffer.from('K')]]);
    follower.close();
  });

  it('of a key that is not a stream fails with WRONG_KEY_TYPE', async () => {
    const key = uniqueName('string');
    await redis.command('SET', key, 'x');
    const sink = new Collector();
    log.follow(key, { after: '$' }, sink);
    await waitFor(() => sink.failures.length > 0, { message: 'failure told' });
    expect(sink.failures[0]?.code).toBe('WRONG_KEY_TYPE');
  });

  it('sees entries of one millisecond and back-dated ids in numeric order', async () => {
    const key = uniqueName('numeric');
    const sink = new Collector();
    const follower = log.follow(key, { after: '$' }, sink);
    await follower.ready;
    for (let seq = 1; seq <= 12; seq++) await log.append(key, Buffer.from(String(seq)), { id: `5-${seq}` });
    await count(sink, 12);
    expect(sink.ids).toEqual(Array.from({ length: 12 }, (_, index) => `5-${index + 1}`));
    follower.close();
  });
});

describe('many followers', () => {
  it('of one stream are handed the same batch, read once', async () => {
    const key = uniqueName('fanout');
    const sinks = Array.from({ length: 100 }, () => new Collector());
    const followers = sinks.map((sink) => log.follow(key, { after: '$' }, sink));
    await Promise.all(followers.map((follower) => follower.ready));
    const before = log.stats().entriesRead;
    await append(key, 'a', 'b');
    for (const sink of sinks) await count(sink, 2);
    expect(log.stats().entriesRead - before).toBe(2);
    expect(new Set(sinks.map((sink) => sink.batches[0])).size).toBe(1);
    for (const follower of followers) follower.close();
  });

  it('leave nothing behind when they go', async () => {
    const key = uniqueName('gone');
    const before = log.stats();
    const followers = Array.from({ length: 50 }, () => log.follow(key, { after: '$' }, new Collector()));
    await Promise.all(followers.map((follower) => follower.ready));
    expect(log.stats().followers).toBe(before.followers + 50);
    for (const follower of followers) follower.close();
    expect(log.stats().followers).toBe(before.followers);
    expect(log.stats().streams).toBe(before.streams);
  });
});

describe('notices', () => {
  it('tell a paused follower what was trimmed past it, with the count', async () => {
    const key = uniqueName('gap');
    const sink = new Collector();
    sink.pauses = true;
    const follower = log.follow(key, { after: '$' }, sink);
    await follower.ready;
    const [first] = await append(key, 'a');
    await count(sink, 1);
    const ids = await append(key, ...'bcdefghij');
    await redis.command('XTRIM', key, 'MAXLEN', '=', 3);
    sink.pauses = false;
    follower.resume();
    await count(sink, 4);
    expect(sink.payloads).toEqual(['a', 'h', 'i', 'j']);
    expect(sink.gaps).toEqual([{ key, after: first, next: ids[6], lost: 6 }]);
    follower.close();
  });

  it('do not come when nothing was lost, however short the stream is kept', async () => {
    const key = uniqueName('short');
    const sink = new Collector();
    const follower = log.follow(key, { after: '$' }, sink);
    await follower.ready;
    for (let index = 0; index < 20; index++) {
      await redis.command('XADD', key, 'MAXLEN', '=', 1, '*', 'd', String(index));
      await count(sink, index + 1);
    }
    expect(sink.payloads).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
    expect(sink.gaps).toEqual([]);
    follower.close();
  });

  it('say that history before a given position is gone, without a count', async () => {
    const key = uniqueName('history');
    const ids = await append(key, 'a', 'b', 'c', 'd');
    await redis.command('XTRIM', key, 'MAXLEN', '=', 2);
    const sink = new Collector();
    const follower = log.follow(key, { after: ids[0] ?? '' }, sink);
    await count(sink, 2);
    expect(sink.gaps).toEqual([{ key, after: ids[0], next: ids[2], lost: null }]);
    follower.close();
  });

  it('tell a reset when the stream was deleted and made anew', async () => {
    const key = uniqueName('reset');
    const sink = new Collector();
    const follower = log.follow(key, { after: '$' }, sink);
    await follower.ready;
    const [, second] = await append(key, 'a', 'b');
    await count(sink, 2);
    await redis.command('DEL', key);
    const [next] = await append(key, 'c');
    await count(sink, 3);
    expect(sink.resets).toEqual([{ key, after: second, next }]);
    expect(sink.gaps).toEqual([]);
    follower.close();
  });

  it('tell a reset and start over when the stream came back with lower ids', async () => {
    const key = uniqueName('rollback');
    const sink = new Collector();
    const follower = log.follow(key, { after: '$' }, sink);
    await follower.ready;
    await log.append(key, Buffer.from('a'), { id: '1000-0' });
    await count(sink, 1);
    await redis.command('DEL', key);
    await log.append(key, Buffer.from('b'), { id: '500-0' });
    await log.append(key, Buffer.from('c'), { id: '501-0' });
    await count(sink, 3);
    expect(sink.payloads).toEqual(['a', 'b', 'c']);
    expect(sink.resets).toEqual([{ key, after: '1000-0', next: '500-0' }]);
    follower.close();
  });

  it('tell a reset when the stream came back at once with the same last id and fewer entries', async () => {
    const key = uniqueName('same-id');
    const sink = new Collector();
    const follower = log.follow(key, { after: '$' }, sink);
    await follower.ready;
    await log.append(key, Buffer.from('a'), { id: '1-0' });
    await log.append(key, Buffer.from('b'), { id: '2-0' });
    await count(sink, 2);
    await redis.command('EVAL', "redis.call('DEL', KEYS[1]) redis.call('XADD', KEYS[1], '2-0', 'd', 'c')", '1', key);
    await count(sink, 3);
    expect(sink.payloads).toEqual(['a', 'b', 'c']);
    expect(sink.resets).toEqual([{ key, after: '2-0', next: '2-0' }]);
    follower.close();
  });

  it('reach a follower that was paused while its stream was made anew with lower ids', async () => {
    const key = uniqueName('paused-rollback');
    const [awake, asleep] = [new Collector(), new Collector()];
    asleep.pauses = true;
    const followers = [log.follow(key, { after: '$' }, awake), log.follow(key, { after: '$' }, asleep)];
    await Promise.all(followers.map((follower) => follower.ready));
    await log.append(key, Buffer.from('a'), { id: '1000-0' });
    await count(awake, 1);
    await count(asleep, 1);
    await redis.command('DEL', key);
    await log.append(key, Buffer.from('b'), { id: '500-0' });
    await count(awake, 2);
    asleep.pauses = false;
    followers[1]?.resume();
    await count(asleep, 2);
    expect(asleep.payloads).toEqual(['a', 'b']);
    expect(asleep.resets).toEqual([{ key, after: '1000-0', next: '500-0' }]);
    for (const follower of followers) follower.close();
  });
});
