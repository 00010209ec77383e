import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { McapIndexedReader, McapWriter } from '@mcap/core';
import { randomBytes } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { BEARER, RecordingStore, recordedEntries } from './support/recordings.js';

let recordings: RecordingStore;
const payloads: Buffer[] = [Buffer.alloc(0), randomBytes(3), randomBytes(2_500_000), randomBytes(70_000)];

beforeAll(async () => {
  recordings = await RecordingStore.start({ SLUICE_STREAM_STORE_RECORDINGS_MAX_UPLOAD_BYTES: '20000000' });
  const { store } = recordings;
  await store.redis.command('SET', ':stream:meta:default:main', '{"fps":30}');
  await recordings.ask('PUT', '/start?rec_id=origin');
  for (const payload of payloads) {
    await store.add('default:main', payload);
    await store.redis.command('XADD', 'cam:x', '*', 'd', payload, 'pose', 'p', 'pose', 'q');
  }
  await recordings.ask('PUT', '/stop');
});

afterAll(async () => {
  await recordings.close();
});

async function exported(name: string): Promise<Buffer> {
  const response = await fetch(`${recordings.store.url}/ptg/recordings/${name}/mcap`, { headers: BEARER });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

function imported(name: string, file: Buffer | Uint8Array, part = 'file'): Promise<{ status: number; body: unknown }> {
  const form = new FormData();
  form.append(part, new Blob([new Uint8Array(file)]), 'x.mcap');
  return recordings.ask('POST', `/${name}/mcap`, { method: 'POST', body: form });
}

/** An MCAP file as another program writes it. */
async function foreign(
  messages: readonly (readonly [topic: string, logTime: bigint, data: string])[],
  compressChunk?: (bytes: Uint8Array) => { compression: string; compressedData: Uint8Array },
  metadataBytes = 0,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  const writable = {
    position: () => BigInt(length),
    write: async (bytes: Uint8Array) => {
      pieces.push(Buffer.from(bytes));
      length += bytes.byteLength;
    },
  };
  const writer = new McapWriter({ writable, ...(compressChunk === undefined ? {} : { compressChunk }) });
  await writer.start({ profile: 'ros2', library: 'other' });
  const channels = new Map<string, number>();
  for (const [topic, logTime, data] of messages) {
    let channelId = channels.get(topic);
    if (channelId === undefined) {
      const metadata = new Map(metadataBytes === 0 ? [] : [['of another program', 'm'.repeat(metadataBytes)]]);
      channelId = await writer.registerChannel({ schemaId: 0, topic, messageEncoding: 'raw', metadata });
      channels.set(topic, channelId);
    }
    await writer.addMessage({ channelId, sequence: 7, logTime, publishTime: logTime, data: Buffer.from(data) });
  }
  await writer.end();
  return Buffer.concat(pieces);
}

function zstd(bytes: Uint8Array): { compression: string; compressedData: Uint8Array } {
  return { compression: 'zstd', compressedData: zstdCompressSync(bytes) };
}

const MS = 1_700_000_000_000;
const NS = BigInt(MS) * 1_000_000n;

describe('a recording as an MCAP file', () => {
  it('comes back byte for byte, with ids, fields and metadata', async () => {
    const file = await exported('origin');
    expect(await imported('copy', file)).toEqual({ status: 200, body: 'copy' });
    const raw = join(recordings.dir, 'raw');
    for (const folder of ['main', 'cam:x']) {
      const files = await readdir(join(raw, 'origin', folder));
      expect(await readdir(join(raw, 'copy', folder))).toEqual(files);
      for (const name of files) {
        const [one, other] = await Promise.all([
          readFile(join(raw, 'origin', folder, name)),
          readFile(join(raw, 'copy', folder, name)),
        ]);
        expect(one.equals(other)).toBe(true);
      }
    }
    const fields = '.sluice/cam:x.fields.jsonl';
    expect(await readFile(join(raw, 'copy', fields), 'utf8')).toBe(await readFile(join(raw, 'origin', fields), 'utf8'));
    expect((await exported('copy')).equals(file)).toBe(true);
    expect(file.includes('{"fps":30}')).toBe(true);
  });

  it('is read by the library of MCAP, with a channel for each stream and times of the entries', async () => {
    const file = await exported('origin');
    const readable = {
      size: async () => BigInt(file.length),
      read: async (offset: bigint, size: bigint) => file.subarray(Number(offset), Number(offset + size)),
    };
    const reader = await McapIndexedReader.Initialize({ readable });
    const found: { topic: string; ms: number; data: Buffer }[] = [];
    for await (const { channelId, logTime, data } of reader.readMessages({ topics: ['main'] })) {
      found.push({
        topic: reader.channelsById.get(channelId)!.topic,
        ms: Number(logTime / 1_000_000n),
        data: Buffer.from(data),
      });
    }
    const ids = (await recordings.store.entries('default:main')).map(({ id }) => Number(id.split('-')[0]));
    expect(found.map(({ ms }) => ms)).toEqual(ids);
    expect(found.every(({ data }, at) => data.equals(payloads[at] as Buffer))).toBe(true);
  });

  it('of another program becomes a recording, with rising ids whatever its times', async () => {
    const file = await foreign([
      ['/cam/image', NS, 'a'],
      ['/cam/image', NS, 'b'],
      ['/cam/image', NS - 5_000_000n, 'c'],
      ['imu', NS + 2_000_000n, 'd'],
    ]);
    expect((await imported('foreign', file)).status).toBe(200);
    expect(await recordedEntries(recordings.dir, 'foreign', '%2Fcam%2Fimage')).toEqual([
      `${MS}-0 a`,
      `${MS}-1 b`,
      `${MS}-2 c`,
    ]);
    expect(await recordedEntries(recordings.dir, 'foreign', 'imu')).toEqual([`${MS + 2}-0 d`]);
    expect((await recordings.ask('GET', '/foreign')).body).toMatchObject({
      streams: { '/cam/image': { chunk_count: 1 }, imu: {} },
    });
  });

  it('may have more than a thousand streams, more than files are open at once', async () => {
    const topics = Array.from({ length: 1_001 }, (_, at) => `many:${at}`);
    const first = topics.map((topic) => [topic, NS, 'x'.repeat(4_500)] as const);
    const second = topics.slice(0, 300).map((topic) => [topic, NS + 1_000_000n, 'y'] as const);
    expect((await imported('many', await foreign([...first, ...second]))).status).toBe(200);
    expect(await readdir(join(recordings.dir, 'raw', 'many'))).toHaveLength(1_002);
    expect(await recordedEntries(recordings.dir, 'many', 'many:299')).toEqual([
      `${MS}-0 ${'x'.repeat(4_500)}`,
      `${MS + 1}-0 y`,
    ]);
  }, 60_000);

  it('counts messages without data too', async () => {
    const small = await RecordingStore.start({ SLUICE_STREAM_STORE_RECORDINGS_MAX_UPLOAD_BYTES: '1000000' });
    try {
      const form = new FormData();
      const empty = Array.from({ length: 35_000 }, (_, at) => ['a', NS + BigInt(at), ''] as const);
      form.append('file', new Blob([new Uint8Array(await foreign(empty, zstd))]), 'x.mcap');
      expect((await small.ask('POST', '/empty/mcap', { body: form })).status).toBe(413);
      expect(await readdir(join(small.dir, '.incoming'))).toEqual([]);
    } finally {
      await small.close();
    }
  });

  it('may have chunks compressed with zstd; what cannot be read is named', async () => {
    expect((await imported('zstd', await foreign([['a', NS, 'x']], zstd))).status).toBe(200);
    const lz4 = (bytes: Uint8Array) => ({ compression: 'lz4', compressedData: bytes });
    expect(await imported('lz4', await foreign([['a', NS, 'x']], lz4))).toMatchObject({
      status: 415,
      body: { detail: [{ msg: expect.stringContaining('lz4') }] },
    });
    const own = (bytes: Uint8Array) => ({ compression: 'own', compressedData: bytes });
    expect(await imported('own', await foreign([['a', NS, 'x']], own))).toMatchObject({
      status: 400,
      body: { detail: [{ msg: expect.stringContaining('own') }] },
    });
  });

  it.each<[string, () => Promise<Buffer> | Buffer, number]>([
    ['no MCAP file', () => Buffer.from('hello, this is not an mcap file'), 400],
    ['nothing', () => Buffer.alloc(0), 400],
    ['a file cut short', async () => (await foreign([['a', NS, 'x']])).subarray(0, -20), 400],
    ['a file with a flipped bit', async () => flip(await foreign([['a', NS, 'xxxxxxxxxx']], undefined)), 400],
    ['a file without messages', () => foreign([]), 400],
    ['a file with a reserved name', () => foreign([['sluice:auth', NS, 'x']]), 400],
    ['a file with a name of the registry', () => foreign([[':devices', NS, 'x']]), 400],
    ['a record that says it is endless', async () => endless(await foreign([['a', NS, 'x']])), 413],
    ['messages beyond the bound', () => foreign([['a', NS, 'x'.repeat(21_000_000)]]), 413],
    ['a channel of a thousand small things', () => foreign([['a', NS, 'x']], undefined, 5_000_000), 413],
    ['the same, compressed', () => foreign([['a', NS, 'x']], zstd, 5_000_000), 413],
    [
      'a bomb',
      () =>
        foreign(
          Array.from({ length: 30 }, (_, at) => ['a', NS + BigInt(at), 'x'.repeat(1_000_000)] as const),
          zstd,
        ),
      413,
    ],
  ])('%s is refused, and nothing of it is left', async (_what, make, status) => {
    expect(await imported('bad', await make())).toMatchObject({ status });
    expect(await readdir(join(recordings.dir, 'raw'))).not.toContain('bad');
    expect(await readdir(join(recordings.dir, '.incoming'))).toEqual([]);
  });

  it('does not replace a recording, and needs its part', async () => {
    expect((await imported('origin', await foreign([['a', NS, 'x']]))).status).toBe(409);
    expect((await imported('partless', await foreign([['a', NS, 'x']]), 'other')).status).toBe(422);
    expect((await recordings.ask('GET', '/nothing/mcap')).status).toBe(404);
  });
});

/** Changes a byte of the message, which the checksum of its chunk covers. */
function flip(file: Buffer): Buffer {
  const at = file.indexOf('xxxxxxxxxx');
  file[at] = 0x79;
  return file;
}

/** Says of the first record that it is longer than any file. */
function endless(file: Buffer): Buffer {
  file.writeBigUInt64LE(2n ** 40n, 9);
  return file;
}
