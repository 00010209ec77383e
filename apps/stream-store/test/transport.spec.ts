import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { Refused, TestSocket } from './support/socket.js';
import { startStore, type Store } from './support/store.js';
import { read, upload } from './support/upload.js';

let store: Store;
let open: Store;

beforeAll(async () => {
  store = await startStore();
  open = await startStore({ SLUICE_CORS_ORIGINS: '*' });
});

afterAll(async () => {
  await Promise.all([store.close(), open.close()]);
});

describe('every route of the dialect', () => {
  it('answers with and without a trailing slash, without a redirect (1)', async () => {
    const sid = uniqueName('s');
    await upload(`${store.url}/data/${sid}/`, [{ payload: 'x', filename: 'f' }]);
    for (const slash of ['', '/']) {
      const { body, offsets } = await read(`${store.url}/data/${sid}${slash}?last_entry_id=0`);
      expect([body, offsets[0]?.[0]]).toEqual(['x', sid]);
    }
    const greeting = await fetch(`${store.url}/`);
    expect(greeting.headers.get('content-type')).toContain('application/json');
    expect(await greeting.json()).toEqual(expect.any(String));
  });

  it('tells unknown paths and methods as clients know it (5)', async () => {
    for (const [method, path, status, detail] of [
      ['GET', '/nowhere', 404, 'Not Found'],
      ['POST', '/data', 404, 'Not Found'],
      ['GET', '/data/a/push', 404, 'Not Found'],
      ['PUT', '/data/a', 405, 'Method Not Allowed'],
      ['DELETE', '/data/a/', 405, 'Method Not Allowed'],
      ['POST', '/', 405, 'Method Not Allowed'],
    ] as const) {
      const response = await fetch(store.url + path, { method });
      expect([method, path, response.status]).toEqual([method, path, status]);
      expect(await response.json()).toEqual({ detail });
    }
    for (const path of ['/data/a', '/']) {
      expect((await fetch(store.url + path, { method: 'HEAD' })).status).toBe(405);
    }
  });

  it('ignores parameters that nobody knows (6)', async () => {
    const response = await fetch(`${store.url}/data/s?last=1&timeout=5&block=1&batch=true`);
    expect(response.status).toBe(200);
  });

  it.each(['1', 'true', 'True', 'TRUE', 't', 'T', 'yes', 'y', 'Y', 'on', 'On'])('takes %s for yes (7)', async (yes) => {
    const sid = uniqueName('s');
    for (const n of [1, 2]) await store.add(`default:${sid}`, `e${n}`, `${n}-0`);
    expect((await read(`${store.url}/data/${sid}?last_entry_id=0&latest=${yes}`)).body).toBe('e2');
  });

  it.each(['0', 'false', 'False', 'f', 'no', 'n', 'off', 'OFF'])('takes %s for no (7)', async (no) => {
    const sid = uniqueName('s');
    for (const n of [1, 2]) await store.add(`default:${sid}`, `e${n}`, `${n}-0`);
    expect((await read(`${store.url}/data/${sid}?last_entry_id=0&latest=${no}`)).body).toBe('e1');
  });
});

describe('browsers of other origins', () => {
  it('are let in everywhere with *: any origin, credentials with the origin echoed, preflight (2)', async () => {
    const plain = await fetch(`${open.url}/data/s?block=1`, { headers: { origin: 'http://elsewhere.test' } });
    expect(plain.headers.get('access-control-allow-origin')).toBe('*');
    expect(plain.headers.get('access-control-allow-credentials')).toBe('true');
    const withCookie = await fetch(`${open.url}/data/s?block=1`, {
      headers: { origin: 'http://elsewhere.test', cookie: 'a=b' },
    });
    expect(withCookie.headers.get('access-control-allow-origin')).toBe('http://elsewhere.test');
    expect(withCookie.headers.get('vary')).toContain('Origin');
    const preflight = await fetch(`${open.url}/data/s`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://elsewhere.test',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-one,x-two',
      },
    });
    expect(preflight.status).toBe(200);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-one');
    expect(preflight.headers.get('access-control-max-age')).toBe('600');
  });

  it('may read the headers that name entries (3)', async () => {
    const response = await fetch(`${open.url}/data/s?block=1`, { headers: { origin: 'http://elsewhere.test' } });
    const exposed = (response.headers.get('access-control-expose-headers') ?? '').toLowerCase();
    for (const name of ['x-offsets', 'x-last-entry-id', 'x-gaps', 'x-next-entry-id']) expect(exposed).toContain(name);
  });

  it('are refused without being listed: no permission over HTTP, no upgrade', async () => {
    const response = await fetch(`${store.url}/data/s?block=1`, { headers: { origin: 'http://elsewhere.test' } });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    const foreign = TestSocket.open(`${store.ws}/data/s/pull`, { origin: 'http://elsewhere.test' });
    await expect(foreign).rejects.toEqual(new Refused(403));
    const own = await TestSocket.open(`${store.ws}/data/s/pull`, { origin: store.url });
    await own.close();
  });

  it('cannot drive the service under a name of their own (DNS rebinding)', async () => {
    const headers = { host: 'elsewhere.test' };
    await expect(TestSocket.open(`${store.ws}/data/s/push`, { headers })).rejects.toEqual(new Refused(403));
  });
});

describe('messages', () => {
  it('of 16 MiB are taken, larger ones end the socket with 1009 (8)', async () => {
    const sid = uniqueName('big');
    const payload = Buffer.alloc(16 * 1024 * 1024, 7);
    const socket = await TestSocket.open(`${store.ws}/data/${sid}/push?ack=1`);
    socket.push([payload.length], payload);
    expect(await socket.json()).toHaveLength(1);
    const pull = await TestSocket.open(`${store.ws}/data/${sid}/pull?last_entry_id=0`);
    expect((await pull.message()).payload.equals(payload)).toBe(true);
    socket.send(JSON.stringify([payload.length + 1]));
    socket.send(Buffer.alloc(payload.length + 1));
    expect(await socket.closed).toMatchObject({ code: 1009, reason: expect.stringContaining('16 MiB') });
    expect(await store.redis.command('XLEN', `default:${sid}`)).toBe(1);
    await pull.close();
  });

  it('are compressed only where a socket asks for it (9)', async () => {
    const sid = uniqueName('deflate');
    const plain = await TestSocket.open(`${store.ws}/data/${sid}/push`, { perMessageDeflate: true });
    expect(plain.ws.extensions).toBe('');
    const packed = await TestSocket.open(`${store.ws}/data/${sid}/push?compress=1&ack=1`, { perMessageDeflate: true });
    expect(packed.ws.extensions).toContain('permessage-deflate');
    packed.push([4000], 'x'.repeat(4000));
    expect(await packed.json()).toHaveLength(1);
    const pull = await TestSocket.open(`${store.ws}/data/${sid}/pull?compress=1&last_entry_id=0`, {
      perMessageDeflate: true,
    });
    expect((await pull.message()).payload.toString()).toBe('x'.repeat(4000));
    await Promise.all([plain.close(), packed.close(), pull.close()]);
  });
});

describe('names', () => {
  it.each(['with space', 'with:colon', 'größe', '温度', '🦊', 'per%cent', 'q?&=#', 'a/b'])(
    'like %j work in every path, percent-encoded (10)',
    async (name) => {
      const sid = uniqueName(name);
      const path = encodeURIComponent(sid);
      await upload(`${store.url}/data/${path}`, [{ payload: 'one', filename: 'f' }]);
      const push = await TestSocket.open(`${store.ws}/data/${path}/push?ack=1`);
      push.push([3], 'two');
      await push.json();
      expect((await store.entries(`default:${sid}`)).map(({ d }) => d)).toEqual(['one', 'two']);
      expect(await read(`${store.url}/data/${path}?last_entry_id=0`)).toMatchObject({ body: 'one' });
      const response = await fetch(`${store.url}/data/${path}?last_entry_id=0`);
      expect(response.headers.get('x-offsets')).toMatch(/^[\x20-\x7e]+$/);
      const pull = await TestSocket.open(`${store.ws}/data/${path}/pull?last_entry_id=0&count=2`);
      expect((await pull.message()).header.map(([shown]) => shown)).toEqual([sid, sid]);
      await Promise.all([push.close(), pull.close()]);
    },
  );

  it('of parts may be outside ASCII (10, 21)', async () => {
    const sid = uniqueName('größe 温度');
    await upload(`${store.url}/data/*`, [{ payload: 'x', filename: sid }]);
    expect((await store.entries(`default:${sid}`)).map(({ d }) => d)).toEqual(['x']);
  });
});
