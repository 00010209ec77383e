import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { startStore, type Store } from './support/store.js';
import { form, read, upload } from './support/upload.js';

let store: Store;
let bare: Store;

beforeAll(async () => {
  store = await startStore();
  bare = await startStore({ DISABLE_MULTI_DEVICE_PREFIXING: '1' });
});

afterAll(async () => {
  await Promise.all([store.close(), bare.close()]);
});

async function fill(sid: string, entries: number): Promise<void> {
  for (let n = 1; n <= entries; n++) await store.add(`default:${sid}`, `e${n}`, `${n}-0`);
}

const url = (path: string): string => `${store.url}/data/${path}`;

describe('POST /data/{stream_id}', () => {
  it('stores one part or many and answers with their ids in order (11)', async () => {
    const sid = uniqueName('s');
    const one = await upload(url(sid), [{ payload: 'a', filename: 'txt' }]);
    const many = await upload(
      url(sid),
      ['b', 'c', 'd'].map((payload) => ({ payload, filename: 'bin' })),
    );
    expect([one.status, many.status]).toEqual([200, 200]);
    const entries = await store.entries(`default:${sid}`);
    expect(entries.map(({ d }) => d)).toEqual(['a', 'b', 'c', 'd']);
    expect([...(one.body as string[]), ...(many.body as string[])]).toEqual(entries.map(({ id }) => id));
  });

  it('writes field d of exactly the key that device and prefix give (12)', async () => {
    const sid = uniqueName('s');
    for (const [query, key] of [
      ['', `default:${sid}`],
      ['?device_id=cam1', `cam1:${sid}`],
      ['?device_id=', `default:${sid}`],
      ['?device_id=cam1&prefix=left.', `cam1:left.${sid}`],
      ['?prefix=p:', `default:p:${sid}`],
    ]) {
      await upload(url(`${sid}${query}`), [{ payload: 'x', filename: 'f' }]);
      const [last] = (await store.redis.command('XREVRANGE', key as string, '+', '-', 'COUNT', 1)) as [
        string,
        string[],
      ][];
      expect([key, last?.[1]]).toEqual([key, ['d', 'x']]);
    }
  });

  it('writes names as they stand when devices are switched off (13)', async () => {
    const sid = uniqueName('s');
    await upload(`${bare.url}/data/${sid}?prefix=p.`, [{ payload: 'x', filename: 'f' }]);
    expect(await bare.redis.command('XLEN', `p.${sid}`)).toBe(1);
    const { offsets } = await read(`${bare.url}/data/${sid}?prefix=p.&last_entry_id=0`);
    expect(offsets.map(([name]) => name)).toEqual([`p.${sid}`]);
  });

  it('with * stores each part in the stream that its filename names (21)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    const { body } = await upload(url('*'), [
      { payload: 'x', filename: a },
      { payload: 'y', filename: b },
      { payload: 'z', filename: a },
    ]);
    expect(body).toHaveLength(3);
    expect((await store.entries(`default:${a}`)).map(({ d }) => d)).toEqual(['x', 'z']);
    expect((await store.entries(`default:${b}`)).map(({ d }) => d)).toEqual(['y']);
  });

  it('refuses a part without a filename, and stores nothing of the upload (22, 4)', async () => {
    const sid = uniqueName('s');
    const parts = [{ payload: 'x', filename: 'f' }, { payload: 'y' }];
    expect(await upload(url(sid), parts)).toEqual({
      status: 422,
      body: {
        detail: [
          {
            loc: ['body', 'entries', 1],
            msg: "Expected UploadFile, received: <class 'str'>",
            type: 'value_error',
          },
        ],
      },
    });
    expect(await store.entries(`default:${sid}`)).toEqual([]);
  });

  it.each([
    ['a raw body', { body: 'raw', headers: { 'content-type': 'application/octet-stream' } }],
    ['JSON', { body: '{}', headers: { 'content-type': 'application/json' } }],
    ['no body', {}],
    ['other parts', { body: form([{ payload: 'x', filename: 'f', name: 'files' }]) }],
  ])('refuses %s: the field is required (4)', async (_title, init) => {
    const response = await fetch(url('s'), { method: 'POST', ...init });
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({
      detail: [{ loc: ['body', 'entries'], msg: 'field required', type: 'value_error.missing' }],
    });
  });

  const headOfPart = '--b\r\nContent-Disposition: form-data; name="entries"; filename="a"\r\n\r\n';
  it.each([
    ['a form without a boundary', 'multipart/form-data', `${headOfPart}x\r\n--b--\r\n`],
    ['no form at all', 'multipart/form-data; boundary=b', 'raw'],
    ['a form that is cut within a part', 'multipart/form-data; boundary=b', `${headOfPart}x`],
    ['a form that is cut behind a part', 'multipart/form-data; boundary=b', `${headOfPart}x\r\n--b\r\n`],
    [
      'a name of a part that is a trap',
      'multipart/form-data; boundary=b',
      `${headOfPart.replace('entries', '__proto__')}x\r\n--b--\r\n`,
    ],
  ])('refuses %s as the fault of the client, and stores nothing of it', async (_title, type, body) => {
    const sid = uniqueName('broken');
    const response = await fetch(url(sid), { method: 'POST', body, headers: { 'content-type': type } });
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({
      detail: [{ loc: ['body'], msg: expect.stringContaining('the form cannot be read'), type: 'value_error' }],
    });
    expect(await store.redis.command('EXISTS', `default:${sid}`)).toBe(0);
  });

  it('tells which parts were stored when one goes to a key that holds something else', async () => {
    const [good, bad] = [uniqueName('s'), uniqueName('s')];
    await store.redis.command('SET', `default:${bad}`, 'x');
    const { status, body } = await upload(url('*'), [
      { payload: 'a', filename: good },
      { payload: 'b', filename: bad },
    ]);
    expect(status).toBe(500);
    const ids = (await store.entries(`default:${good}`)).map(({ id }) => id);
    expect(ids).toHaveLength(1);
    expect(body).toEqual({
      error: expect.stringMatching(/1 of 2 entries stored.*not a stream/),
      results: [...ids, 'WRONG_KEY_TYPE'],
    });
    expect((await upload(url(bad), [{ payload: 'b', filename: 'x' }])).status).toBe(409);
  });

  it('takes a part of 16 MiB, and refuses a larger one without storing anything', async () => {
    const sid = uniqueName('big');
    const payload = Buffer.alloc(16 * 1024 * 1024, 1);
    expect((await upload(url(sid), [{ payload, filename: 'f' }])).status).toBe(200);
    const larger = await upload(url(sid), [{ payload: Buffer.concat([payload, Buffer.from('x')]), filename: 'f' }]);
    expect(larger).toMatchObject({ status: 413, body: { error: expect.stringContaining('16777216 bytes') } });
    expect(await store.redis.command('XLEN', `default:${sid}`)).toBe(1);
  });

  it('takes 1000 parts, and refuses more without storing any', async () => {
    const sid = uniqueName('parts');
    const parts = (count: number): { payload: string; filename: string }[] =>
      Array.from({ length: count }, (_, n) => ({ payload: String(n), filename: 'f' }));
    expect((await upload(url(sid), parts(1000))).body).toHaveLength(1000);
    const more = await upload(url(sid), parts(1001));
    expect(more).toMatchObject({ status: 413, body: { error: expect.stringContaining('more than 1000 entries') } });
    expect(await store.redis.command('XLEN', `default:${sid}`)).toBe(1000);
  });
});

describe('GET /data/{stream_id}', () => {
  it('gives entries from the first on with ends, body and cursor (14)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 5);
    expect(await read(url(`${sid}?last_entry_id=0`))).toEqual({
      status: 200,
      offsets: [[sid, '1-0', 2]],
      cursor: '1-0',
      body: 'e1',
    });
    const five = await read(url(`${sid}?last_entry_id=0&count=5`));
    expect(five.offsets.map(([, , end]) => end)).toEqual([2, 4, 6, 8, 10]);
    expect(five).toMatchObject({ cursor: '5-0', body: 'e1e2e3e4e5' });
  });

  it('goes on from its cursor until nothing is left, without loss or repeat (15)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 23);
    const ids: string[] = [];
    for (let cursor = '0'; ;) {
      const page = await read(url(`${sid}?last_entry_id=${cursor}&count=4&block=1`));
      if (page.offsets.length === 0) {
        expect(page.cursor).toBe(cursor);
        break;
      }
      ids.push(...page.offsets.map(([, id]) => id));
      cursor = page.cursor;
    }
    expect(ids).toEqual(Array.from({ length: 23 }, (_, n) => `${n + 1}-0`));
  });

  it('with latest gives the newest first (16)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 12);
    expect(await read(url(`${sid}?last_entry_id=0&latest=1`))).toMatchObject({ cursor: '12-0', body: 'e12' });
    const two = await read(url(`${sid}?last_entry_id=0&latest=True&count=2`));
    expect(two.offsets.map(([, id]) => id)).toEqual(['12-0', '11-0']);
    expect(two).toMatchObject({ cursor: '12-0', body: 'e12e11' });
  });

  it('with latest and nothing newer waits for what comes next (16)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1);
    const waiting = read(url(`${sid}?last_entry_id=1-0&latest=1&block=10000`));
    await store.followers(1);
    await store.add(`default:${sid}`, 'e2', '2-0');
    expect(await waiting).toMatchObject({ cursor: '2-0', body: 'e2' });
    expect(await read(url(`${uniqueName('none')}?last_entry_id=-&latest=1&block=1`))).toMatchObject({
      status: 200,
      offsets: [],
    });
  });

  it('from $ waits and gives the new entry (17)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1);
    const waiting = read(url(`${sid}?last_entry_id=$&block=10000`));
    await store.followers(1);
    await store.add(`default:${sid}`, 'new', '2-0');
    expect(await waiting).toMatchObject({ offsets: [[sid, '2-0', 3]], cursor: '2-0', body: 'new' });
  });

  it('from $ answers with nothing and an explicit cursor when its time is up (17)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 3);
    const startedAt = performance.now();
    const empty = await read(url(`${sid}?last_entry_id=$&block=60`));
    expect(performance.now() - startedAt).toBeGreaterThan(58);
    expect(empty).toEqual({ status: 200, offsets: [], cursor: '3-0', body: '' });
    await store.followers(0);
  });

  it('takes a time for what came after it (18)', async () => {
    const sid = uniqueName('s');
    await store.add(`default:${sid}`, 'old', '1000-0');
    await store.add(`default:${sid}`, 'new', '2000-0');
    expect((await read(url(`${sid}?last_entry_id=1500`))).body).toBe('new');
    expect((await read(url(`${sid}?last_entry_id=1500-0&latest=1`))).body).toBe('new');
  });

  it('without parameters waits from now on (19)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 2);
    expect(await read(url(sid))).toEqual({ status: 200, offsets: [], cursor: '2-0', body: '' });
  });

  it('takes - for the first entry, * for the newest, and several streams joined by + (20)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    await fill(a, 3);
    await fill(b, 2);
    expect((await read(url(`${a}?last_entry_id=-&count=2`))).body).toBe('e1e2');
    expect(await read(url(`${a}?last_entry_id=*&count=2`))).toMatchObject({ body: 'e2e3', cursor: '3-0' });
    const both = await read(url(`${a}+${b}?last_entry_id=0&count=2`));
    expect(both.offsets).toEqual([
      [a, '1-0', 2],
      [a, '2-0', 4],
      [b, '1-0', 6],
      [b, '2-0', 8],
    ]);
    expect(both).toMatchObject({ cursor: '2-0+2-0', body: 'e1e2e1e2' });
    const rest = await read(url(`${a}+${b}?last_entry_id=${both.cursor}&count=2`));
    expect(rest).toMatchObject({ offsets: [[a, '3-0', 2]], cursor: '3-0+2-0' });
  });

  it('reads a name with a + of its own where it is written %2B', async () => {
    const sid = uniqueName('plus');
    await upload(url(`${sid}%2Bx`), [{ payload: 'y', filename: 'f' }]);
    expect((await read(url(`${sid}%2Bx?last_entry_id=0`))).offsets[0]?.[0]).toBe(`${sid}+x`);
  });

  it('passes over entries without field d (46)', async () => {
    const sid = uniqueName('s');
    await store.redis.command('XADD', `default:${sid}`, '1-0', 'other', 'x');
    await store.add(`default:${sid}`, 'a', '2-0');
    expect(await read(url(`${sid}?last_entry_id=0&count=2`))).toMatchObject({ offsets: [[sid, '2-0', 1]], body: 'a' });
  });

  it('keeps the list of names and ids below 14 KiB by giving fewer entries; the cursor goes on', async () => {
    const sid = uniqueName('long');
    await fill(sid, 600);
    const ids: string[] = [];
    let cursor = '0';
    while (ids.length < 600) {
      const response = await fetch(url(`${sid}?last_entry_id=${cursor}&count=1000`));
      const header = response.headers.get('x-offsets') as string;
      expect(header.length).toBeLessThanOrEqual(14 * 1024);
      ids.push(...(JSON.parse(header) as [string, string, number][]).map(([, id]) => id));
      cursor = response.headers.get('x-last-entry-id') as string;
      await response.arrayBuffer();
    }
    expect(ids).toEqual(Array.from({ length: 600 }, (_, n) => `${n + 1}-0`));
  });

  it('tells starts instead of ends where asked', async () => {
    const sid = uniqueName('s');
    await fill(sid, 2);
    const { offsets } = await read(url(`${sid}?last_entry_id=0&count=2&offsets=start`));
    expect(offsets.map(([, , offset]) => offset)).toEqual([0, 2]);
  });

  it('ends its wait when the client is gone', async () => {
    const gone = new AbortController();
    const waiting = fetch(url(`${uniqueName('s')}?block=0`), { signal: gone.signal });
    await store.followers(1);
    gone.abort();
    await expect(waiting).rejects.toThrow('abort');
    await store.followers(0);
  });

  it.each([
    ['count=x', ['query', 'count'], 'value is not a valid integer', 'type_error.integer'],
    ['latest=maybe', ['query', 'latest'], 'value could not be parsed to a boolean', 'type_error.bool'],
    ['block=1.5', ['query', 'block'], 'value is not a valid integer', 'type_error.integer'],
  ])('refuses %s in the shape that clients know (4)', async (query, loc, msg, type) => {
    const response = await fetch(url(`s?${query}`));
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({ detail: [{ loc, msg, type }] });
  });

  it.each(['count=0', 'count=-1', 'block=-1', 'last_entry_id=soon', 'last_entry_id='])('refuses %s', async (query) => {
    const response = await fetch(url(`s?${query}`));
    expect(response.status).toBe(422);
    expect(((await response.json()) as { detail: unknown[] }).detail).toHaveLength(1);
  });

  it('tells a key that holds something else, and names that cannot be', async () => {
    await store.redis.command('SET', 'default:text', 'x');
    for (const [path, status] of [
      ['text?last_entry_id=0', 409],
      ['a%01b', 400],
      ['a%ffb', 400],
      ['x'.repeat(600), 400],
      ['x?device_id=sluice', 400],
    ] as const) {
      const response = await fetch(url(path));
      expect([path, response.status]).toEqual([path, status]);
      expect(await response.json()).toEqual({ error: expect.any(String) });
    }
  });
});

describe('GET with gaps=1', () => {
  it('tells entries that were trimmed before they were read in a header', async () => {
    const sid = uniqueName('gap');
    await fill(sid, 9);
    await store.redis.command('XTRIM', `default:${sid}`, 'MINID', '6');
    const response = await fetch(url(`${sid}?last_entry_id=2-0&gaps=1`));
    expect(JSON.parse(response.headers.get('x-gaps') ?? 'null')).toEqual([
      { sid, after: '2-0', next: '6-0', lost: null },
    ]);
    expect(await response.text()).toBe('e6');
    expect((await fetch(url(`${sid}?last_entry_id=6-0&gaps=1`))).headers.get('x-gaps')).toBeNull();
    expect((await fetch(url(`${sid}?last_entry_id=2-0`))).headers.get('x-gaps')).toBeNull();
  });
});
