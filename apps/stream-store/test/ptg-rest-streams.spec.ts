import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { StreamMeta } from '@sluice/catalog';
import { PtgClient, type PtgAnswer } from './support/ptg.js';
import { startStore, type Store } from './support/store.js';

let store: Store;
let bare: Store;

beforeAll(async () => {
  [store, bare] = await Promise.all([startStore(), startStore({ DISABLE_MULTI_DEVICE_PREFIXING: '1' })]);
});

afterAll(async () => {
  await Promise.all([store.close(), bare.close()]);
});

function ask<T = unknown>(path: string, init: RequestInit = {}, at: Store = store): Promise<PtgAnswer<T>> {
  return new PtgClient(at).ask<T>(path, init);
}

function put(path: string, body: unknown, headers: Record<string, string> = {}): Promise<PtgAnswer<unknown>> {
  return new PtgClient(store).put(path, body, headers);
}

describe('/ptg/ping', () => {
  it('answers true, with and without a slash at the end', async () => {
    expect((await ask('/ping')).body).toBe(true);
    expect((await ask('/ping/')).body).toBe(true);
  });

  it('shows the shape of an unexpected error', async () => {
    expect(await ask('/ping/error')).toMatchObject({
      status: 500,
      body: { detail: [{ msg: 'This is an error purposefully thrown by the server', type: 'ValueError' }] },
    });
  });

  it('tells which credentials came', async () => {
    const headers = { authorization: 'Bearer h', cookie: 'a=1; authorization="Bearer c"; b' };
    const answer = await ask('/ping/auth?token=q', { headers });
    expect(answer.body).toEqual({ query: 'q', headers: 'Bearer h', cookies: 'Bearer c' });
    const nothing = await fetch(`${store.url}/ptg/ping/auth`);
    expect(await nothing.json()).toEqual({ query: null, headers: null, cookies: null });
  });

  it('has metrics beside it', async () => {
    const response = await fetch(`${store.url}/ptg/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toMatch(/^# HELP sluice_store_/m);
  });

  it('knows unknown paths and methods as the original does (5)', async () => {
    expect(await ask('/nothing')).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
    expect(await ask('/ping', { method: 'POST' })).toMatchObject({
      status: 405,
      body: { detail: 'Method Not Allowed' },
    });
    expect((await fetch(`${store.url}/ptg/ping`, { method: 'HEAD' })).status).toBe(405);
  });
});

describe('/ptg/streams', () => {
  it('lists names sorted, those of the default device without it (66)', async () => {
    const sid = uniqueName('list');
    await store.add(`default:${sid}`, 'x');
    await store.add(`cam1:${sid}`, 'x');
    await store.add(`default:${sid}:deep`, 'x');
    await store.redis.command('XADD', `sluice:${sid}`, '*', 'd', 'x');
    await store.redis.command('SET', `default:text${sid}`, 'no stream');
    const { body } = await ask<string[]>('/streams');
    expect(body.filter((name) => name.includes(sid))).toEqual([`cam1:${sid}`, `default:${sid}:deep`, sid]);
    expect(body).toEqual([...body].sort());
  });

  it('tells everything Redis knows of a stream (66)', async () => {
    const sid = uniqueName('info');
    for (const ms of [1_700_000_000_123, 1_700_000_001_456]) await store.add(`default:${sid}`, 'x', `${ms}-5`);
    await put(`/streams/${sid}`, { unit: 'm' });
    const { body } = await ask<Record<string, unknown>>(`/streams/${sid}`);
    expect(body).toMatchObject({
      sid,
      length: 2,
      'radix-tree-keys': 1,
      'radix-tree-nodes': expect.any(Number),
      'last-generated-id': '1700000001456-5',
      'max-deleted-entry-id': '0-0',
      'entries-added': 2,
      'recorded-first-entry-id': '1700000000123-5',
      groups: 0,
      'first-entry': '1700000000123-5',
      'last-entry': '1700000001456-5',
      meta: '{"unit":"m"}',
    });
    expect(body['first-entry-time']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:20\.123000$/);
    expect(body['last-entry-time']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:21\.456000$/);
    const list = await ask<Record<string, unknown>[]>('/streams?info=True');
    expect(list.body.find((info) => info['sid'] === sid)).toEqual(body);
  });

  it('tells of any number of streams, with large entries or small ones', async () => {
    const prefix = uniqueName('many');
    const names = Array.from({ length: 150 }, (_, n) => `${prefix}:${String(n).padStart(3, '0')}`);
    await Promise.all(names.map((name, n) => store.add(name, n % 50 === 0 ? Buffer.alloc(3_000_000) : 'x')));
    const { body } = await ask<{ sid: string; length: number }[]>('/streams?info=1');
    const infos = body.filter(({ sid }) => sid.startsWith(prefix));
    expect(infos.map(({ sid, length }) => [sid, length])).toEqual(names.map((name) => [name, 1]));
  });

  it('tells an empty stream by ids and times of null', async () => {
    const sid = uniqueName('empty');
    await store.add(`default:${sid}`, 'x', '5-1');
    await store.redis.command('XTRIM', `default:${sid}`, 'MAXLEN', 0);
    expect((await ask(`/streams/${sid}`)).body).toMatchObject({
      length: 0,
      'first-entry': null,
      'last-entry': null,
      'first-entry-time': null,
      'last-generated-id': '5-1',
    });
  });

  it('says that a stream is not there, as an error only when asked to (66)', async () => {
    const sid = uniqueName('none');
    expect(await ask(`/streams/${sid}`)).toMatchObject({
      status: 200,
      body: { sid, error: 'no such key', meta: null },
    });
    expect(await ask(`/streams/${sid}?report_error=1`)).toMatchObject({ status: 400, body: { detail: 'no such key' } });
    await store.redis.command('SET', `default:${sid}`, 'no stream');
    expect((await ask(`/streams/${sid}`)).body).toEqual({ sid, error: 'no such key', meta: null });
  });

  it('merges metadata or replaces it, and answers it as a JSON string (66)', async () => {
    const sid = uniqueName('meta');
    expect((await put(`/streams/${sid}`, { a: 1, list: [], big: 1e20 })).body).toBe(
      '{"a":1,"list":[],"big":100000000000000000000}',
    );
    expect((await put(`/streams/${sid}`, { b: { c: [2] }, a: null })).body).toBe(
      '{"a":null,"list":[],"big":100000000000000000000,"b":{"c":[2]}}',
    );
    expect((await put(`/streams/${sid}?override=true`, { z: 'ü' })).body).toBe('{"z":"ü"}');
    expect(await store.redis.command('GET', `:stream:meta:default:${sid}`)).toBe('{"z":"ü"}');
    expect(await store.redis.command('EXISTS', `default:${sid}`)).toBe(0);
    expect(await store.service.app.get(StreamMeta).list()).toContain(`default:${sid}`);
  });

  it('takes metadata whatever its content type says', async () => {
    const sid = uniqueName('meta');
    expect((await put(`/streams/${sid}`, { a: 1 }, { 'content-type': 'text/plain' })).body).toBe('{"a":1}');
  });

  it('keeps every one of merges that come together', async () => {
    const sid = uniqueName('meta');
    const members = Array.from({ length: 40 }, (_, n) => `m${n}`);
    await Promise.all(members.map((member) => put(`/streams/${sid}`, { [member]: 1 })));
    const stored = JSON.parse(String(await store.redis.command('GET', `:stream:meta:default:${sid}`))) as object;
    expect(Object.keys(stored).sort()).toEqual([...members].sort());
  });

  it('takes metadata that is no object for none', async () => {
    const sid = uniqueName('meta');
    await store.add(`default:${sid}`, 'x');
    await store.redis.command('SET', `:stream:meta:default:${sid}`, '[1]');
    expect((await ask(`/streams/${sid}`)).body).toMatchObject({ meta: null });
    expect((await put(`/streams/${sid}`, { a: 1 })).body).toBe('{"a":1}');
  });

  it.each<[string, string, number, object]>([
    ['no body', '', 422, { loc: ['body'], msg: 'field required', type: 'value_error.missing' }],
    ['a list', '[1]', 422, { loc: ['body'], msg: 'value is not a valid dict', type: 'type_error.dict' }],
    ['no JSON', '{a', 422, { loc: ['body'], type: 'value_error.jsondecode' }],
    ['JSON of any depth', `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`, 422, { type: 'value_error.jsondecode' }],
    ['more than 64 KiB', JSON.stringify({ a: 'x'.repeat(64 * 1024) }), 413, { type: 'MESSAGE_TOO_LARGE' }],
  ])('refuses %s as metadata', async (_what, body, status, fault) => {
    const sid = uniqueName('bad');
    expect(await put(`/streams/${sid}`, body)).toMatchObject({ status, body: { detail: [fault] } });
    expect(await store.redis.command('EXISTS', `:stream:meta:default:${sid}`)).toBe(0);
  });

  it('takes metadata of just under 64 KiB, and no more by merging', async () => {
    const sid = uniqueName('large');
    expect((await put(`/streams/${sid}`, { a: 'x'.repeat(64 * 1024 - 8) })).status).toBe(200);
    expect((await put(`/streams/${sid}`, { b: 1 })).status).toBe(413);
  });

  it('deletes several, each told by three numbers (66)', async () => {
    const [a, b] = [uniqueName('del'), uniqueName('del')];
    for (let n = 0; n < 3; n++) await store.add(`default:${a}`, 'x');
    await put(`/streams/${b}`, { a: 1 });
    const { body } = await ask(`/streams/${a}+${b}+none${a}`, { method: 'DELETE' });
    expect(body).toEqual([0, 3, 1, 1, 0, 0, 0, 0, 0]);
    expect(await store.redis.command('EXISTS', `default:${a}`, `:stream:meta:default:${b}`)).toBe(0);
  });

  it('takes names with + and / as they are encoded (10)', async () => {
    const sid = `${uniqueName('n')}+ü/ :x`;
    await store.add(sid, 'x');
    const path = `/streams/${encodeURIComponent(sid)}`;
    expect((await ask(path)).body).toMatchObject({ sid, length: 1 });
    expect((await ask(path, { method: 'DELETE' })).body).toEqual([0, 1, 1]);
  });

  it.each(['sluice:secret', 'a%00b', 'x'.repeat(600)])('refuses the name %s', async (sid) => {
    expect(await ask(`/streams/${sid}`)).toMatchObject({ status: 400, body: { detail: [{ type: 'INVALID_NAME' }] } });
    expect((await put(`/streams/${sid}`, {})).status).toBe(400);
    expect((await ask(`/streams/${sid}`, { method: 'DELETE' })).status).toBe(400);
  });

  it('refuses bad booleans in the shape of the original (4)', async () => {
    const fault = { loc: ['query', 'info'], msg: 'value could not be parsed to a boolean', type: 'type_error.bool' };
    expect(await ask('/streams?info=2')).toMatchObject({ status: 422, body: { detail: [fault] } });
  });

  it('shows keys as they are where there are no devices', async () => {
    await bare.add('plain', 'x');
    await bare.add('default:x', 'x');
    expect((await ask('/streams', {}, bare)).body).toEqual(['default:x', 'plain']);
    expect((await ask('/streams/plain', {}, bare)).body).toMatchObject({ sid: 'plain', length: 1 });
  });
});
