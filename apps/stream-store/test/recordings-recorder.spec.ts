import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StreamLog } from '@sluice/stream-log';
import { waitFor } from '@sluice/testing';
import { packPayloads } from '@sluice/wire';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { metric } from './support/metrics.js';
import { RecordingStore, recordedEntries } from './support/recordings.js';

let recordings: RecordingStore;

beforeAll(async () => {
  recordings = await RecordingStore.start();
});

afterAll(async () => {
  await recordings.close();
});

/** Appends numbered entries without a pause until told to stop; resolves with the ids in order. */
function pour(key: string): { stop(): Promise<string[]>; readonly sent: () => number } {
  const log = recordings.store.service.app.get(StreamLog);
  const ids: Promise<string>[] = [];
  let goesOn = true;
  const done = (async () => {
    while (goesOn) {
      for (let at = 0; at < 50; at += 1) ids.push(log.append(key, Buffer.from(`${ids.length}`)));
      await ids.at(-1);
    }
    return Promise.all(ids);
  })();
  return {
    sent: () => ids.length,
    stop: () => {
      goesOn = false;
      return done;
    },
  };
}

describe('a recording', () => {
  it('has every entry that was appended between the answer of start and the call of stop, each once', async () => {
    const { store, dir } = recordings;
    const before = await store.add('default:one', 'before');
    expect(await recordings.ask('PUT', '/start?rec_id=simple')).toEqual({ status: 200, body: 'simple' });
    const ids = [
      await store.add('default:one', 'a'),
      await store.add('default:one', 'b'),
      await store.add('cam:x', 'c'),
    ];
    expect(await recordings.ask('PUT', '/stop')).toEqual({ status: 200, body: 1 });
    await store.add('default:one', 'after');
    expect(await recordedEntries(dir, 'simple', 'one')).toEqual([`${ids[0]} a`, `${ids[1]} b`]);
    expect(await recordedEntries(dir, 'simple', 'cam:x')).toEqual([`${ids[2]} c`]);
    expect(await readdir(join(dir, 'raw', 'simple', 'one'))).toEqual([`${ids[0]}_${ids[1]}.zip`]);
    expect(before < (ids[0] as string)).toBe(true);
  });

  it('loses nothing of 30,000 entries that are appended all the while it starts and stops', async () => {
    const writer = pour('default:rapid');
    await waitFor(() => writer.sent() > 500);
    expect((await recordings.ask('PUT', '/start?rec_id=rapid')).status).toBe(200);
    const firstSent = writer.sent();
    await waitFor(() => writer.sent() > firstSent + 30_000);
    const sentBeforeStop = writer.sent() - 50;
    expect((await recordings.ask('PUT', '/stop')).body).toBe(1);
    const ids = await writer.stop();
    const found = await recordedEntries(recordings.dir, 'rapid', 'rapid');
    const numbers = found.map((entry) => Number(entry.split(' ')[1]));
    expect(numbers[0]).toBeLessThanOrEqual(firstSent);
    expect(numbers.at(-1)).toBeGreaterThanOrEqual(sentBeforeStop - 50);
    expect(found).toEqual(
      numbers.map((_number, at) => `${ids[(numbers[0] as number) + at]} ${(numbers[0] as number) + at}`),
    );
    expect(found.length).toBeGreaterThanOrEqual(30_000 - 100);
  }, 60_000);

  it('takes in streams that appear while it runs, from their first entry on', async () => {
    const { store, dir } = recordings;
    await recordings.ask('PUT', '/start?rec_id=later');
    const log = store.service.app.get(StreamLog);
    const ids = await Promise.all([1, 2, 3].map((number) => log.append('default:new', Buffer.from(`${number}`))));
    await waitFor(async () => (await readdir(join(dir, 'raw', 'later'))).includes('new'));
    // The last one is known only to the scan that the stop makes.
    const last = await store.add('default:newer', 'x');
    await recordings.ask('PUT', '/stop');
    expect(await recordedEntries(dir, 'later', 'new')).toEqual(ids.map((id, at) => `${id} ${at + 1}`));
    expect(await recordedEntries(dir, 'later', 'newer')).toEqual([`${last} x`]);
  });

  it('keeps fields beside d and the metadata of streams beside the zips', async () => {
    const { store, dir } = recordings;
    await store.redis.command('SET', ':stream:meta:default:rich', '{"fps":30}');
    await recordings.ask('PUT', '/start?rec_id=rich');
    const id = String(await store.redis.command('XADD', 'default:rich', '*', 'd', 'x', 'pose', 'p'));
    await recordings.ask('PUT', '/stop');
    const side = join(dir, 'raw', 'rich', '.sluice');
    expect(JSON.parse(await readFile(join(side, 'rich.fields.jsonl'), 'utf8'))).toEqual({
      id,
      fields: [['pose', Buffer.from('p').toString('base64')]],
    });
    const lines = (await readFile(join(side, 'manifest.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toEqual([
      expect.objectContaining({ type: 'started', by: expect.any(String) }),
      expect.objectContaining({ type: 'stream', sid: 'rich', folder: 'rich', meta: '{"fps":30}' }),
      expect.objectContaining({ type: 'stopped', reason: null }),
    ]);
  });

  it('replaces the one that runs, unless it is to run beside it', async () => {
    const { store, dir } = recordings;
    await recordings.ask('PUT', '/start?rec_id=first');
    const one = await store.add('default:multi', '1');
    await recordings.ask('PUT', '/start?rec_id=second');
    expect((await recordings.ask('GET', '/current')).body).toBe('second');
    expect(await store.redis.command('GET', 'recording:id')).toBe('second');
    expect((await recordings.ask('PUT', '/start?rec_id=beside&parallel=1&sids=mul*')).body).toBe('beside');
    expect((await recordings.ask('GET', '/current')).body).toBe('second');
    const two = await store.add('default:multi', '2');
    const other = await store.add('default:other', '3');
    expect((await recordings.ask('PUT', '/stop?rec_id=beside')).body).toBe(1);
    const three = await store.add('default:multi', '4');
    expect((await recordings.ask('PUT', '/stop')).body).toBe(1);
    expect((await recordings.ask('PUT', '/stop')).body).toBe(0);
    expect((await recordings.ask('GET', '/current')).body).toBeNull();
    expect(await recordedEntries(dir, 'first', 'multi')).toEqual([`${one} 1`]);
    expect(await recordedEntries(dir, 'second', 'multi')).toEqual([`${two} 2`, `${three} 4`]);
    expect(await recordedEntries(dir, 'second', 'other')).toEqual([`${other} 3`]);
    expect(await recordedEntries(dir, 'beside', 'multi')).toEqual([`${two} 2`]);
    expect(await recordedEntries(dir, 'beside', 'other')).toEqual([]);
    const events = (await store.entries('event:recording:id')).map(({ d }) => d);
    expect(events.slice(-4)).toEqual(['first', '', 'second', '']);
  });

  it('holds the parts of packed entries as entries of their own', async () => {
    const log = recordings.store.service.app.get(StreamLog);
    await recordings.ask('PUT', '/start?rec_id=packed');
    const packed = packPayloads(['x', 'y'].map((text) => Buffer.from(text)));
    const id = await new Promise<string>((resolve, reject) =>
      log.pushPacked(
        'default:packed',
        packed,
        { onAppended: (_token, given) => resolve(given), onRefused: (_token, error) => reject(error) },
        0,
      ),
    );
    await recordings.ask('PUT', '/stop');
    expect(await recordedEntries(recordings.dir, 'packed', 'packed')).toEqual([`${id}.0 x`, `${id}.1 y`]);
  });

  it('has a stream that was deleted and made anew with lower ids, and says so', async () => {
    const { store, dir } = recordings;
    await store.add('default:anew', '0', '1-0');
    await recordings.ask('PUT', '/start?rec_id=anew');
    await store.add('default:anew', 'old', '5000-0');
    const manifest = join(dir, 'raw', 'anew', '.sluice', 'manifest.jsonl');
    await waitFor(async () => (await readFile(manifest, 'utf8')).includes('"anew"'));
    await store.redis.command('DEL', 'default:anew');
    await store.add('default:anew', 'new', '2000-0');
    await store.add('default:anew', 'newer', '2001-0');
    expect((await recordings.ask('PUT', '/stop')).body).toBe(1);
    expect(await recordedEntries(dir, 'anew', 'anew')).toEqual(['2000-0 new', '2001-0 newer', '5000-0 old']);
    expect(await readFile(manifest, 'utf8')).toContain('"type":"reset"');
  });

  it('keeps a bound on open files, however many streams there are', async () => {
    const { log, url } = recordings.store;
    const count = 600;
    await recordings.ask('PUT', '/start?rec_id=wide');
    const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd').catch(() => [])).length;
    const before = await openFiles();
    for (const round of ['1', '2']) {
      await Promise.all(Array.from({ length: count }, (_, at) => log.append(`wide:${at}`, Buffer.from(round))));
    }
    await waitFor(async () => (await readdir(join(recordings.dir, 'raw', 'wide'))).length === count + 1);
    expect((await openFiles()) - before).toBeLessThan(330);
    expect(await metric(url, 'sluice_store_recordings')).toBe(1);
    expect((await recordings.ask('PUT', '/stop')).body).toBe(1);
    expect(await metric(url, 'sluice_store_recorded_entries_total')).toBeGreaterThanOrEqual(2 * count);
    for (let at = 0; at < count; at += 1) {
      const entries = await recordedEntries(recordings.dir, 'wide', `wide:${at}`);
      expect(entries.map((entry) => entry.split(' ')[1])).toEqual(['1', '2']);
    }
  }, 60_000);
});
