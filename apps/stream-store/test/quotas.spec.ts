import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { Refused, TestSocket } from './support/socket.js';
import { startStore, type Store } from './support/store.js';
import { upload } from './support/upload.js';
import { V1Client } from './support/v1-socket.js';

let store: Store;
afterEach(() => store?.close());

function post(stream: string, body = 'x'): Promise<Response> {
  return fetch(`${store.url}/v1/streams/lab/${stream}/entries`, { method: 'POST', body });
}

describe('the quota of streams', () => {
  it('allows as many as it says, refuses the next by name and with nothing stored, and allows one more when one is gone', async () => {
    store = await startStore({ SLUICE_QUOTA_USER_STREAMS: '2' });
    expect((await post('a')).status).toBe(201);
    expect((await post('b')).status).toBe(201);
    expect((await post('a')).status).toBe(201);
    const refused = await post('c');
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      error: { code: 'QUOTA_EXCEEDED', message: expect.stringContaining('SLUICE_QUOTA_USER_STREAMS') },
    });
    expect(await store.redis.command('EXISTS', 'lab:c')).toBe(0);
    await fetch(`${store.url}/v1/streams/lab/a`, { method: 'DELETE' });
    expect((await post('c')).status).toBe(201);
  });

  it('counts the streams of everybody', async () => {
    store = await startStore({ SLUICE_QUOTA_STREAMS: '1' });
    expect((await upload(`${store.url}/data/a`, [{ payload: 'x', filename: 'x' }])).status).toBe(200);
    expect((await upload(`${store.url}/data/b`, [{ payload: 'x', filename: 'x' }])).status).toBe(429);
  });

  it('counts no stream that is there already, whoever made it', async () => {
    store = await startStore({ SLUICE_QUOTA_USER_STREAMS: '0' });
    await store.add('lab:there', 'x');
    expect((await post('there')).status).toBe(201);
    expect((await post('new')).status).toBe(429);
  });

  it('ends a push socket that passes it, after what it pushed before was stored and acknowledged', async () => {
    store = await startStore({ SLUICE_QUOTA_USER_STREAMS: '1' });
    const socket = await TestSocket.open(`${store.ws}/data/a/push?ack=1`);
    socket.push([['a', 3]], 'one');
    socket.push([['a', 3]], 'two');
    socket.push([['b', 5]], 'three');
    socket.push([['a', 4]], 'four');
    const ids = [...(await socket.json<string[]>()), ...(await socket.json<string[]>())];
    expect(await socket.closed).toMatchObject({ code: 1013, reason: expect.stringContaining('QUOTA_EXCEEDED') });
    expect((await store.entries('default:a')).map(({ id }) => id)).toEqual(ids);
    expect(await store.redis.command('EXISTS', 'default:b')).toBe(0);
  });

  it('keeps the order of a socket that names many new streams in one go', async () => {
    store = await startStore();
    const socket = await TestSocket.open(`${store.ws}/data/a/push?ack=1`);
    const names = Array.from({ length: 50 }, (_, at) => `s${at % 10}`);
    names.forEach((name, at) => socket.push([[name, String(at).length]], String(at)));
    for (const _name of names) await socket.next();
    const stored = await Promise.all(Array.from({ length: 10 }, (_, at) => store.entries(`default:s${at}`)));
    stored.forEach((entries, at) => {
      expect(entries.map(({ d }) => Number(d))).toEqual([0, 1, 2, 3, 4].map((round) => round * 10 + at));
    });
    await socket.close();
  });
});

describe('a client that goes at once', () => {
  it('has what it sent stored, although its stream was new', async () => {
    store = await startStore();
    for (const path of ['/data/gone/push?header=0', '/data/gone2/push?header=0']) {
      const socket = await TestSocket.open(store.ws + path);
      socket.send(Buffer.from('last words'));
      await socket.close();
    }
    await waitFor(async () => (await store.entries('default:gone')).length === 1);
    await waitFor(async () => (await store.entries('default:gone2')).length === 1);
  });
});

describe('streams that pushes do not make', () => {
  it('are refused until somebody makes them by name', async () => {
    store = await startStore({ SLUICE_QUOTA_AUTO_CREATE: '0' });
    const refused = await post('a');
    expect(refused.status).toBe(404);
    expect(await refused.text()).toContain('PUT /v1/streams');
    const made = await fetch(`${store.url}/v1/streams/lab/a`, { method: 'PUT' });
    expect(made.status).toBe(201);
    expect(await made.json()).toMatchObject({ length: 0 });
    expect((await fetch(`${store.url}/v1/streams/lab/a`, { method: 'PUT' })).status).toBe(200);
    expect((await post('a')).status).toBe(201);
  });

  it('are refused again when they were deleted, also to sockets that pushed to them', async () => {
    store = await startStore({ SLUICE_QUOTA_AUTO_CREATE: '0' });
    const stream = `${store.url}/v1/streams/lab/a`;
    await fetch(stream, { method: 'PUT' });
    const old = await TestSocket.open(`${store.ws}/data/a/push?ack=1&device_id=lab`);
    old.push([1], 'x');
    await old.json();
    const own = await V1Client.open(store);
    own.push({ tag: 1, acks: true }, 'lab:a', ['x']);
    await own.ack();
    expect((await post('a')).status).toBe(201);
    expect((await fetch(stream, { method: 'DELETE' })).status).toBe(204);
    old.push([1], 'y');
    expect(await old.closed).toMatchObject({ reason: expect.stringContaining('STREAM_NOT_FOUND') });
    own.push({ tag: 2, acks: true }, 'lab:a', ['y']);
    expect(await own.errorsUntil(2)).toMatchObject([{ code: 'STREAM_NOT_FOUND', tag: 2 }]);
    expect((await post('a')).status).toBe(404);
    expect(await store.redis.command('EXISTS', 'lab:a')).toBe(0);
  });
});

describe('the quota of WebSockets', () => {
  it('allows as many as it says, and one more when one has closed', async () => {
    store = await startStore({ SLUICE_QUOTA_USER_CONNECTIONS: '2' });
    const first = await TestSocket.open(`${store.ws}/data/a/pull`);
    const second = await TestSocket.open(`${store.ws}/v1/socket`, {}, ['sluice.v1']);
    for (const path of ['/data/a/push', '/data/a/pull', '/v1/socket']) {
      await expect(TestSocket.open(store.ws + path, {}, ['sluice.v1'])).rejects.toEqual(new Refused(429));
    }
    await first.close();
    const again = await waitFor(() => TestSocket.open(`${store.ws}/data/a/push?ack=1`).catch(() => null));
    again.push([1], 'x');
    await again.next();
    await again.close();
    await second.close();
  });

  it('counts live answers too, and forgets them when their client is gone', async () => {
    store = await startStore({ SLUICE_QUOTA_USER_CONNECTIONS: '1' });
    for (const path of ['/v1/streams/lab/a/stream', '/v1/stream?streams=lab:a', '/ptg/mjpeg/main']) {
      const viewer = new AbortController();
      await waitFor(async () => (await fetch(store.url + path, { signal: viewer.signal })).status === 200);
      const refused = await fetch(store.url + path);
      expect([path, refused.status, await refused.text()]).toEqual([
        path,
        429,
        expect.stringContaining('SLUICE_QUOTA_USER_CONNECTIONS'),
      ]);
      viewer.abort();
    }
  });
});

describe('the quota of entries a second', () => {
  it('takes twice the rate at once, and refuses what passes it', async () => {
    store = await startStore({ SLUICE_QUOTA_USER_ENTRIES_PER_SECOND: '2' });
    const statuses: number[] = [];
    for (let at = 0; at < 4; at++) statuses.push((await post('a')).status);
    expect(statuses).toEqual([201, 201, 201, 201]);
    const burst = await Promise.all(Array.from({ length: 20 }, () => post('a')));
    const refused = burst.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(await refused[0]?.text()).toContain('SLUICE_QUOTA_USER_ENTRIES_PER_SECOND');
  });
});

describe('the quota of bytes', () => {
  it('takes what fits, refuses what does not by name, and takes again when a stream was deleted', async () => {
    store = await startStore({ SLUICE_QUOTA_USER_BYTES: '100000' });
    expect((await post('a', 'x'.repeat(60_000))).status).toBe(201);
    const refused = await post('b', 'x'.repeat(60_000));
    expect(refused.status).toBe(429);
    expect(await refused.text()).toContain('SLUICE_QUOTA_USER_BYTES');
    await fetch(`${store.url}/v1/streams/lab/a`, { method: 'DELETE' });
    await waitFor(async () => (await post('b', 'x'.repeat(60_000))).status === 201);
  });
});
