import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RecorderParts } from '../src/recordings/recorder/recorder-parts.js';
import { openPart, type OpenPart, type PartFile } from '../src/recordings/disk/part-file.js';
import { RecordingStore, recordedEntries } from './support/recordings.js';

const run = promisify(execFile);

describe('a recording on a disk that is slow or full', () => {
  let recordings: RecordingStore;
  let parts: RecorderParts;

  beforeAll(async () => {
    recordings = await RecordingStore.start();
    parts = recordings.store.service.app.get(RecorderParts);
  });

  afterEach(() => {
    parts.openPart = openPart;
  });

  afterAll(async () => {
    await recordings.close();
  });

  it('holds no more than a bound while the disk does not move, and reads on from the log when it does', async () => {
    const gate = Promise.withResolvers<void>();
    parts.openPart = wrapped((file) => ({ append: async (pieces) => gate.promise.then(() => file.append(pieces)) }));
    await recordings.ask('PUT', '/start?rec_id=slow');
    const { log, redis } = recordings.store;
    const payload = Buffer.alloc(100_000, 'x');
    const keys = ['default:a', 'default:b', 'cam:c'];
    // 60 MB in three streams, of which 8 MiB may wait.
    for (let at = 0; at < 200; at += 1) await Promise.all(keys.map((key) => log.append(key, payload)));
    await waitFor(() => parts.metrics.paused.size > 0);
    let held = 0;
    const { queue } = parts;
    expect(queue.hasRoom).toBe(false);
    held = (queue as unknown as { waitingBytes: number }).waitingBytes;
    expect(held).toBeLessThan(16 * 1024 * 1024);
    const stopped = recordings.ask('PUT', '/stop');
    gate.resolve();
    expect((await stopped).body).toBe(1);
    for (const [at, folder] of ['a', 'b', 'cam:c'].entries()) {
      const ids = (await recordedEntries(recordings.dir, 'slow', folder)).map((entry) => entry.split(' ')[0]);
      const inRedis = (await redis.command('XRANGE', keys[at] as string, '-', '+')) as [string][];
      expect(ids).toEqual(inRedis.map(([id]) => id));
      expect(ids.length).toBe(200);
    }
  }, 60_000);

  it('says which entries were trimmed before a stalled disk took them', async () => {
    const gate = Promise.withResolvers<void>();
    parts.openPart = wrapped((file) => ({ append: async (pieces) => gate.promise.then(() => file.append(pieces)) }));
    await recordings.ask('PUT', '/start?rec_id=gaps');
    const { log, redis } = recordings.store;
    const payload = Buffer.alloc(1_000_000, 'x');
    for (let at = 0; at < 80; at += 1) await log.append('default:big', payload);
    await waitFor(() => parts.metrics.paused.size > 0);
    await redis.command('XTRIM', 'default:big', 'MAXLEN', '=', '2');
    gate.resolve();
    await waitFor(() => parts.metrics.paused.size === 0);
    await recordings.ask('PUT', '/stop');
    const manifest = await readFile(join(recordings.dir, 'raw', 'gaps', '.sluice', 'manifest.jsonl'), 'utf8');
    const gap = manifest.split('\n').find((line) => line.includes('"gap"'));
    const entries = await recordedEntries(recordings.dir, 'gaps', 'big');
    expect(JSON.parse(gap as string)).toMatchObject({ type: 'gap', sid: 'big', lost: 80 - entries.length });
  }, 60_000);

  it('ends with its reason when the disk is full, and what it has stays readable', async () => {
    const disk = { left: 40_000 };
    parts.openPart = limited(disk);
    await recordings.store.add('default:full', 'before');
    await recordings.ask('PUT', '/start?rec_id=full');
    for (let at = 0; at < 60; at += 1) await recordings.store.add('default:full', Buffer.alloc(1000, String(at % 10)));
    await waitFor(async () => (await recordings.ask('GET', '/current')).body === null);
    const entries = await recordedEntries(recordings.dir, 'full', 'full');
    expect(entries.length).toBeGreaterThan(15);
    expect(entries.length).toBeLessThan(39);
    expect(entries.every((entry, at) => entry.endsWith(String(at % 10).repeat(1000)))).toBe(true);
    expect((await recordings.ask('GET', '/full')).body).toMatchObject({ ended: 'the disk of recordings is full' });
    const manifest = await readFile(join(recordings.dir, 'raw', 'full', '.sluice', 'manifest.jsonl'), 'utf8');
    expect(manifest).toContain('"type":"stopped"');
    const gap = manifest.split('\n').find((line) => line.includes('"gap"')) ?? '{}';
    expect(JSON.parse(gap)).toMatchObject({ sid: 'full', after: entries.at(-1)?.split(' ')[0] });
    parts.openPart = openPart;
    expect((await recordings.ask('PUT', '/start?rec_id=after')).status).toBe(200);
    expect((await recordings.ask('PUT', '/stop')).body).toBe(1);
  });
});

describe('a recording on a small file system', () => {
  it('ends readable when it is full', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-small-'));
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', dir]);
    } catch (error) {
      process.stderr.write(
        `skipped: a small file system cannot be mounted here (${(error as Error).message.split('\n')[0]})\n`,
      );
      return;
    }
    const recordings = await RecordingStore.start({ SLUICE_STREAM_STORE_RECORDINGS_PATH: join(dir, 'recordings') });
    try {
      await recordings.ask('PUT', '/start?rec_id=tiny');
      const { log } = recordings.store;
      await Promise.all(
        Array.from({ length: 400 }, (_, at) => log.append('default:tiny', Buffer.alloc(10_000, at % 256))),
      );
      await waitFor(async () => (await recordings.ask('GET', '/current')).body === null);
      const entries = await recordedEntries(recordings.dir, 'tiny', 'tiny');
      expect(entries.length).toBeGreaterThan(100);
      expect((await recordings.ask('GET', '/tiny')).body).toMatchObject({ ended: 'the disk of recordings is full' });
      expect((await recordings.ask('GET', '/')).status).toBe(200);
    } finally {
      await recordings.close();
      await run('umount', [dir]);
      await rm(dir, { recursive: true, force: true });
    }
  }, 60_000);

  it('is not begun with less room than the floor, and begun with it', async () => {
    const recordings = await RecordingStore.start({ SLUICE_STREAM_STORE_RECORDINGS_MIN_FREE_BYTES: `${2 ** 52}` });
    expect(await recordings.ask('PUT', '/start?rec_id=none')).toMatchObject({ status: 507 });
    expect((await recordings.ask('GET', '/current')).body).toBeNull();
    await recordings.close();
  });
});

/** The real disk, with some of its calls replaced. */
function wrapped(replace: (file: PartFile) => Partial<PartFile>): OpenPart {
  return async (path) => {
    const file = await openPart(path);
    const own = {
      append: (pieces: readonly Uint8Array[]) => file.append(pieces),
      truncate: (bytes: number) => file.truncate(bytes),
      sync: () => file.sync(),
      close: () => file.close(),
    };
    return { ...own, ...replace(file) };
  };
}

/** A disk of so many bytes, which writes in part before it is full, as real ones do. */
function limited(disk: { left: number }): OpenPart {
  return async (path) => {
    const file = await openPart(path);
    let end = 0;
    return {
      append: async (pieces) => {
        const bytes = Buffer.concat(pieces);
        const taken = bytes.subarray(0, Math.min(bytes.length, disk.left));
        await file.append([taken]);
        disk.left -= taken.length;
        end += taken.length;
        if (taken.length < bytes.length) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      },
      truncate: async (bytes) => {
        await file.truncate(bytes);
        disk.left += end - bytes;
        end = bytes;
      },
      sync: () => file.sync(),
      close: () => file.close(),
    };
  };
}
