import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { PtgClient } from './support/ptg.js';
import { startStore, type Store } from './support/store.js';

let store: Store;
let client: PtgClient;

beforeAll(async () => {
  store = await startStore();
  client = new PtgClient(store);
});

afterAll(async () => {
  await store.close();
});

/** Appends entries with ids `1-0`, `2-0` … and payloads `e1`, `e2` … */
async function fill(sid: string, entries: number): Promise<void> {
  for (let n = 1; n <= entries; n++) await store.add(`default:${sid}`, `e${n}`, `${n}-0`);
}

/** A frame whose head carries a time. */
function frame(timeMs: bigint, text = ''): Buffer {
  const head = Buffer.alloc(10);
  head.writeBigUInt64LE(timeMs, 2);
  return Buffer.concat([head, Buffer.from(text)]);
}

describe('POST /ptg/data/{sid}', () => {
  it('stores one part or many under the key of the dialect and answers with their ids in order (69)', async () => {
    const sid = uniqueName('s');
    const one = await client.upload(sid, [{ payload: 'a', filename: 'txt' }]);
    const many = await client.upload(
      sid,
      ['b', 'c'].map((payload) => ({ payload, filename: 'bin' })),
    );
    const entries = await store.entries(`default:${sid}`);
    expect(entries.map(({ d }) => d)).toEqual(['a', 'b', 'c']);
    expect([...(one.body as string[]), ...(many.body as string[])]).toEqual(entries.map(({ id }) => id));
    const device = `cam1:${sid}`;
    await client.upload(device, [{ payload: 'x', filename: 'f' }]);
    expect(await store.redis.command('XLEN', device)).toBe(1);
  });

  it('is seen by the redis-streamer dialect, and sees what that one stored', async () => {
    const sid = uniqueName('both');
    await client.upload(sid, [{ payload: 'from ptg', filename: 'f' }]);
    const other = await fetch(`${store.url}/data/${sid}?last_entry_id=0`);
    expect(await other.text()).toBe('from ptg');
    const body = new FormData();
    body.append('entries', new Blob(['from streamer']), 'f');
    await fetch(`${store.url}/data/${sid}`, { method: 'POST', body });
    expect((await client.read(sid)).texts).toEqual(['from streamer']);
  });

  it('stores each part in the stream that its filename names (73)', async () => {
    const [a, b] = [uniqueName('a'), `dev:${uniqueName('b')}`];
    const { status, body } = await client.upload('*', [
      { payload: '1', filename: a },
      { payload: '2', filename: b },
    ]);
    expect([status, (body as string[]).length]).toEqual([200, 2]);
    expect((await store.entries(`default:${a}`)).map(({ d }) => d)).toEqual(['1']);
    expect((await store.entries(b)).map(({ d }) => d)).toEqual(['2']);
  });

  it('takes ids from the time of the frames with parse_meta (69)', async () => {
    const sid = uniqueName('meta');
    const parts = [5n, 9n].map((time) => ({ payload: frame(time), filename: 'bin' }));
    expect((await client.upload(`${sid}?parse_meta=True`, parts)).body).toEqual(['5-0', '9-0']);
    const late = [8n, 10n].map((time) => ({ payload: frame(time), filename: 'bin' }));
    expect(await client.upload(`${sid}?parse_meta=1`, late)).toMatchObject({
      status: 409,
      body: { detail: [{ type: 'ID_NOT_ABOVE_LAST' }] },
    });
    expect(await store.redis.command('XLEN', `default:${sid}`)).toBe(2);
  });

  it.each([
    ['too short for a head', Buffer.alloc(9)],
    ['of the time 0', frame(0n)],
  ])('refuses a frame %s with parse_meta, and stores nothing of the upload', async (_what, payload) => {
    const sid = uniqueName('bad');
    const parts = [frame(5n), payload].map((bytes) => ({ payload: bytes, filename: 'bin' }));
    expect(await client.upload(`${sid}?parse_meta=1`, parts)).toMatchObject({
      status: 400,
      body: { detail: [{ type: 'INVALID_FRAME' }] },
    });
    expect(await store.redis.command('EXISTS', `default:${sid}`)).toBe(0);
  });

  it('refuses parts without a filename, no parts, and raw bodies in the shape of the original (4)', async () => {
    const missing = { detail: [{ loc: ['body', 'entries'], msg: 'field required', type: 'value_error.missing' }] };
    expect(await client.upload('x', [{ payload: 'a' }])).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'entries', 0], type: 'value_error' }] },
    });
    expect(await client.upload('x', [{ payload: 'a', name: 'other', filename: 'f' }])).toMatchObject({
      status: 422,
      body: missing,
    });
    for (const type of ['application/octet-stream', 'application/json', 'text/plain']) {
      const raw = { method: 'POST', body: '{"a":', headers: { 'content-type': type } };
      expect(await client.ask('/data/x', raw)).toMatchObject({ status: 422, body: missing });
    }
  });

  it('refuses names that only Sluice writes, also as filenames', async () => {
    for (const name of ['sluice:x', ':stream:meta:default:x', '']) {
      expect((await client.upload('*', [{ payload: 'a', filename: name }])).status).toBe(name === '' ? 422 : 400);
    }
  });
});

describe('GET /ptg/data/{a+b}', () => {
  it('gives the newest entry, or the newest count oldest first (67)', async () => {
    const sid = uniqueName('new');
    await fill(sid, 4);
    expect(await client.read(sid)).toEqual({ status: 200, offsets: [[sid, '4-0', 0]], texts: ['e4'] });
    expect(await client.read(`${sid}?count=3`)).toEqual({
      status: 200,
      offsets: [
        [sid, '2-0', 0],
        [sid, '3-0', 2],
        [sid, '4-0', 4],
      ],
      texts: ['e2', 'e3', 'e4'],
    });
  });

  it('gives up to count entries after an id, or after the beginning (67)', async () => {
    const sid = uniqueName('after');
    await fill(sid, 4);
    expect((await client.read(`${sid}?last_entry_id=0&count=2`)).texts).toEqual(['e1', 'e2']);
    expect((await client.read(`${sid}?last_entry_id=-`)).texts).toEqual(['e1']);
    expect((await client.read(`${sid}?last_entry_id=2-0&count=9`)).texts).toEqual(['e3', 'e4']);
    expect((await client.read(`${sid}?last_entry_id=3`)).texts).toEqual(['e4']);
  });

  it('answers at once with nothing where there is nothing, always for $ (67)', async () => {
    const sid = uniqueName('none');
    await fill(sid, 1);
    const nothing = { status: 200, offsets: [], texts: [] };
    expect(await client.read(`${sid}?last_entry_id=$`)).toEqual(nothing);
    expect(await client.read(`${sid}?last_entry_id=1-0`)).toEqual(nothing);
    expect(await client.read(uniqueName('never'))).toEqual(nothing);
  });

  it('reads several streams from positions joined by + or a space, given out in turn, newest ones first (67)', async () => {
    const [a, b, c] = [uniqueName('a'), uniqueName('b'), uniqueName('c')];
    for (const sid of [a, b, c]) await fill(sid, 2);
    for (const joint of ['+', '%20', '%2B']) {
      const { offsets } = await client.read(`${a}+${b}+${c}?last_entry_id=0${joint}*`);
      expect(offsets).toEqual([
        [b, '2-0', 0],
        [a, '1-0', 2],
        [c, '1-0', 4],
      ]);
    }
  });

  it('shows each stream once under the name of the dialect, however it was asked for (10)', async () => {
    const sid = `${uniqueName('n')}+ä /x`;
    await store.add(`default:${sid}`, 'x', '1-0');
    const name = encodeURIComponent(sid);
    const { offsets, texts } = await client.read(`${name}+default:${name}`);
    expect([offsets, texts]).toEqual([[[sid, '1-0', 0]], ['x']]);
  });

  it('keeps its header within what clients take, and of many newest entries the newest (68)', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    for (const sid of [a, b]) {
      const adds = Array.from({ length: 600 }, (_, n) => store.add(`default:${sid}`, 'x', `${1e12 + n}-0`));
      await Promise.all(adds);
    }
    const newest = await client.read(`${a}+${b}?count=600`);
    expect(JSON.stringify(newest.offsets).length).toBeLessThanOrEqual(14 * 1024);
    expect(newest.offsets.length).toBeGreaterThan(200);
    expect(newest.offsets.findLast(([sid]) => sid === a)?.[1]).toBe(`${1e12 + 599}-0`);
    expect(newest.offsets.at(-1)?.slice(0, 2)).toEqual([b, `${1e12 + 599}-0`]);
    const oldest = await client.read(`${a}?count=600&last_entry_id=0`);
    expect(oldest.offsets[0]?.[1]).toBe('1000000000000-0');
  });

  it('passes over entries of other tools', async () => {
    const sid = uniqueName('other');
    await store.redis.command('XADD', `default:${sid}`, '1-0', 'x', 'y');
    await store.add(`default:${sid}`, 'mine', '2-0');
    expect((await client.read(`${sid}?last_entry_id=0`)).texts).toEqual(['mine']);
  });

  it.each([
    ['count=0', 'ensure this value is greater than or equal to 1', 'value_error.number.not_ge'],
    ['count=x', 'value is not a valid integer', 'type_error.integer'],
    ['last_entry_id=now', '"now" is not an entry id, $, * or -', 'value_error'],
    ['last_entry_id=', '"" is not an entry id, $, * or -', 'value_error'],
  ])('refuses %s in the shape of the original (4)', async (query, msg, type) => {
    const answer = await client.ask(`/data/x?${query}`);
    const name = query.split('=')[0];
    expect(answer).toMatchObject({ status: 422, body: { detail: [{ loc: ['query', name], msg, type }] } });
  });

  it('tells a key that holds something else by 409', async () => {
    const sid = uniqueName('text');
    await store.redis.command('SET', `default:${sid}`, 'no stream');
    expect(await client.ask(`/data/${sid}`)).toMatchObject({
      status: 409,
      body: { detail: [{ type: 'WRONG_KEY_TYPE' }] },
    });
  });

  it('ignores parameters that it does not know (6), and answers with a slash at the end (1)', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1);
    expect((await client.read(`${sid}/?timeout=5&last=3`)).texts).toEqual(['e1']);
  });
});
