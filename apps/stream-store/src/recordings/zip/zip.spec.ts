import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { openPart } from '../disk/part-file.js';
import { directory, idOfMember, localHeader, memberName, type ZipMember } from './format.js';
import { PartWriter } from './part-writer.js';
import { recoverPart } from './recover.js';
import { ZipReader } from './zip-reader.js';

let dir: string;
let number = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-zip-'));
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

function fresh(): string {
  number += 1;
  return join(dir, `${number}.zip`);
}

async function readAll(path: string): Promise<string[]> {
  const zip = await ZipReader.open(path, 'the zip');
  try {
    const texts = [];
    for (const entry of zip.entries) texts.push(`${entry.id} ${(await zip.read(entry)).payload.toString()}`);
    return texts;
  } finally {
    await zip.close();
  }
}

async function written(
  entries: readonly (readonly [id: string, text: string])[],
): Promise<{ part: PartWriter; path: string }> {
  const path = fresh();
  const part = await PartWriter.create(`${path}.part`, openPart);
  await part.append(entries.map(([id, text]) => ({ id, payload: Buffer.from(text) })));
  return { part, path };
}

const ENTRIES = [
  ['1700000000000-0', 'a'],
  ['1700000000000-1', ''],
  ['1700000000001-0/7', 'packed'],
] as const;
const TEXTS = ENTRIES.map(([id, text]) => `${id} ${text}`);

describe('a zip of entries', () => {
  it('is read back as it was written', async () => {
    const { part, path } = await written(ENTRIES);
    expect(part.range).toEqual(['1700000000000-0', '1700000000001-0/7']);
    await part.seal(path);
    expect(await readAll(path)).toEqual(TEXTS);
    expect(await readdir(dir)).not.toContain(`${number}.zip.part`);
  });

  it('is finished by its number of entries, and by its bytes', async () => {
    const { part } = await written([]);
    const many = Array.from({ length: 1200 }, (_, at) => ({ id: `${at + 1}-0`, payload: Buffer.from('x') }));
    expect(await part.append(many)).toBe(1000);
    expect(part.isFull).toBe(true);
    const { part: large } = await written([['1-0', 'x']]);
    expect(await large.append([{ id: '2-0', payload: Buffer.alloc(9_500_000) }])).toBe(1);
    expect(large.isFull).toBe(true);
    await Promise.all([part.discard(), large.discard()]);
  });

  it('is made whole from a part cut anywhere', async () => {
    const { part, path } = await written(ENTRIES);
    await part.abandon();
    const whole = await readFile(`${path}.part`);
    for (let length = 0; length <= whole.length; length += 1) {
      await writeFile(`${path}.part`, whole.subarray(0, length));
      const members = await recoverPart(`${path}.part`, () => path);
      expect(members.length === 0 ? [] : await readAll(path)).toEqual(TEXTS.slice(0, members.length));
      if (length === whole.length) expect(members.length).toBe(3);
    }
  });

  it('is made whole from a part whose directory was written, or whose end is garbage', async () => {
    const { part, path } = await written(ENTRIES);
    await part.seal(path);
    const whole = await readFile(path);
    for (const bytes of [whole, Buffer.concat([whole.subarray(0, whole.length - 9), Buffer.alloc(500, 0xaa)])]) {
      await writeFile(`${path}.part`, bytes);
      expect((await recoverPart(`${path}.part`, () => path)).length).toBe(3);
      expect(await readAll(path)).toEqual(TEXTS);
    }
    const flipped = Buffer.from(whole);
    flipped[flipped.indexOf('packed')] = 0;
    await writeFile(`${path}.part`, flipped);
    expect((await recoverPart(`${path}.part`, () => path)).length).toBe(2);
  });

  it('gives up its last entries for its directory', async () => {
    const { part, path } = await written(
      Array.from({ length: 30 }, (_, at) => [`${at + 1}-0`, 'x'.repeat(1000)] as const),
    );
    expect(await part.makeRoom()).toBe(10);
    await part.seal(path);
    expect((await readAll(path)).length).toBe(20);
  });

  it.each(['1-2', '18446744073709551615-0', '5-0/3'])('names a member by the id %s', (id) => {
    expect(idOfMember(memberName(id))).toBe(id);
  });
});

interface Crafted extends ZipMember {
  readonly stored: Buffer;
  readonly method?: number;
}

/** A zip made by hand, whose directory may lie. */
function craft(
  members: readonly Crafted[],
  lie: (bytes: Buffer, directoryAt: number) => void = () => undefined,
): Buffer {
  const bodies = members.map((crafted) => {
    const header = localHeader(crafted);
    header.writeUInt32LE(crafted.stored.length, 18);
    header.writeUInt16LE(crafted.method ?? 0, 8);
    return Buffer.concat([header, crafted.stored]);
  });
  let offset = 0;
  const placed = members.map((crafted, at) => {
    const own = { ...crafted, offset };
    offset += (bodies[at] as Buffer).length;
    return own;
  });
  const end = directory(placed, offset);
  let at = 0;
  for (const { name, stored, method = 0 } of members) {
    end.writeUInt16LE(method, at + 10);
    end.writeUInt32LE(stored.length, at + 20);
    at += 46 + name.length;
  }
  const bytes = Buffer.concat([...bodies, end]);
  lie(bytes, offset);
  return bytes;
}

function member(name: string, text: string | Buffer, method = 0): Crafted {
  const payload = Buffer.from(text);
  const stored = method === 8 ? deflateRawSync(payload) : payload;
  return { name, bytes: payload.length, crc: crc32(payload), offset: 0, stored, method };
}

const BOMB = Buffer.alloc(30_000_000);

describe('a zip of somebody else', () => {
  it('may be deflated, and out of order', async () => {
    const path = fresh();
    await writeFile(path, craft([member('2-0', 'second'), member('1-0', 'first first first first', 8)]));
    expect(await readAll(path)).toEqual(['1-0 first first first first', '2-0 second']);
  });

  it.each<[string, () => Buffer]>([
    ['no zip', () => Buffer.from('hello')],
    ['empty', () => Buffer.alloc(0)],
    ['a path for a name', () => craft([member('../../etc/passwd', 'x')])],
    ['an absolute name', () => craft([member('/etc/passwd', 'x')])],
    ['a name that is no id', () => craft([member('readme.txt', 'x')])],
    ['an unknown method', () => craft([member('1-0', 'x', 99)])],
    ['encrypted', () => craft([member('1-0', 'x')], (bytes, at) => bytes.writeUInt16LE(1, at + 8))],
    ['a bomb that says it is small', () => craft([{ ...member('1-0', BOMB, 8), bytes: 10 }])],
    ['a bomb that says it is too large', () => craft([{ ...member('1-0', BOMB, 8), bytes: 600_000_000 }])],
    ['more than DEFLATE can give', () => craft([{ ...member('1-0', 'x', 8), bytes: 500_000 }])],
    ['a stored size that is another', () => craft([{ ...member('1-0', 'xxx'), bytes: 2 }])],
    ['shorter than it says', () => craft([{ ...member('1-0', 'xxx', 8), bytes: 4 }])],
    ['a wrong checksum', () => craft([{ ...member('1-0', 'xxx'), crc: 1 }])],
    [
      'members over one another',
      () => craft([member('1-0', 'x'.repeat(100)), member('2-0', 'x'.repeat(100))], overlap),
    ],
    ['an offset outside', () => craft([member('1-0', 'x')], (bytes, at) => bytes.writeUInt32LE(0x7fffffff, at + 42))],
    ['an offset elsewhere', () => craft([member('1-0', 'xxxx')], (bytes, at) => bytes.writeUInt32LE(3, at + 42))],
    ['cut short', () => craft([member('1-0', 'x')]).subarray(0, -3)],
    [
      'a number of members that is another',
      () => craft([member('1-0', 'x')], (bytes) => bytes.writeUInt16LE(900, bytes.length - 12)),
    ],
  ])('is refused, and named, when it is or has %s', async (_what, make) => {
    const path = fresh();
    await writeFile(path, make());
    await expect(readAll(path)).rejects.toMatchObject({
      code: 'RECORDING_DAMAGED',
      message: expect.stringContaining('the zip'),
    });
  });

  it('leaves no file open when it is refused', async () => {
    const path = fresh();
    await writeFile(path, 'no zip');
    const before = (await readdir('/proc/self/fd').catch(() => [])).length;
    for (let at = 0; at < 50; at += 1) await ZipReader.open(path, 'x').catch(() => undefined);
    expect((await readdir('/proc/self/fd').catch(() => [])).length).toBeLessThan(before + 20);
    await (await open(path)).close();
  });
});

/** Both members say that they are as long as the whole file. */
function overlap(bytes: Buffer, at: number): void {
  for (const from of [at, at + 49]) {
    bytes.writeUInt32LE(bytes.length - 50, from + 20);
    bytes.writeUInt32LE(bytes.length - 50, from + 24);
  }
}
