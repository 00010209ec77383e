import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { BEARER, RecordingStore } from './support/recordings.js';

let recordings: RecordingStore;
let dir: string;
const HOUR_MS = 3_600_000;
const CONTENT = '0123456789';

beforeAll(async () => {
  recordings = await RecordingStore.start({ SLUICE_STREAM_STORE_RECORDINGS_MAX_UPLOAD_BYTES: '100000' });
  ({ dir } = recordings);
  await record('day', Date.now() - HOUR_MS);
  await recordings.ask('POST', '/upload/day/main.txt', file(CONTENT));
  await writeFile(join(dir, 'secret.txt'), 'secret');
  await writeFile(join(dir, '..', 'outside-of-recordings.txt'), 'secret');
});

afterAll(async () => {
  await recordings.close();
});

/** A recording of four entries whose ids begin at a time. */
async function record(name: string, ms: number): Promise<string[]> {
  const { store } = recordings;
  await recordings.ask('PUT', `/start?rec_id=${encodeURIComponent(name)}`);
  const ids = [];
  for (const [key, at] of [
    ['main', 0],
    ['main', 1500],
    ['side', 2500],
    ['gllCal', 90_000],
  ] as const) {
    const id = await store.add(`default:${name}-${key}`, `${key}${at}`, `${ms + at}-0`);
    ids.push(id);
  }
  await recordings.ask('PUT', '/stop');
  return ids;
}

function file(content: string | Uint8Array, name = 'file'): RequestInit {
  const form = new FormData();
  form.append(name, new Blob([new Uint8Array(Buffer.from(content))]), 'any');
  return { body: form };
}

async function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(`${recordings.store.url}/ptg/${path}`, { headers: { ...BEARER, ...headers } });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Sends a path as it stands, which `fetch` would tidy up. */
function rawGet(path: string): Promise<string> {
  const { hostname, port, host } = new URL(recordings.store.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer x\r\nRange: bytes=0-\r\nConnection: close\r\n\r\n`,
  );
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('error', reject);
  });
}

describe('the facts of a recording', () => {
  it('are those of its streams, with right sizes, and of its files', async () => {
    const ids = await record('facts', Date.now() - HOUR_MS);
    const { body } = await recordings.ask('GET', '/facts?cache=false');
    const info = body as { streams: Record<string, { size_mb: number }>; size_mb: number };
    expect(body).toMatchObject({
      name: 'facts',
      duration: '0:00:02',
      duration_secs: 2.5,
      'first-entry': ids[0],
      'last-entry': ids[2],
      files: [],
      streams: {
        'facts-main': {
          chunk_count: 1,
          duration: '0:00:01',
          duration_secs: 1.5,
          'first-entry': ids[0],
          'last-entry': ids[1],
        },
        'facts-gllCal': { chunk_count: 1, 'first-entry': ids[3] },
      },
    });
    expect((body as Record<string, string>)['first-entry-time']).toMatch(
      /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/,
    );
    const path = join(dir, 'raw', 'facts', 'facts-main');
    const { length } = await readFile(join(path, (await readdir(path))[0] as string));
    expect(info.streams['facts-main']?.size_mb).toBe(length / 1024 / 1024);
    expect(info.size_mb).toBeCloseTo(
      Object.values(info.streams).reduce((sum, { size_mb }) => sum + size_mb, 0),
      10,
    );
  });

  it('are empty for one that is not there', async () => {
    for (const name of ['undefined', 'nothing']) {
      expect((await recordings.ask('GET', `/${name}`)).body).toMatchObject({
        name,
        streams: {},
        size_mb: 0,
        files: [],
        'first-entry': null,
      });
    }
  });

  it('are kept once nothing has been added for long, until they change or are forgotten', async () => {
    await recordings.ask('GET', '/day');
    expect((await recordings.ask('GET', '/day')).body).toMatchObject({ name: 'day', _cached: true });
    expect((await recordings.ask('GET', '?info=true&cache=false')).body).toContainEqual(
      expect.not.objectContaining({ _cached: true }),
    );
    await recordings.ask('POST', '/upload/day/more.txt', file('x'));
    expect((await recordings.ask('GET', '/day')).body).toMatchObject({ files: ['main.txt', 'more.txt'] });
    await recordings.ask('GET', '/day');
    expect((await recordings.ask('DELETE', '/cache')).body).toMatchObject({ day: 1 });
    expect((await recordings.ask('DELETE', '/cache')).body).toMatchObject({ day: 0 });
    await record('fresh', Date.now());
    await recordings.ask('GET', '/fresh');
    expect((await recordings.ask('GET', '/fresh')).body).not.toHaveProperty('_cached');
  });

  it('are listed by name', async () => {
    const names = (await recordings.ask('GET', '')).body as string[];
    expect(names).toEqual([...names].sort());
    expect(names).toContain('day');
    const infos = (await recordings.ask('GET', '?info=True')).body as { name: string }[];
    expect(infos.map(({ name }) => name)).toEqual(names);
  });
});

describe('a recording', () => {
  it('is renamed with its files, and takes no name that is taken', async () => {
    await record('old', 1_000_000_000_000);
    await recordings.ask('POST', '/upload/old/a.txt', file('a'));
    expect((await recordings.ask('PUT', '/old/rename/new')).body).toEqual([true, true]);
    expect((await get('recordings/static/new/a.txt')).text).toBe('a');
    expect(await recordings.ask('PUT', '/new/rename/day')).toEqual({
      status: 409,
      body: { detail: [{ msg: 'day already exists!', type: 'RECORDING_EXISTS' }] },
    });
    expect((await recordings.ask('PUT', '/nothing/rename/else')).status).toBe(404);
    expect((await recordings.ask('PUT', '/new/rename/current')).status).toBe(400);
  });

  it('is hidden and shown again', async () => {
    await record('shy', 1_100_000_000_000);
    await recordings.ask('POST', '/upload/shy/a.txt', file('a'));
    expect((await recordings.ask('PUT', '/shy/hide')).body).toEqual([true, true]);
    expect((await recordings.ask('GET', '')).body).not.toContain('shy');
    expect((await get('recordings/static/shy/a.txt')).status).toBe(404);
    expect((await recordings.ask('PUT', '/day/rename/shy')).status).toBe(409);
    expect((await recordings.ask('PUT', '/start?rec_id=shy')).status).toBe(409);
    expect((await recordings.ask('PUT', '/shy/unhide')).body).toEqual([true, true]);
    expect((await get('recordings/static/shy/a.txt')).text).toBe('a');
  });

  it('is deleted, also when it never was there', async () => {
    await record('gone', 1_200_000_000_000);
    expect((await recordings.ask('DELETE', '/gone')).body).toEqual([true, true]);
    expect((await recordings.ask('DELETE', '/gone')).body).toEqual([true, true]);
    expect(await readdir(join(dir, 'raw'))).not.toContain('gone');
    expect(await readdir(join(dir, '.trash'))).toEqual([]);
  });

  it('is neither moved nor deleted while it runs', async () => {
    await recordings.ask('PUT', '/start?rec_id=busy');
    for (const [method, path] of [
      ['PUT', '/busy/rename/calm'],
      ['PUT', '/busy/hide'],
      ['DELETE', '/busy'],
    ] as const) {
      expect((await recordings.ask(method, path)).status).toBe(409);
    }
    expect((await recordings.ask('GET', '/current?info=true')).body).toMatchObject({ name: 'busy' });
    await recordings.ask('PUT', '/stop');
    expect((await recordings.ask('PUT', '/busy/rename/calm')).body).toEqual([true, true]);
  });

  it('is named by the time when it is given no name', async () => {
    const { body } = await recordings.ask('PUT', '/start');
    expect(body).toMatch(/^\d{4}\.\d\d\.\d\d-\d\d\.\d\d\.\d\d$/);
    expect((await recordings.ask('PUT', '/stop')).body).toBe(1);
  });
});

describe('a file of a recording', () => {
  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-30', 206, CONTENT, 'bytes 0-9/10'],
    ['bytes=9-100', 206, '9', 'bytes 9-9/10'],
    ['bytes=10-', 416, null, 'bytes */10'],
    ['bytes=-0', 416, null, 'bytes */10'],
    ['bytes=4-2', 200, CONTENT, null],
    ['bytes=0-1,3-4', 200, CONTENT, null],
    ['lines=1-2', 200, CONTENT, null],
    ['bytes=', 200, CONTENT, null],
  ])('answers the range %s with %i', async (range, status, text, contentRange) => {
    const answer = await get('recordings/static/day/main.txt', { range });
    expect(answer.status).toBe(status);
    if (text !== null) expect(answer.text).toBe(text);
    expect(answer.headers.get('content-range')).toBe(contentRange);
    if (status !== 416) expect(answer.headers.get('accept-ranges')).toBe('bytes');
  });

  it('is served whole, as nothing that a page could run', async () => {
    await recordings.ask('POST', '/upload/day/page.html', file('<script>'));
    const { headers, text } = await get('recordings/static/day/page.html');
    expect(text).toBe('<script>');
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain('sandbox');
  });

  it('may be a recorded zip', async () => {
    const [zip] = await readdir(join(dir, 'raw', 'day', 'day-main'));
    const { status, headers } = await get(`recordings/static/raw/day/day-main/${zip}`);
    expect([status, headers.get('content-type')]).toEqual([200, 'application/zip']);
  });

  it('comes in pieces of at most 1 MiB where pieces must be asked for', async () => {
    await writeFile(join(dir, 'post', 'day', 'large.mp4'), Buffer.alloc(3_000_000, 'x'));
    const piece = await get('mjpeg/chunked/post/day/large.mp4', { range: 'bytes=100-' });
    expect([piece.status, piece.text.length, piece.headers.get('content-range')]).toEqual([
      206,
      1024 * 1024,
      `bytes 100-${99 + 1024 * 1024}/3000000`,
    ]);
    expect((await get('mjpeg/chunked/post/day/main.txt', { range: 'bytes=1-2' })).text).toBe('12');
    expect(await get('mjpeg/chunked/post/day/main.txt')).toMatchObject({ status: 422 });
    expect((await get('mjpeg/chunked/post/day/main.txt', { range: 'bytes=99-' })).status).toBe(416);
  });

  it('is uploaded once, or again when it is to be overwritten', async () => {
    expect((await recordings.ask('POST', '/upload/day/b.bin', file('1'))).body).toEqual({
      filename: 'b.bin',
      url: '/recordings/static/day/b.bin',
    });
    expect((await recordings.ask('POST', '/upload/day/b.bin', file('2'))).status).toBe(409);
    expect((await get('recordings/static/day/b.bin')).text).toBe('1');
    expect((await recordings.ask('POST', '/upload/day/b.bin?overwrite=True', file('3'))).status).toBe(200);
    expect((await get('recordings/static/day/b.bin')).text).toBe('3');
    expect((await recordings.ask('POST', '/upload/nothing/b.bin', file('1'))).status).toBe(404);
    expect((await recordings.ask('POST', '/upload/day/c.bin', file('1', 'other'))).status).toBe(422);
  });

  it('is refused above the bound, taken just under it, and leaves nothing behind', async () => {
    expect((await recordings.ask('POST', '/upload/day/over.bin', file(new Uint8Array(100_001)))).status).toBe(413);
    expect((await recordings.ask('POST', '/upload/day/under.bin', file(new Uint8Array(100_000)))).status).toBe(200);
    expect(await readdir(join(dir, 'post', 'day'))).not.toContain('over.bin');
    expect(await readdir(join(dir, '.incoming'))).toEqual([]);
  });
});

describe('paths that lead elsewhere', () => {
  const paths = [
    '../secret.txt',
    '..%2Fsecret.txt',
    '%2e%2e/secret.txt',
    '%2e%2e%2fsecret.txt',
    'day/../../secret.txt',
    'day/..%2f..%2fsecret.txt',
    'day/%2e%2e/%2e%2e/%2e%2e/outside-of-recordings.txt',
    'day/..\\..\\secret.txt',
    'day/..%5c..%5csecret.txt',
    '/etc/passwd',
    '%2Fetc%2Fpasswd',
    '//etc/passwd',
    'day//etc/passwd',
    'day/%00main.txt',
    'day/main.txt%00.jpg',
    'day/.',
    'day/',
    'day',
    '.',
    '..',
    'day/link.txt',
    'day/folder/secret.txt',
    'linked/secret.txt',
    'raw/../secret.txt',
    'raw/day/.sluice/manifest.jsonl',
    `day/${'x'.repeat(300)}`,
    `${'x/'.repeat(2000)}y`,
    'day/%ff',
    'day/%C0%AE%C0%AE/secret.txt',
  ];

  beforeAll(async () => {
    await symlink(join(dir, 'secret.txt'), join(dir, 'post', 'day', 'link.txt'));
    await symlink(dir, join(dir, 'post', 'day', 'folder'));
    await symlink(dir, join(dir, 'post', 'linked'));
    await mkdir(join(dir, 'post', 'raw'), { recursive: true });
  });

  it.each(paths)('are refused by the file routes: %.60s', async (path) => {
    for (const route of ['/ptg/recordings/static/', '/ptg/mjpeg/chunked/post/', '/ptg/mjpeg/chunked/']) {
      const answer = await rawGet(route + path);
      expect(answer).toMatch(/^HTTP\/1.1 4\d\d /);
      expect(answer).not.toContain('secret\r\n');
      expect(answer.endsWith('secret')).toBe(false);
      expect(answer).not.toContain('root:');
    }
  });

  const names = [
    '..',
    '.',
    '.hidden',
    '%2e%2e',
    '..%2fx',
    '%2Fetc',
    'a%2Fb',
    'a%5Cb',
    'a%00b',
    'x'.repeat(300),
    'static',
    'raw',
    '%0a',
  ];

  it.each(names)('are refused as names of recordings and files: %.30s', async (name) => {
    const before = await readdir(dir);
    const { url } = recordings.store;
    for (const [method, path] of [
      ['PUT', `/start?rec_id=${name}`],
      ['PUT', `/day/rename/${name}`],
      ['POST', `/upload/${name}/file.txt`],
      ['POST', `/${name}/mcap`],
    ] as const) {
      const response = await fetch(new URL(`${url}/ptg/recordings${path}`), {
        method,
        headers: BEARER,
        ...(method === 'POST' ? file('x') : {}),
      });
      expect([response.status, path]).toEqual([expect.any(Number), path]);
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
    }
    if (!['static', 'raw'].includes(name)) {
      const { status } = await recordings.ask('POST', `/upload/day/${name}`, file('x'));
      expect(status).toBeGreaterThanOrEqual(400);
    }
    expect(await readdir(dir)).toEqual(before);
    expect(await readdir(join(dir, 'raw'))).toContain('day');
  });
});
