import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { LengthPrefixedReader, NameTable, decodeData, encodeLengthPrefixed } from '@sluice/wire';
import { PtgClient } from './support/ptg.js';
import { startStore, type Store } from './support/store.js';
import { form } from './support/upload.js';

let store: Store;

beforeAll(async () => {
  store = await startStore();
});

afterAll(async () => {
  await store.close();
});

/** What the routes answer; which parts are there follows the route. */
interface Body {
  readonly streams: readonly { readonly name: string; readonly stream: string }[];
  readonly cursor: string | null;
  readonly retention: unknown;
  readonly error: { readonly code: string; readonly message: string };
  readonly ids: readonly string[];
  readonly entries: readonly { readonly id: string; readonly text?: string; readonly data?: string }[];
  readonly next: string | null;
}

/** Sends a request to our own routes; JSON comes parsed. */
async function call(
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; body: Body; response: Response }> {
  const response = await fetch(`${store.url}/v1/${path}`, { method, ...init });
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, body: (isJson ? await response.json() : null) as Body, response };
}

function sendJson(method: string, path: string, body: unknown): ReturnType<typeof call> {
  return call(method, path, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

async function fill(sid: string, entries: number): Promise<void> {
  for (let n = 1; n <= entries; n++) await store.add(`default:${sid}`, `e${n}`, `${n}000-0`);
}

describe('the list of streams', () => {
  it('names each with its length, ids and retention, page by page, by prefix and by pattern', async () => {
    const device = uniqueName('dev');
    for (const sid of ['a', 'b', 'c']) await store.add(`${device}:${sid}`, 'x', '1-0');
    const first = await call('GET', `streams?prefix=${device}:&limit=2`);
    expect(first.body.streams.map(({ stream }) => stream)).toEqual(['a', 'b']);
    expect(first.body.streams[0]).toMatchObject({
      name: `${device}:a`,
      device,
      length: 1,
      entriesAdded: 1,
      firstEntryId: '1-0',
      lastEntryId: '1-0',
      groups: 0,
      lastEntryTime: '1970-01-01T00:00:00.001Z',
      retention: { maxEntries: 1000, source: 'default' },
    });
    const second = await call('GET', `streams?prefix=${device}:&limit=2&cursor=${first.body.cursor}`);
    expect(second.body).toMatchObject({ streams: [{ name: `${device}:c` }], cursor: null });
    const matched = await call('GET', `streams?match=${device}:[ac]`);
    expect(matched.body.streams).toHaveLength(2);
  });

  it('never shows keys of our own or of the registry', async () => {
    await store.add(':event:device.connected', 'x');
    await store.add('sluice:own', 'x');
    const { body } = await call('GET', 'streams?limit=1000');
    const names = body.streams.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith(':') || name.startsWith('sluice:'))).toEqual([]);
  });

  it.each(['limit=0', 'limit=many', 'limit=5000', 'color=red', 'cursor=%20'])(
    'refuses %s and names it',
    async (query) => {
      const { status, body } = await call('GET', `streams?${query}`);
      expect(status).toBe(400);
      expect(body.error).toMatchObject({ code: 'INVALID_PARAMETER', requestId: expect.any(String) });
      expect(body.error.message).toContain(query.split('=')[0]);
    },
  );
});

describe('one stream', () => {
  it('takes its metadata along when it is deleted, also where there is nothing else', async () => {
    const name = uniqueName('meta');
    const path = `streams/default/${name}`;
    const metaOf = async (): Promise<unknown> =>
      ((await new PtgClient(store).ask<{ meta: unknown }>(`/streams/${name}`)).body as { meta: unknown }).meta;
    await call('PUT', path);
    for (const remains of ['stream and metadata', 'metadata alone']) {
      await new PtgClient(store).put(`/streams/${name}`, { remains });
      expect((await call('DELETE', path)).status).toBe(204);
      expect(await metaOf()).toBeNull();
    }
    expect((await call('DELETE', path)).status).toBe(404);
  });

  it('is described, and deleted with its entries', async () => {
    const sid = uniqueName('s p/ace');
    await fill(sid, 3);
    const path = `streams/default/${encodeURIComponent(sid)}`;
    expect((await call('GET', path)).body).toMatchObject({ name: `default:${sid}`, length: 3, lastEntryId: '3000-0' });
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('GET', path)).body.error.code).toBe('STREAM_NOT_FOUND');
    expect((await call('DELETE', path)).status).toBe(404);
    expect(await store.redis.command('EXISTS', `default:${sid}`)).toBe(0);
  });

  it('keeps what its retention says, and the default again when that is taken away', async () => {
    const sid = uniqueName('s');
    await fill(sid, 1);
    const path = `streams/default/${sid}/retention`;
    expect((await call('GET', path)).body).toMatchObject({ source: 'default' });
    const set = await sendJson('PUT', path, { maxEntries: 5 });
    expect(set.body).toEqual({ maxEntries: 5, maxAgeMs: null, maxBytes: null, source: 'stream' });
    expect((await call('GET', `streams/default/${sid}`)).body.retention).toEqual(set.body);
    expect((await call('DELETE', path)).body).toMatchObject({ source: 'default' });
  });

  it.each([{ maxEntries: 0 }, { maxAgeMs: 1.5 }, { maxBytes: 'x' }, { maxItems: 1 }])(
    'refuses the retention %j',
    async (body) => {
      const refused = await sendJson('PUT', 'streams/default/s/retention', body);
      expect(refused.status).toBe(400);
      expect(refused.body.error.message).toContain(Object.keys(body)[0]);
    },
  );

  it('whose name cannot be is refused with 400, our own with no more', async () => {
    for (const path of ['streams/default/a%01b', 'streams/sluice/events', `streams/default/${'x'.repeat(600)}`]) {
      const { status, body } = await call('GET', path);
      expect([status, body.error.code]).toEqual([400, 'INVALID_NAME']);
    }
  });
});

describe('appends over REST', () => {
  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'image/jpeg', ''])(
    'take a body of type %j as one entry, byte for byte',
    async (type) => {
      const sid = uniqueName('s');
      const body = Buffer.from('{"not": json');
      const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
      const { status, body: result } = await call('POST', `streams/default/${sid}/entries`, { headers, body });
      expect(status).toBe(201);
      expect(await store.entries(`default:${sid}`)).toEqual([{ id: result.ids[0] as string, d: '{"not": json' }]);
    },
  );

  it('take several entries as a form or length-prefixed, together', async () => {
    const sid = uniqueName('s');
    const path = `streams/cam/${sid}/entries`;
    await call('POST', path, {
      body: form([
        { payload: 'a', filename: 'x' },
        { payload: 'b', filename: 'x' },
      ]),
    });
    const body = Buffer.from(encodeLengthPrefixed([Buffer.from('c'), Buffer.from('')]));
    const { body: result } = await call('POST', path, {
      headers: { 'content-type': 'application/vnd.sluice.entries' },
      body,
    });
    expect(result.ids).toHaveLength(2);
    const headers = { 'content-type': 'Application/vnd.sluice.entries; charset=binary' };
    expect((await call('POST', path, { headers, body })).body.ids).toHaveLength(2);
    expect((await store.entries(`cam:${sid}`)).map(({ d }) => d)).toEqual(['a', 'b', 'c', '', 'c', '']);
  });

  it('take an explicit id, and refuse one that is not above the last', async () => {
    const sid = uniqueName('s');
    const path = `streams/default/${sid}/entries`;
    expect((await call('POST', `${path}?id=5-*`, { body: 'a' })).body.ids).toEqual(['5-0']);
    const refused = await call('POST', `${path}?id=4-0`, { body: 'b' });
    expect([refused.status, refused.body.error.code]).toEqual([409, 'ID_NOT_ABOVE_LAST']);
    expect((await call('POST', `${path}?id=soon`, { body: 'b' })).body.error.code).toBe('INVALID_ID');
  });

  it('with an idempotency key are stored once and answered alike', async () => {
    const sid = uniqueName('s');
    const send = (body: string) =>
      call('POST', `streams/default/${sid}/entries`, { body, headers: { 'idempotency-key': 'k' } });
    const [first, second] = [await send('a'), await send('a')];
    expect(second.body).toEqual(first.body);
    expect(await store.entries(`default:${sid}`)).toHaveLength(1);
    expect((await send('b')).status).toBe(409);
  });

  it('above 16 MiB are refused with 413 and store nothing; of 16 MiB are taken', async () => {
    const sid = uniqueName('s');
    const path = `streams/default/${sid}/entries`;
    expect((await call('POST', path, { body: Buffer.alloc(16 * 1024 * 1024) })).status).toBe(201);
    const refused = await call('POST', path, { body: Buffer.alloc(16 * 1024 * 1024 + 1) });
    expect([refused.status, refused.body.error.code]).toEqual([413, 'MESSAGE_TOO_LARGE']);
    expect(await store.redis.command('XLEN', `default:${sid}`)).toBe(1);
  });
});

describe('ranges over REST', () => {
  let path = '';

  beforeAll(async () => {
    const sid = uniqueName('range');
    await fill(sid, 5);
    path = `streams/default/${sid}/entries`;
  });

  const ids = async (query: string): Promise<string[]> =>
    (await call('GET', `${path}?${query}`)).body.entries.map(({ id }) => id);

  it('give entries between two bounds, either way, from either side', async () => {
    expect(await ids('')).toHaveLength(5);
    expect(await ids('start=2000&end=4000-0')).toEqual(['2000-0', '3000-0', '4000-0']);
    expect(await ids('start=(2000-0&end=%2B')).toEqual(['3000-0', '4000-0', '5000-0']);
    expect(await ids('reverse=1&count=2')).toEqual(['5000-0', '4000-0']);
    expect(await ids('after=4000-0')).toEqual(['5000-0']);
    expect(await ids('after=2000-0&reverse=true')).toEqual(['1000-0']);
  });

  it('go on with next until all are read', async () => {
    const { body } = await call('GET', `${path}?count=3`);
    expect(body.next).toBe('3000-0');
    const rest = await call('GET', `${path}?count=3&after=${body.next}`);
    expect(rest.body.entries).toHaveLength(2);
    expect(rest.body.next).toBeNull();
  });

  it('give the one entry nearest in time', async () => {
    expect(await ids('nearest=2400')).toEqual(['2000-0']);
    expect(await ids('nearest=2600')).toEqual(['3000-0']);
    expect(await ids('nearest=1970-01-01T00:00:59Z')).toEqual(['5000-0']);
  });

  it('come as JSON values, text, base64, raw bytes or frames', async () => {
    const sid = uniqueName('forms');
    await store.add(`default:${sid}`, '{"t":1}', '1-0');
    await store.add(`default:${sid}`, Buffer.from([0xff, 0xfe]), '2-0');
    const base = `streams/default/${sid}/entries?as=`;
    expect((await call('GET', `${base}json`)).body.entries).toEqual([
      { id: '1-0', time: '1970-01-01T00:00:00.001Z', bytes: 7, json: { t: 1 } },
      { id: '2-0', time: '1970-01-01T00:00:00.002Z', bytes: 2, data: '//4=' },
    ]);
    expect((await call('GET', `${base}text`)).body.entries[0]?.text).toBe('{"t":1}');
    expect((await call('GET', `${base}base64`)).body.entries[1]?.data).toBe('//4=');
    const raw = (await call('GET', `${base}raw`)).response;
    expect(Buffer.from(await raw.arrayBuffer()).length).toBe(9);
    const frames = (await call('GET', `${base}binary`)).response;
    expect(frames.headers.get('content-type')).toBe('application/vnd.sluice.v1');
    const [frame] = new LengthPrefixedReader().push(new Uint8Array(await frames.arrayBuffer()));
    const { sections } = decodeData(frame as Uint8Array, new NameTable());
    expect(sections[0]).toMatchObject({ name: `default:${sid}`, entries: [{ id: '1-0' }, { id: '2-0' }] });
  });

  it('of a stream that does not exist are 404, wrong bounds 400', async () => {
    expect((await call('GET', 'streams/default/nothing/entries')).status).toBe(404);
    for (const query of ['start=x', 'end=-5', 'after=soon', 'nearest=never', 'nearest=-5', 'count=0', 'as=xml']) {
      expect([query, (await call('GET', `${path}?${query}`)).status]).toEqual([query, 400]);
    }
  });
});

describe('groups over REST', () => {
  it('hand out entries, take acknowledgements, and let others claim', async () => {
    const sid = uniqueName('work');
    await fill(sid, 3);
    const base = `streams/default/${sid}/groups`;
    expect((await sendJson('POST', base, { group: 'g', from: '0' })).status).toBe(201);
    expect((await sendJson('POST', base, { group: 'g' })).status).toBe(200);
    const mine = await call('GET', `${base}/g/entries?consumer=one&count=2`);
    expect(mine.body.entries.map(({ id }) => id)).toEqual(['1000-0', '2000-0']);
    expect((await sendJson('POST', `${base}/g/ack`, { ids: ['1000-0'] })).body).toEqual({ acknowledged: 1 });
    const claimed = await sendJson('POST', `${base}/g/claim`, { consumer: 'two', minIdleMs: 0 });
    expect(claimed.body.entries).toMatchObject([{ id: '2000-0' }]);
    expect((await call('GET', base)).body).toMatchObject([{ group: 'g', pending: 1, consumers: 2 }]);
    expect((await call('GET', `${base}/g`)).body).toMatchObject({
      group: 'g',
      details: { pending: 1, firstId: '2000-0' },
    });
    expect((await call('DELETE', `${base}/g`)).status).toBe(204);
    expect((await call('GET', `${base}/g`)).body.error.code).toBe('GROUP_NOT_FOUND');
  });

  it('wait for the first entry, and no longer than asked', async () => {
    const sid = uniqueName('work');
    const base = `streams/default/${sid}/groups`;
    await sendJson('POST', base, { group: 'g' });
    const waiting = call('GET', `${base}/g/entries?consumer=one&block=10000`);
    await store.followers(1);
    await store.add(`default:${sid}`, 'x', '1-0');
    expect((await waiting).body.entries).toMatchObject([{ id: '1-0' }]);
    expect((await call('GET', `${base}/g/entries?consumer=one&block=20`)).body.entries).toEqual([]);
    await store.followers(0);
  });

  it('that do not exist are 404', async () => {
    const { status, body } = await call('GET', 'streams/default/none/groups/g/entries?consumer=c');
    expect(status).toBe(404);
    expect(['GROUP_NOT_FOUND', 'STREAM_NOT_FOUND']).toContain(body.error.code);
  });
});

describe('the service', () => {
  it('says that it is ready, and what an acknowledgement promises', async () => {
    const response = await fetch(`${store.url}/health/ready`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ checks: { log: { ready: true, durability: 'everysec' } } });
  });

  it('counts entries, sockets and followers by name', async () => {
    const text = await (await fetch(`${store.url}/metrics`)).text();
    for (const name of [
      'sluice_store_entries_in_total{channel="v1_http"',
      'sluice_store_bytes_out_total{channel="v1_http"',
      'sluice_store_open_sockets{kind="push"',
      'sluice_store_slow_followers',
      'sluice_store_trimmed_unread_total',
      'sluice_store_refused_pushes_total{code="ID_NOT_ABOVE_LAST"',
      'sluice_store_redis_up{service="stream-store"} 1',
    ]) {
      expect(text).toContain(name);
    }
  });

  it('describes its routes', async () => {
    const response = await fetch(`${store.url}/api-docs/openapi.json`);
    const document = (await response.json()) as { paths: object };
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/data/{stream_id}',
        '/v1/streams',
        '/v1/streams/{device}/{stream}/entries',
        '/v1/stream',
      ]),
    );
  });

  it('tells unknown paths of ours in our own shape', async () => {
    const { status, body } = await call('GET', 'nothing');
    expect([status, body.error.code]).toEqual([404, 'NOT_FOUND']);
  });
});
